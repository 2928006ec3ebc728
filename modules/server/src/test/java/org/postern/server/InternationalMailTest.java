package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// An account whose address and password are more than ASCII, on every protocol (RFC 6531, RFC 6855, RFC 6856,
/// RFC 4013).
class InternationalMailTest {
    private static final String JUERGEN = "j\u00fcrgen@r\u00e4uber.test";
    /// The same in NFD, and other case.
    private static final String JUERGEN_DECOMPOSED = "JU\u0308rgen@RA\u0308UBER.test";

    private static final String JUERGEN_ASCII_DOMAIN = "j\u00fcrgen@xn--ruber-gra.test";
    private static final String PASSWORD = "gr\u00fcner-Tee-am-Abend";
    private static final String PASSWORD_DECOMPOSED = "gru\u0308ner-Tee-am-Abend";

    @TempDir
    Path directory;

    /// One char per octet, as the wire has it.
    private static String wire(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }

    private static String plain(String name, String password) {
        return Base64.getEncoder().encodeToString(("\0" + name + "\0" + password).getBytes(UTF_8));
    }

    @Test
    @Requirement({"RFC6531-3.1", "RFC6855-5"})
    void itLogsInSendsAndReceives() throws IOException {
        try (ServerFixture fixture = new ServerFixture(directory)) {
            fixture.server.management().execute(new Request.Domain.Add("r\u00e4uber.test"), "test");
            fixture.addAccount(JUERGEN, PASSWORD.getBytes(UTF_8));
            for (String name : List.of(JUERGEN, JUERGEN_DECOMPOSED, JUERGEN_ASCII_DOMAIN)) {
                submit(fixture, name);
            }
            byLmtp(fixture);
            readByImap(fixture);
            readByPop3(fixture);
            try (WireClient bob = fixture.imap(ServerFixture.BOB)) {
                bob.command("a1 EXAMINE INBOX", "a1 OK");
                assertThat(bob.command("a2 FETCH 1 BODY.PEEK[HEADER.FIELDS (Return-Path Received)]", "a2 OK"))
                        .anyMatch(line -> line.startsWith(wire("Return-Path: <" + JUERGEN + ">")))
                        .anyMatch(line -> line.contains("with UTF8SMTPSA"));
            }
        }
    }

    private static void submit(ServerFixture fixture, String loginName) throws IOException {
        try (WireClient client = WireClient.implicitTls(fixture.address(Service.SUBMISSIONS), fixture.trust())) {
            client.readUntil("220 ");
            client.command("EHLO client.test", "250 ");
            client.command("AUTH PLAIN " + plain(loginName, PASSWORD_DECOMPOSED), "235 ");
            client.command(wire("MAIL FROM:<" + JUERGEN + "> SMTPUTF8"), "250 ");
            client.command("RCPT TO:<" + ServerFixture.BOB + ">", "250 ");
            client.command(wire("RCPT TO:<" + JUERGEN_ASCII_DOMAIN + ">"), "250 ");
            client.command("DATA", "354 ");
            client.send(wire("From: J\u00fcrgen <" + loginName + ">\r\nSubject: \u00dcberfall\r\n\r\nx\r\n.\r\n"));
            assertThat(client.readLine()).startsWith("250 ");
        }
    }

    private static void byLmtp(ServerFixture fixture) throws IOException {
        try (WireClient client = WireClient.plain(fixture.address(Service.LMTP))) {
            client.readUntil("220 ");
            assertThat(client.command("LHLO client.test", "250 "))
                    .contains("250-SMTPUTF8")
                    .doesNotContain("250-DSN");
            client.command("MAIL FROM:<somebody@example.org>", "250 ");
            client.command(wire("RCPT TO:<" + JUERGEN + ">"), "553 5.6.7");
            client.command("RSET", "250 ");
            client.command(wire("MAIL FROM:<\u7528\u6237@\u4f8b\u5b50.example> SMTPUTF8"), "250 ");
            client.command(wire("RCPT TO:<" + JUERGEN_DECOMPOSED + ">"), "250 ");
            client.command("DATA", "354 ");
            client.send(wire("From: \u7528\u6237@\u4f8b\u5b50.example\r\nSubject: by LMTP\r\n\r\nx\r\n.\r\n"));
            assertThat(client.readLine()).startsWith("250 ");
        }
    }

    private static void readByImap(ServerFixture fixture) throws IOException {
        try (WireClient client = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust())) {
            client.readUntil("* OK ");
            client.command("a0 AUTHENTICATE PLAIN " + plain(JUERGEN, "wrong"), "a0 NO");
            client.command("a1 AUTHENTICATE PLAIN " + plain(JUERGEN_DECOMPOSED, PASSWORD), "a1 OK");
            assertThat(client.command("a2 ENABLE UTF8=ACCEPT", "a2 OK")).contains("* ENABLED UTF8=ACCEPT");
            assertThat(client.command("a3 SELECT INBOX", "a3 OK")).contains("* 4 EXISTS");
            assertThat(client.command(wire("a4 SEARCH FROM \"\u7528\u6237@\" TEXT \"by LMTP\""), "a4 OK"))
                    .contains("* SEARCH 4");
            assertThat(client.command(
                            "a5 FETCH 4 BODY.PEEK[HEADER.FIELDS (Return-Path Delivered-To Received)]", "a5 OK"))
                    .contains(wire("Return-Path: <\u7528\u6237@\u4f8b\u5b50.example>"))
                    .contains(wire("Delivered-To: " + JUERGEN_ASCII_DOMAIN))
                    .anyMatch(line -> line.contains("with UTF8LMTP"));
        }
    }

    private static void readByPop3(ServerFixture fixture) throws IOException {
        try (WireClient client = WireClient.implicitTls(fixture.address(Service.POP3S), fixture.trust())) {
            client.readUntil("+OK");
            client.command("UTF8", "+OK");
            client.command("AUTH PLAIN " + plain(JUERGEN, PASSWORD_DECOMPOSED), "+OK");
            assertThat(client.command("STAT", "+OK").getLast()).startsWith("+OK 4 ");
            assertThat(client.command("TOP 1 0", ".")).contains(wire("Subject: \u00dcberfall"));
        }
    }
}
