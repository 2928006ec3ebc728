package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.BOB;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.WireClient;

/// A real Postfix in front, set up as docs/operations.md says: it hands mail over by LMTP, to the Unix socket, and for
/// one recipient to the port, by TLS with the certificate verified.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class PostfixTest {
    private static final String CAROL = "carol@example.test";
    private static final String STRANGER = "somebody@elsewhere.test";

    private ServerFixture fixture;
    private PostfixInstance postfix;

    @BeforeAll
    void start(@TempDir Path ofPostern, @TempDir Path ofPostfix) throws IOException {
        fixture = new ServerFixture(ofPostern);
        fixture.addAccount(CAROL, PASSWORD.getBytes(ISO_8859_1));
        postfix = PostfixInstance.start(
                ofPostfix,
                Map.ofEntries(
                        Map.entry("myhostname", "front.example.test"),
                        Map.entry("mydestination", ""),
                        Map.entry("virtual_mailbox_domains", "example.test"),
                        Map.entry("virtual_transport", "lmtp:unix:" + fixture.lmtpSocket),
                        Map.entry(
                                "transport_maps",
                                "inline:{{" + CAROL + "=lmtp:inet:localhost:" + fixture.port(Service.LMTP) + "}}"),
                        Map.entry(
                                "lmtp_tls_policy_maps",
                                "inline:{{localhost:" + fixture.port(Service.LMTP) + "=secure match=localhost}}"),
                        Map.entry("lmtp_tls_CAfile", fixture.authority.toString()),
                        Map.entry("lmtp_tls_loglevel", "1"),
                        Map.entry("message_size_limit", "52428800"),
                        Map.entry("minimal_backoff_time", "1s"),
                        Map.entry("maximal_backoff_time", "1s"),
                        Map.entry("queue_run_delay", "1s"),
                        Map.entry("address_verify_map", ""),
                        Map.entry("address_verify_poll_delay", "1s"),
                        Map.entry("address_verify_poll_count", "60"), // a slow machine needs more than the usual 3
                        Map.entry(
                                "smtpd_recipient_restrictions",
                                "check_recipient_access inline:{{asked@example.test=reject_unverified_recipient}}, permit"),
                        Map.entry("unverified_recipient_reject_code", "550")));
    }

    @AfterAll
    void stop() throws Exception {
        if (postfix != null) {
            postfix.close();
        }
        fixture.close();
    }

    private void limit(String address, OptionalLong messages) {
        fixture.server.management().execute(new Request.Quota.Set(address, OptionalLong.empty(), messages), "test");
    }

    /// Hands a message to Postfix, which takes it for all recipients.
    private void send(String from, byte[] message, String... to) throws IOException {
        try (WireClient smtp = postfix.smtp()) {
            smtp.command("MAIL FROM:<" + from + "> BODY=8BITMIME", "250 ");
            for (String recipient : to) {
                smtp.command("RCPT TO:<" + recipient + ">", "250 ");
            }
            smtp.command("DATA", "354 ");
            smtp.send(message);
            smtp.command(".", "250 ");
            smtp.command("QUIT", "221 ");
        }
    }

    private static byte[] message(String subject) {
        return ("From: <" + STRANGER + ">\r\nTo: undisclosed-recipients:;\r\nSubject: " + subject
                        + "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        + "Content-Transfer-Encoding: 8bit\r\n\r\nGrüße, 8 Bit.\r\n..\r\n")
                .getBytes(UTF_8);
    }

    /// Waits until it is in the INBOX, and gives it as it is stored.
    private String arrived(String address, String subject) throws IOException {
        try (WireClient imap = fixture.imap(address)) {
            imap.patience(Duration.ofMinutes(2));
            imap.command("s SELECT INBOX", "s OK");
            while (true) {
                List<String> answer = imap.command("f SEARCH SUBJECT \"" + subject + "\"", "f OK");
                String found = answer.getFirst();
                if (!found.equals("* SEARCH")) {
                    String number = found.substring("* SEARCH ".length());
                    imap.sendLine("g FETCH " + number + " BODY.PEEK[]");
                    String announced = imap.readUntil("* " + number + " FETCH").getLast();
                    int octets = Integer.parseInt(announced.replaceFirst(".*\\{(\\d+)\\}", "$1"));
                    String message = new String(imap.readOctets(octets), ISO_8859_1);
                    imap.readUntil("g OK");
                    return message;
                }
                List<String> told = new ArrayList<>(answer);
                told.addAll(imap.command("i IDLE", "+ "));
                if (told.stream().noneMatch(line -> line.endsWith(" EXISTS"))) { // else it came in between
                    imap.readUntil("* ");
                }
                imap.command("DONE", "i OK");
            }
        }
    }

    @Test
    void onlyWhoIsNotThereBounces() throws Exception {
        send(ALICE, message("for four"), ALICE, BOB, CAROL, "nobody@example.test");
        for (String address : List.of(ALICE, BOB, CAROL)) {
            assertThat(arrived(address, "for four"))
                    .startsWith("Return-Path: <" + ALICE + ">\r\nDelivered-To: " + address + "\r\n")
                    .contains("by mail.example.test", "LMTP", "from front.example.test")
                    .endsWith(new String("\r\nGrüße, 8 Bit.\r\n.\r\n".getBytes(UTF_8), ISO_8859_1));
        }
        assertThat(arrived(ALICE, "Undelivered Mail Returned to Sender"))
                .startsWith("Return-Path: <>\r\n")
                .containsOnlyOnce("Final-Recipient:")
                .contains("Final-Recipient: rfc822; nobody@example.test", "Status: 5.1.1");

        String log = postfix.log();
        assertThat(log)
                .as("the certificate is verified")
                .contains("Verified TLS connection established to localhost[127.0.0.1]:" + fixture.port(Service.LMTP));
        assertThat(log)
                .as("8BITMIME")
                .contains(": MAIL FROM:<" + ALICE + "> SIZE=")
                .contains(" BODY=8BITMIME");
        assertThat(commandsBeforeTheFirstAnswer(log, "RCPT TO:<nobody@example.test>"))
                .as("PIPELINING")
                .contains("RCPT TO:<" + ALICE + ">", "RCPT TO:<" + BOB + ">", "RCPT TO:<nobody@example.test>", "DATA");
    }

    /// RFC 2920 §3.1: from MAIL on, of the transaction that one of the commands belongs to.
    private static List<String> commandsBeforeTheFirstAnswer(String log, String command) {
        Matcher sender = Pattern.compile("(lmtp\\[\\d+\\]: )> .*" + Pattern.quote(command))
                .matcher(log);
        assertThat(sender.find()).as(log).isTrue();
        List<String> dialogue = log.lines()
                .filter(line -> line.matches(".*" + Pattern.quote(sender.group(1)) + "[<>] .*"))
                .map(line -> line.replaceFirst(".*\\]: ([<>]) [^ ]+: ", "$1 "))
                .toList();
        int mail = dialogue.subList(0, dialogue.indexOf("> " + command))
                .lastIndexOf(dialogue.stream()
                        .filter(line -> line.startsWith("> MAIL FROM:<" + ALICE + "> SIZE="))
                        .findFirst()
                        .orElseThrow());
        return dialogue.subList(mail, dialogue.size()).stream()
                .takeWhile(line -> line.startsWith("> "))
                .map(line -> line.substring(2))
                .toList();
    }

    /// 452 keeps it in Postfix's queue, and it arrives when there is room; the others have theirs at once.
    @Test
    void aFullMailboxGetsItsMailLater() throws Exception {
        fixture.addAccount("full@example.test", PASSWORD.getBytes(ISO_8859_1));
        limit("full@example.test", OptionalLong.of(0));
        send(STRANGER, message("no room"), "full@example.test", BOB);
        assertThat(arrived(BOB, "no room")).contains("Delivered-To: " + BOB);
        limit("full@example.test", OptionalLong.empty());
        assertThat(arrived("full@example.test", "no room")).contains("Delivered-To: full@example.test");
        assertThat(postfix.log()).containsPattern("to=<full@example.test>.* dsn=4.2.2, status=deferred");
    }

    @Test
    void aLargeMessageArrivesAsItWas() throws Exception {
        StringBuilder text = new StringBuilder("Subject: large by way of Postfix\r\n\r\n");
        for (int line = 0; text.length() < 8 * 1024 * 1024; line++) {
            text.append(line % 3 == 0 ? "." : "")
                    .append(Integer.toString(line * 7919, 36).repeat(1 + line % 20))
                    .append("\r\n");
        }
        send(STRANGER, text.toString().replace("\r\n.", "\r\n..").getBytes(ISO_8859_1), CAROL);
        String stored = arrived(CAROL, "large by way of Postfix");
        assertThat(stored.endsWith(text.substring(text.indexOf("Subject: "))))
                .as("octet by octet")
                .isTrue();
    }

    /// reject_unverified_recipient asks Postern, so that Postfix itself refuses whom nobody knows.
    @Test
    void postfixAsksWhoIsThere() throws Exception {
        try (WireClient smtp = postfix.smtp()) {
            smtp.command("MAIL FROM:<" + STRANGER + ">", "250 ");
            assertThat(smtp.command("RCPT TO:<asked@example.test>", "550 ").getLast())
                    .contains("5.1.1");
            smtp.command("RCPT TO:<" + BOB + ">", "250 ");
            smtp.command("QUIT", "221 ");
        }
    }

    @Test
    void theSocketIsForWhoMayWriteToIt() throws Exception {
        assertThat(Files.getPosixFilePermissions(fixture.lmtpSocket))
                .isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
        try (WireClient lmtp = WireClient.unixSocket(fixture.lmtpSocket)) {
            lmtp.readUntil("220 ");
            assertThat(lmtp.command("LHLO front.example.test", "250 ")).contains("250 STARTTLS");
            lmtp.command("STARTTLS", "220 ");
            lmtp.startTls(fixture.trust());
            lmtp.command("LHLO front.example.test", "250 ");
            lmtp.command("QUIT", "221 ");
        }
    }
}
