package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.server.Configuration.Service;
import org.postern.server.ProgramRunner.Result;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;

/// Further mail programs against the whole server, each with its configuration file, on implicit TLS and
/// on STARTTLS; they know the server's authority and verify its certificate.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MailProgramsTest {
    private ServerFixture fixture;
    private int readers;

    // each test's own
    private Path directory;
    private ProgramRunner programs;
    private String reader;

    @BeforeAll
    void start(@TempDir Path ofClass) {
        fixture = new ServerFixture(ofClass);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @BeforeEach
    void addReader(@TempDir Path ofTest) {
        directory = ofTest;
        programs = new ProgramRunner(directory);
        reader = "reader" + ++readers + "@example.test";
        fixture.addAccount(reader, PASSWORD.getBytes(ISO_8859_1));
    }

    private Result run(String input, String... command) throws IOException, InterruptedException {
        return programs.run(input, command);
    }

    private String mail(String subject) {
        return "From: <" + ALICE + ">\r\nTo: <" + reader + ">\r\nSubject: " + subject
                + "\r\n\r\nThe body of it.\r\n.and a dot\r\n";
    }

    private void append(String... subjects) throws IOException {
        try (WireClient imap = fixture.imap(reader)) {
            for (String subject : subjects) {
                String message = mail(subject);
                imap.send("a APPEND INBOX {" + message.length() + "+}\r\n" + message);
                imap.command("", "a OK");
            }
        }
    }

    private void assertArrived(String subject) throws IOException {
        try (WireClient imap = fixture.imap(reader)) {
            imap.command("s SELECT INBOX", "s OK");
            assertThat(imap.command("f SEARCH SUBJECT \"" + subject + "\" BODY \".and a dot\"", "f OK")
                            .getFirst())
                    .matches("\\* SEARCH \\d+");
        }
    }

    @ParameterizedTest
    @CsvSource({"SUBMISSIONS, off, plain", "SUBMISSION, on, scram-sha-256", "SUBMISSION, on, login"})
    void msmtpSends(Service service, String startTls, String mechanism) throws Exception {
        Programs.require("msmtp");
        Path file = programs.configuration("msmtprc", """
                defaults
                auth %s
                tls on
                tls_starttls %s
                tls_trust_file %s
                account default
                host localhost
                port %d
                from %s
                user %s
                password %s
                """.formatted(
                        mechanism, startTls, fixture.authority, fixture.port(service), ALICE, ALICE, PASSWORD));
        Result sent = run(mail("msmtp"), "msmtp", "-C", file.toString(), reader);
        assertThat(sent).isEqualTo(new Result(0, ""));
        assertArrived("msmtp");
        Files.writeString(file, Files.readString(file).replaceFirst("tls_trust_file .*", "tls_trust_file system"));
        Result refused = run(mail("not sent"), "msmtp", "-C", file.toString(), reader);
        assertThat(refused.code())
                .as("an authority that it does not know: %s", refused.output())
                .isNotZero();
    }

    @ParameterizedTest
    @CsvSource({"POP3S, off", "POP3, on"})
    void mpopReads(Service service, String startTls) throws Exception {
        Programs.require("mpop");
        append("one", "two");
        Path file = programs.configuration("mpoprc", """
                account default
                host localhost
                port %d
                tls on
                tls_starttls %s
                tls_trust_file %s
                user %s
                password %s
                keep on
                delivery mbox %s
                uidls_file %s
                """.formatted(
                        fixture.port(service),
                        startTls,
                        fixture.authority,
                        reader,
                        PASSWORD,
                        directory.resolve("mbox"),
                        directory.resolve("uidls")));
        for (int round = 0; round < 2; round++) { // the second time nothing is new
            Result read = run("", "mpop", "-C", file.toString());
            assertThat(read.code()).as(read.output()).isZero();
            assertThat(Files.readString(directory.resolve("mbox")))
                    .containsOnlyOnce("Subject: one")
                    .containsOnlyOnce("Subject: two")
                    .contains("\n.and a dot\n");
        }
        Files.writeString(file, Files.readString(file).replaceFirst("tls_trust_file .*", "tls_trust_file system"));
        assertThat(run("", "mpop", "-C", file.toString()).code()).isNotZero();
    }

    @ParameterizedTest
    @CsvSource({"IMAPS, IMAP, ssl", "IMAP, IMAP, sslproto TLS1.2+", "POP3S, POP3, ssl", "POP3, POP3, sslproto TLS1.2+"})
    void fetchmailReads(Service service, String protocol, String tls) throws Exception {
        Programs.require("fetchmail");
        append("one", "two");
        Path fetched = directory.resolve("fetched");
        Path file = programs.configuration("fetchmailrc", """
                poll localhost protocol %s port %d %s
                  user "%s" password "%s" %s sslcertck sslcertfile %s keep
                  mda "cat >> %s"
                """.formatted(
                        protocol,
                        fixture.port(service),
                        protocol.equals("POP3") ? "uidl" : "",
                        reader,
                        PASSWORD,
                        tls,
                        fixture.authority,
                        fetched));
        String[] command = {
            "fetchmail",
            "--nodetach",
            "--nosyslog",
            "-f",
            file.toString(),
            "-i",
            directory.resolve("ids").toString()
        };
        Result read = run("", command);
        assertThat(read.code()).as(read.output()).isZero();
        Result again = run("", command);
        assertThat(again.code()).as(again.output()).isEqualTo(1); // no new mail
        assertThat(Files.readString(fetched))
                .containsOnlyOnce("Subject: one")
                .containsOnlyOnce("Subject: two")
                .contains("\n.and a dot");
    }

    /// On implicit TLS only. After STARTTLS it verifies no certificate (it gives imaplib2 no authority), and with
    /// TLS 1.3 one of imaplib2's threads writes while another is inside a read of the same connection (session
    /// tickets come right after the handshake), which OpenSSL does not allow: "internal error" now and then.
    @Test
    void offlineimapSynchronizes() throws Exception {
        Programs.require("offlineimap");
        append("far");
        Path file = programs.configuration("offlineimaprc", """
                [general]
                accounts = A
                metadata = %1$s/metadata
                [Account A]
                localrepository = Near
                remoterepository = Far
                [Repository Near]
                type = Maildir
                localfolders = %1$s/maildir
                [Repository Far]
                type = IMAP
                remotehost = localhost
                remoteport = %2$d
                remoteuser = %3$s
                remotepass = %4$s
                ssl = yes
                sslcacertfile = %5$s
                """.formatted(
                        directory, fixture.port(Service.IMAPS), reader, PASSWORD, fixture.authority));
        synchronize(file);
        Path inbox = directory.resolve("maildir/INBOX");
        try (Stream<Path> fetched = Files.walk(inbox)) {
            assertThat(fetched.filter(Files::isRegularFile)).hasSize(1);
        }
        Files.writeString(inbox.resolve("new/1.near.host"), mail("near").replace("\r\n", "\n"));
        synchronize(file);
        assertArrived("near");
        synchronize(file);
        try (Stream<Path> fetched = Files.walk(inbox)) {
            assertThat(fetched.filter(Files::isRegularFile)).hasSize(2);
        }
    }

    private void synchronize(Path file) throws Exception {
        Result result = run("", "offlineimap", "-c", file.toString(), "-o", "-u", "quiet");
        assertThat(result.code()).as(result.output()).isZero();
    }

    /// Left to itself it takes the strongest mechanism of the list, SCRAM-SHA-256-PLUS, which it cannot do.
    @ParameterizedTest
    @CsvSource({"SUBMISSIONS, smtps", "SUBMISSION, smtp"})
    void neomuttSends(Service service, String scheme) throws Exception {
        Programs.require("neomutt");
        Path file = neomuttConfiguration("""
                set from=%1$s realname=Alice sendmail="" copy=no
                set smtp_url=%2$s://%1$s@localhost:%3$d smtp_pass=%4$s smtp_authenticators=plain
                """.formatted(ALICE, scheme, fixture.port(service), PASSWORD));
        Result sent = run(".and a dot\n", "neomutt", "-n", "-F", file.toString(), "-s", "neomutt", reader);
        assertThat(sent.code()).as(sent.output()).isZero();
        assertArrived("neomutt");
    }

    private Path neomuttConfiguration(String text) throws IOException {
        return programs.configuration(
                "muttrc",
                "set ssl_ca_certificates_file=%1$s certificate_file=%1$s ssl_force_tls=yes ssl_starttls=yes%n%2$s"
                        .formatted(fixture.authority, text));
    }

    /// It works on a terminal only, and does what is typed.
    @ParameterizedTest
    @CsvSource({"IMAPS, imaps", "IMAP, imap"})
    void neomuttReadsAndFiles(Service service, String scheme) throws Exception {
        Programs.require("neomutt");
        Programs.require("script");
        append("to be kept", "to be filed");
        Path near = directory.resolve("near");
        Path file = neomuttConfiguration("""
                set imap_user=%1$s imap_pass=%2$s folder=%3$s://localhost:%4$d/ spoolfile=+INBOX mbox_type=mbox
                set confirmappend=no confirmcreate=no delete=yes quit=yes wait_key=no move=no mark_old=no
                push "<copy-message>%5$s<enter><flag-message><search>~s filed<enter><save-message>+Archive<enter><quit>"
                """.formatted(reader, PASSWORD, scheme, fixture.port(service), near));
        Result session = programs.run(
                "",
                Map.of("TERM", "xterm"),
                List.of("script", "--quiet", "--return", "--command", "neomutt -n -F " + file, "/dev/null"));
        assertThat(session.code()).as(session.output()).isZero();
        assertThat(Files.readString(near)).contains("Subject: to be kept", "\n.and a dot\n");
        try (WireClient imap = fixture.imap(reader)) {
            imap.command("s SELECT INBOX", "s OK");
            assertThat(imap.command("f UID SEARCH FLAGGED SUBJECT kept", "f OK").getFirst())
                    .isEqualTo("* SEARCH 1");
            assertThat(imap.command("g SEARCH ALL", "g OK").getFirst()).isEqualTo("* SEARCH 1");
            imap.command("s SELECT Archive", "s OK");
            assertThat(imap.command("f SEARCH SUBJECT filed BODY \".and a dot\"", "f OK")
                            .getFirst())
                    .isEqualTo("* SEARCH 1");
        }
    }

    /// On implicit TLS: it knows no STARTTLS. On the other ports it gets no further than to ask for a login.
    @ParameterizedTest
    @CsvSource({"IMAPS, IMAP, SimpleIMAP", "POP3S, POP3, SimplePOP3"})
    void getmailReads(Service service, Service withoutTls, String retriever) throws Exception {
        Programs.require("getmail");
        append("one", "two");
        var home = new ProgramRunner(Files.createDirectory(directory.resolve("getmail")));
        for (String part : List.of("cur", "new", "tmp")) {
            Files.createDirectories(home.directory().resolve("maildir").resolve(part));
        }
        Path trusted = Files.copy(fixture.authority, home.directory().resolve("ca.pem"));
        String text = """
                [retriever]
                type = %s
                server = localhost
                port = %d
                username = %s
                password = %s
                %s
                [destination]
                type = Maildir
                path = %s/maildir/
                [options]
                read_all = false
                delete = false
                """;
        String authority = "ca_certs = " + trusted;
        Path rc = home.configuration(
                "getmailrc",
                text.formatted(
                        retriever + "SSLRetriever",
                        fixture.port(service),
                        reader,
                        PASSWORD,
                        authority,
                        home.directory()));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        List<String> command =
                home.unprivileged("getmail", "--getmaildir=" + home.directory(), "--rcfile=" + rc.getFileName());
        for (int round = 0; round < 2; round++) { // the second time nothing is new
            Result read = home.run("", Map.of(), command);
            assertThat(read.code()).as(read.output()).isZero();
            assertThat(maildir(home.directory().resolve("maildir")))
                    .as(read.output())
                    .hasSize(2)
                    .anyMatch(message -> message.contains("Subject: one"))
                    .allMatch(message -> message.endsWith("\n.and a dot\n"));
        }
        Files.writeString(
                rc,
                text.formatted(
                        retriever + "Retriever", fixture.port(withoutTls), reader, PASSWORD, "", home.directory()));
        assertThat(home.run("", Map.of(), command).output())
                .as("without TLS there is no login")
                .contains(withoutTls == Service.IMAP ? "login" : "-ERR Begin TLS first");
    }

    private static List<String> maildir(Path maildir) throws IOException {
        List<String> messages = new ArrayList<>();
        try (Stream<Path> files = Files.walk(maildir)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                messages.add(Files.readString(file));
            }
        }
        return messages;
    }

    /// It stays in IDLE and fetches what arrives then.
    @ParameterizedTest
    @CsvSource({"IMAPS, ssl", "IMAP, sslproto TLS1.2+"})
    void fetchmailIdles(Service service, String tls) throws Exception {
        Programs.require("fetchmail");
        append("one");
        Path fetched = directory.resolve("fetched");
        Path file = programs.configuration(
                "fetchmailrc", """
                poll localhost protocol IMAP port %d
                  user "%s" password "%s" %s sslcertck sslcertfile %s keep idle
                  mda "cat >> %s"
                """.formatted(fixture.port(service), reader, PASSWORD, tls, fixture.authority, fetched));
        Process idling =
                programs.start(Map.of(), List.of("fetchmail", "-v", "--nodetach", "--nosyslog", "-f", file.toString()));
        try (var said = idling.inputReader()) {
            awaitLine(said, "IMAP< + Idling");
            assertThat(Files.readString(fetched)).containsOnlyOnce("Subject: one");
            append("two");
            awaitLine(said, "IMAP< + Idling"); // idle again
            assertThat(Files.readString(fetched))
                    .containsOnlyOnce("Subject: one")
                    .containsOnlyOnce("Subject: two");
        } finally {
            idling.destroy();
        }
        idling.waitFor();
    }

    private static void awaitLine(BufferedReader lines, String part) throws IOException {
        StringBuilder said = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            said.append(line).append('\n');
            if (line.contains(part)) {
                return;
            }
        }
        throw new AssertionError("it ended before it said '" + part + "': " + said);
    }
}
