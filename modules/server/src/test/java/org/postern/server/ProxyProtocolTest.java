package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// Behind a proxy: HAProxy, with TLS that it ends and with TLS that it passes on; and people who pretend to be one.
class ProxyProtocolTest {
    private static final String PROXY = "127.0.0.2";
    private static final String CONFIGURATION =
            "server.proxies = [\"" + PROXY + "\"]\ntls.own-authority.hosts = [localhost]\n";

    @TempDir
    Path directory;

    /// What somebody at an address hears who says this first, up to the end or the first line.
    private static String heard(String from, InetSocketAddress server, byte[] first) throws IOException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
            socket.setSoTimeout(60_000);
            socket.connect(server);
            socket.getOutputStream().write(first);
            var line = new ByteArrayOutputStream();
            for (int octet = socket.getInputStream().read();
                    octet >= 0;
                    octet = socket.getInputStream().read()) {
                line.write(octet);
                if (octet == '\n') {
                    break;
                }
            }
            return line.toString(ISO_8859_1);
        }
    }

    /// For 192.0.2.7, with a TLS of TLS 1.3 or without.
    private static byte[] header(boolean tls) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10, 0x21, 0x11, 0, 12});
        out.writeBytes(new byte[] {(byte) 192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x34, 3, (byte) 0xe1});
        if (tls) {
            out.writeBytes(new byte[] {0x20, 0, 40, 1, 0, 0, 0, 0, 0x21, 0, 7});
            out.writeBytes("TLSv1.3".getBytes(US_ASCII));
            out.writeBytes(new byte[] {0x23, 0, 22});
            out.writeBytes("TLS_AES_128_GCM_SHA256".getBytes(US_ASCII));
        }
        byte[] octets = out.toByteArray();
        octets[15] = (byte) (octets.length - 16);
        return octets;
    }

    @Test
    @Requirement("TLS-12")
    void onlyThoseWhoAreNamedAreBelieved() throws Exception {
        try (ConfiguredServer server = new ConfiguredServer(directory, CONFIGURATION)) {
            InetSocketAddress imap = server.address(Service.IMAP);
            assertThat(heard(PROXY, imap, header(true))).contains("AUTH=PLAIN").doesNotContain("PLUS", "STARTTLS");
            assertThat(heard(PROXY, server.address(Service.IMAPS), header(true)))
                    .contains("AUTH=PLAIN");
            // without TLS it is a client like any other
            assertThat(heard(PROXY, imap, header(false))).contains("STARTTLS LOGINDISABLED");
            // anybody else has said something that is no IMAP, and hears what everybody hears
            assertThat(heard("127.0.0.1", imap, header(true))).contains("STARTTLS LOGINDISABLED");
            assertThat(heard("127.0.0.1", server.address(Service.IMAPS), header(true)))
                    .doesNotContain("AUTH=");
            // and a proxy that says nothing, or something else, is none
            assertThat(heard(PROXY, imap, "a LOGIN x y\r\n1234567890".getBytes(US_ASCII)))
                    .isEmpty();
            byte[] old = header(true);
            old[12] = 0x11;
            assertThat(heard(PROXY, imap, old)).isEmpty();
            // whose TLS is too old is told so, and not asked for a password
            String retired = new String(header(true), ISO_8859_1).replace("TLSv1.3", "TLSv1.1");
            assertThat(heard(PROXY, imap, retired.getBytes(ISO_8859_1))).startsWith("* BYE [PRIVACYREQUIRED]");
        }
        CommandRun everybody = CommandRun.of(
                "check-config",
                "--config",
                Files.writeString(
                                directory.resolve("wrong.conf"),
                                "server { host = mail.example.test, proxies = [\"0.0.0.0/0\"] }\n")
                        .toString());
        assertThat(everybody.code()).isEqualTo(Main.CONFIGURATION);
        assertThat(everybody.out()).contains("wrong.conf:1: ", "server.proxies", "is everybody");
    }

    /// Addresses as HAProxy has them: clients come from 127.0.0.1, and it connects from another one.
    private Path haproxy(ConfiguredServer server, int ended, int passed, int submission) throws IOException {
        TestCertificate.forLocalhost().write(directory.resolve("proxy.pem"));
        return Files.writeString(directory.resolve("haproxy.cfg"), """
                defaults
                    mode tcp
                    timeout connect 30s
                    timeout client 5m
                    timeout server 5m
                listen ended
                    bind 127.0.0.1:%d ssl crt %s
                    server postern 127.0.0.1:%d source 127.0.0.2 send-proxy-v2 proxy-v2-options ssl,ssl-cipher,authority
                listen passed
                    bind 127.0.0.1:%d
                    server postern 127.0.0.1:%d source 127.0.0.2 send-proxy-v2
                listen submission
                    bind 127.0.0.1:%d ssl crt %s
                    server postern 127.0.0.1:%d source 127.0.0.2 send-proxy-v2 proxy-v2-options ssl,ssl-cipher,authority
                """.formatted(
                        ended,
                        directory.resolve("proxy.pem"),
                        server.port(Service.IMAPS),
                        passed,
                        server.port(Service.IMAPS),
                        submission,
                        directory.resolve("proxy.pem"),
                        server.port(Service.SUBMISSIONS)));
    }

    @Test
    @Requirement({"TLS-12", "R8314-26", "R8314-31"})
    void throughHaproxyTlsIsWhatTheClientHas() throws Exception {
        Path program = Programs.requireAnywhere("haproxy");
        List<Integer> ports = FreePorts.next(3);
        try (ConfiguredServer server = new ConfiguredServer(directory, CONFIGURATION)) {
            Path file = haproxy(server, ports.get(0), ports.get(1), ports.get(2));
            Process haproxy = new ProgramRunner(directory)
                    .start(Map.of(), List.of(program.toString(), "-db", "-f", file.toString()));
            try {
                ConfiguredServer.await(() -> accepts(ports.get(2)));
                var proxied = ServerFixture.trust(directory.resolve("proxy.pem"));
                try (WireClient client = WireClient.implicitTls(local(ports.get(0)), proxied)) {
                    // nothing to bind a login to: the proxy's TLS is not ours
                    assertThat(client.readLine()).contains("AUTH=PLAIN").doesNotContain("PLUS");
                    client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
                    assertThat(server.done("session", "list"))
                            .contains("127.0.0.1", "TLSv1.3 TLS_AES_", ServerFixture.ALICE)
                            .doesNotContain(PROXY);
                    client.command("z LOGOUT", "z OK");
                }
                // passed on: TLS is ours, and the client's address is known
                try (WireClient client = WireClient.implicitTls(
                        local(ports.get(1)), ServerFixture.trust(server.data().resolve("tls/ca.pem")))) {
                    assertThat(client.readLine()).contains("AUTH=SCRAM-SHA-256-PLUS");
                    client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
                    assertThat(server.done("session", "list")).doesNotContain(PROXY);
                }
                try (WireClient client = ServerFixture.submission(
                        local(ports.get(2)), proxied, ServerFixture.ALICE, ServerFixture.PASSWORD)) {
                    client.command("MAIL FROM:<" + ServerFixture.ALICE + ">", "250 ");
                    client.command("RCPT TO:<" + ServerFixture.ALICE + ">", "250 ");
                    client.command("DATA", "354 ");
                    client.command("From: " + ServerFixture.ALICE + "\r\nSubject: proxied\r\n\r\ntext\r\n.", "250 ");
                }
                try (WireClient client = WireClient.implicitTls(local(ports.get(0)), proxied)) {
                    client.readLine();
                    client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
                    client.command("s SELECT INBOX", "s OK");
                    assertThat(String.join(
                                    " ", client.command("f FETCH 1 BODY.PEEK[HEADER.FIELDS (RECEIVED)]", "f OK")))
                            .contains("with ESMTPSA", "tls TLS_AES_");
                }
            } finally {
                haproxy.destroy();
                haproxy.waitFor();
            }
        }
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(local(port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
