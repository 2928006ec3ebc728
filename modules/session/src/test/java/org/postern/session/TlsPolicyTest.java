package org.postern.session;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsPolicy;
import org.postern.tls.TlsSettings;

/// The policy as clients see it, the same with both engines: what is negotiated, what is refused, what is known
/// afterwards.
@ParameterizedClass
@EnumSource(TlsEngine.class)
class TlsPolicyTest {
    private static final TestCertificate ECDSA = TestCertificate.forLocalhost("one.test");
    private static final TestCertificate OTHER = TestCertificate.forLocalhost("two.test");
    private static final TestCertificate RSA = TestCertificate.withRsa("one.test");

    private static final Pattern LIFETIME = Pattern.compile("TLS session ticket lifetime hint: (\\d+) ");

    @Parameter
    private TlsEngine engine;

    private WordsServer server;
    private InetSocketAddress implicit;
    private InetSocketAddress startTls;

    @BeforeEach
    void start() throws IOException {
        server = new WordsServer(new TlsSettings(engine, RetiredVersions.REFUSE), ECDSA, RSA, OTHER);
        implicit = server.open(Security.IMPLICIT_TLS, WordsServer.PATIENT);
        startTls = server.open(Security.STARTTLS, WordsServer.PATIENT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// A connection whose parameters the test sets, not yet begun.
    private static SSLSocket socket(SSLContext context, InetSocketAddress address) throws IOException {
        var socket = (SSLSocket) context.getSocketFactory()
                .createSocket(
                        new Socket(address.getAddress(), address.getPort()), "localhost", address.getPort(), true);
        socket.setSoTimeout(60_000);
        return socket;
    }

    /// Says quit and hears goodbye; what is left is the session's record.
    private SessionRecord quit(SSLSocket socket) throws Exception {
        socket.getOutputStream().write("quit\r\n".getBytes(US_ASCII));
        assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII)).endsWith("goodbye\r\n");
        socket.close();
        return server.nextRecord();
    }

    private static String openssl(InetSocketAddress address, String input, String... arguments) throws Exception {
        Programs.require("openssl");
        List<String> command = new ArrayList<>(
                List.of("timeout", "120", "openssl", "s_client", "-connect", "127.0.0.1:" + address.getPort()));
        command.addAll(Arrays.asList(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(US_ASCII));
            stdin.flush();
            if (input.isEmpty()) { // it goes on until the server ends the session
                return new String(process.getInputStream().readAllBytes(), US_ASCII);
            }
        } catch (IOException e) {
            assertThat(process.isAlive()).as("it does not read its input").isFalse();
        }
        return new String(process.getInputStream().readAllBytes(), US_ASCII);
    }

    // ---- versions, suites, groups

    @Test
    @Requirement({"TLS-1", "R8314-23", "R8314-25", "R8997-1"})
    void thirteenIsPreferredTwelveIsServedNothingElseIs() throws Exception {
        try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
            socket.startHandshake();
            assertThat(quit(socket).tls().orElseThrow().version()).isEqualTo("TLSv1.3");
        }
        try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            socket.startHandshake();
            assertThat(quit(socket).tls().orElseThrow().version()).isEqualTo("TLSv1.2");
        }
        for (String old : List.of("-tls1_1", "-tls1")) {
            String output = openssl(implicit, "Q\n", old, "-cipher", "ALL:@SECLEVEL=0");
            assertThat(output).contains("alert protocol version", "Cipher is (NONE)");
            SessionRecord record = server.nextRecord();
            assertThat(record.end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
            assertThat(record.offered().orElseThrow().versions())
                    .containsExactly(old.equals("-tls1") ? "TLSv1" : "TLSv1.1");
        }
    }

    /// Each suite that the JDK's client knows, alone: those of the policy that fit a certificate are served, no others.
    @Test
    @Requirement({"TLS-2", "R8314-24"})
    void suites() throws Exception {
        Set<String> served = new TreeSet<>();
        SSLContext trusting = TestCertificate.trust(ECDSA.certificate(), RSA.certificate());
        for (String suite : trusting.getSupportedSSLParameters().getCipherSuites()) {
            try (SSLSocket socket = socket(trusting, implicit)) {
                socket.setEnabledCipherSuites(new String[] {suite});
                try {
                    socket.startHandshake();
                } catch (SSLException refused) {
                    continue; // by either side
                }
                assertThat(socket.getSession().getCipherSuite()).isEqualTo(suite);
                served.add(suite);
            } finally {
                server.nextRecord();
            }
        }
        assertThat(served).isEqualTo(new TreeSet<>(TlsPolicy.cipherSuites(RetiredVersions.REFUSE)));
    }

    @Test
    @Requirement({"R8314-29", "TLS-15"})
    void theGroupIsKnownUnderEachVersion() throws Exception {
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
            for (String group : List.of("x25519", "secp256r1", "secp384r1")) {
                try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
                    socket.setEnabledProtocols(new String[] {version});
                    var parameters = socket.getSSLParameters();
                    // the certificate is on P-256, which a client of TLS 1.2 has to name for it
                    parameters.setNamedGroups(
                            version.equals("TLSv1.2")
                                    ? Stream.of(group, "secp256r1").distinct().toArray(String[]::new)
                                    : new String[] {group});
                    socket.setSSLParameters(parameters);
                    socket.startHandshake();
                    TlsFacts facts = quit(socket).tls().orElseThrow();
                    assertThat(facts.version()).isEqualTo(version);
                    if (version.equals("TLSv1.3") || !group.equals("secp384r1")) { // there the server has its choice
                        assertThat(facts.group()).hasValue(group);
                    }
                }
            }
        }
        // a client that guesses wrong is asked again (HelloRetryRequest)
        try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
            socket.setEnabledProtocols(new String[] {"TLSv1.3"});
            var parameters = socket.getSSLParameters();
            parameters.setNamedGroups(new String[] {"secp521r1", "secp384r1"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            assertThat(quit(socket).tls().orElseThrow().group()).hasValue("secp384r1");
        }
        // a group that is not served
        try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
            var parameters = socket.getSSLParameters();
            parameters.setNamedGroups(new String[] {"secp521r1"});
            socket.setSSLParameters(parameters);
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
        }
        server.nextRecord();
    }

    /// No other client here has it: BoringSSL's own.
    @Test
    void whatResistsAQuantumComputerIsUsedWhereTheEngineHasIt() throws Exception {
        SslContext context = SslContextBuilder.forClient()
                .sslProvider(SslProvider.OPENSSL)
                .trustManager(ECDSA.certificate())
                .option(OpenSslContextOption.GROUPS, new String[] {"X25519MLKEM768", "X25519"})
                .build();
        try (Socket socket = new Socket(implicit.getAddress(), implicit.getPort())) {
            socket.setSoTimeout(60_000);
            SSLEngine client = context.newEngine(UnpooledByteBufAllocator.DEFAULT, "localhost", implicit.getPort());
            client.beginHandshake();
            ByteBuffer fromServer = ByteBuffer.allocate(64 * 1024).flip();
            ByteBuffer nothing = ByteBuffer.allocate(64 * 1024);
            byte[] octets = new byte[32 * 1024];
            while (client.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
                    && client.getHandshakeStatus() != SSLEngineResult.HandshakeStatus.FINISHED) {
                switch (client.getHandshakeStatus()) {
                    case NEED_WRAP -> {
                        ByteBuffer record = ByteBuffer.allocate(64 * 1024);
                        client.wrap(ByteBuffer.allocate(0), record);
                        socket.getOutputStream().write(record.array(), 0, record.position());
                    }
                    case NEED_TASK -> client.getDelegatedTask().run();
                    default -> {
                        if (client.unwrap(fromServer, nothing).getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                            int count = socket.getInputStream().read(octets);
                            assertThat(count).isPositive();
                            fromServer.compact().put(octets, 0, count).flip();
                        }
                    }
                }
            }
        }
        assertThat(server.nextRecord().tls().orElseThrow().group())
                .hasValue(engine == TlsEngine.BORINGSSL ? "X25519MLKEM768" : "x25519");
    }

    /// An ECDSA and an RSA certificate for the same names: each client gets what it can verify, ECDSA first.
    @Test
    @Requirement("TLS-2")
    void bothKindsOfKeys() throws Exception {
        SSLContext trusting = TestCertificate.trust(ECDSA.certificate(), RSA.certificate());
        try (SSLSocket socket = socket(trusting, implicit)) {
            socket.startHandshake();
            assertThat(socket.getSession()
                            .getPeerCertificates()[0]
                            .getPublicKey()
                            .getAlgorithm())
                    .isEqualTo("EC");
            quit(socket);
        }
        try (SSLSocket socket = socket(trusting, implicit)) {
            var parameters = socket.getSSLParameters();
            parameters.setSignatureSchemes(new String[] {"rsa_pss_rsae_sha256"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            assertThat(socket.getSession()
                            .getPeerCertificates()[0]
                            .getPublicKey()
                            .getAlgorithm())
                    .isEqualTo("RSA");
            quit(socket);
        }
    }

    // ---- what is off

    @Test
    @Requirement("TLS-3")
    void noCompressionNoRenegotiationAndTheExtendedMasterSecret() throws Exception {
        Programs.require("openssl");
        Process client = new ProcessBuilder(
                        "timeout",
                        "120",
                        "openssl",
                        "s_client",
                        "-connect",
                        "127.0.0.1:" + implicit.getPort(),
                        "-tls1_2")
                .redirectErrorStream(true)
                .start();
        var output = new StringBuilder();
        InputStream heard = client.getInputStream();
        while (output.indexOf("hello") < 0) {
            int octet = heard.read();
            assertThat(octet).as(output.toString()).isNotNegative();
            output.append((char) octet);
        }
        client.getOutputStream().write("R\n".getBytes(US_ASCII));
        client.getOutputStream().flush();
        output.append(new String(heard.readAllBytes(), US_ASCII));
        assertThat(output.toString())
                .contains("Secure Renegotiation IS supported", "Compression: NONE", "Extended master secret: yes")
                .contains("RENEGOTIATING")
                .containsAnyOf("no renegotiation", "handshake failure");
        assertThat(client.waitFor()).isNotZero();
        assertThat(server.nextRecord().end()).isNotEqualTo(EndReason.ORDERLY);
    }

    @Test
    @Requirement("TLS-6")
    void noEarlyData(@TempDir Path directory) throws Exception {
        Path session = directory.resolve("session");
        String first = openssl(implicit, "x\nquit\n", "-tls1_3", "-crlf", "-ign_eof", "-sess_out", session.toString());
        assertThat(first).contains("Max Early Data: 0").contains("goodbye");
        server.nextRecord();
        Path early = Files.writeString(directory.resolve("early"), "login\r\n");
        String second = openssl(
                implicit,
                "quit\n",
                "-tls1_3",
                "-crlf",
                "-ign_eof",
                "-sess_in",
                session.toString(),
                "-early_data",
                early.toString());
        assertThat(second).contains("Early data was not sent").doesNotContain("welcome", "Early data was accepted");
        server.nextRecord();
    }

    @Test
    @Requirement("R8314-40")
    void nobodyIsAskedForACertificate() throws Exception {
        for (String version : List.of("-tls1_3", "-tls1_2")) {
            assertThat(openssl(implicit, "quit\n", "-crlf", "-ign_eof", version, "-msg"))
                    .contains("ServerHello")
                    .doesNotContain("CertificateRequest");
            server.nextRecord();
        }
    }

    @Test
    @Requirement("TLS-5")
    void applicationProtocols() throws Exception {
        assertThat(openssl(implicit, "quit\n", "-crlf", "-ign_eof", "-alpn", "h2,words"))
                .contains("ALPN protocol: words");
        assertThat(server.nextRecord().tls().orElseThrow().applicationProtocol())
                .hasValue("words");
        assertThat(openssl(implicit, "quit\n", "-crlf", "-ign_eof")).contains("No ALPN negotiated", "hello");
        assertThat(server.nextRecord().tls().orElseThrow().applicationProtocol())
                .isEmpty();
        for (String version : List.of("-tls1_3", "-tls1_2")) {
            assertThat(openssl(
                            implicit,
                            "quit\n",
                            "-crlf",
                            "-ign_eof",
                            version,
                            "-alpn",
                            "h2,http/1.1",
                            "-servername",
                            "one.test"))
                    .contains("alert no application protocol")
                    .doesNotContain("hello");
            SessionRecord refused = server.nextRecord();
            assertThat(refused.end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
            assertThat(refused.offered().orElseThrow().applicationProtocols()).containsExactly("h2", "http/1.1");
            assertThat(refused.offered().orElseThrow().serverName()).hasValue("one.test");
        }
    }

    // ---- tickets

    @Test
    @Requirement("TLS-4")
    void aTicketIsGoodForItsVirtualHostOnly(@TempDir Path directory) throws Exception {
        for (String version : List.of("-tls1_3", "-tls1_2")) {
            Path session = directory.resolve("session" + version);
            String first = openssl(
                    implicit,
                    "quit\n",
                    version,
                    "-crlf",
                    "-ign_eof",
                    "-servername",
                    "one.test",
                    "-sess_out",
                    session.toString());
            assertThat(first).contains("New, TLS").contains("goodbye");
            Matcher hint = LIFETIME.matcher(first);
            assertThat(hint.find()).isTrue();
            assertThat(Integer.parseInt(hint.group(1))).isBetween(1, 604_800); // RFC 8446 §4.6.1: a week at most
            TlsFacts begun = server.nextRecord().tls().orElseThrow();
            assertThat(begun.resumed()).isFalse();
            assertThat(begun.serverName()).hasValue("one.test");

            String same = openssl(
                    implicit,
                    "quit\n",
                    version,
                    "-crlf",
                    "-ign_eof",
                    "-servername",
                    "one.test",
                    "-sess_in",
                    session.toString());
            assertThat(same).contains("Reused, TLS").contains("goodbye");
            TlsFacts resumed = server.nextRecord().tls().orElseThrow();
            assertThat(resumed.resumed()).isTrue();
            assertThat(resumed.group().isPresent()).isEqualTo(version.equals("-tls1_3")); // psk_dhe_ke, RFC 9325 §3.4

            String other = openssl(
                    implicit,
                    "quit\n",
                    version,
                    "-crlf",
                    "-ign_eof",
                    "-servername",
                    "two.test",
                    "-sess_in",
                    session.toString());
            assertThat(other).contains("New, TLS").doesNotContain("Reused, TLS").contains("goodbye");
            assertThat(server.nextRecord().tls().orElseThrow().resumed()).isFalse();
        }
    }

    // ---- close_notify

    @Test
    @Requirement("R8314-11")
    void everyOrderlyEndHasItsCloseNotify() throws Exception {
        String closeNotify = "<<< TLS 1.3, Alert [length 0002], warning close_notify";
        // the protocol's own goodbye
        assertThat(openssl(implicit, "quit\n", "-crlf", "-ign_eof", "-msg")).contains("goodbye", closeNotify);
        assertThat(server.nextRecord().end()).isEqualTo(EndReason.ORDERLY);
        // a fault of ours
        assertThat(openssl(implicit, "fail\n", "-crlf", "-ign_eof", "-msg"))
                .contains("bye INTERNAL_ERROR", closeNotify);
        assertThat(server.nextRecord().end()).isEqualTo(EndReason.INTERNAL_ERROR);
        // a deadline
        Duration moment = Duration.ofMillis(200);
        InetSocketAddress impatient = server.open(
                Security.IMPLICIT_TLS,
                new SessionLimits(Duration.ofMinutes(1), moment, Duration.ofMinutes(1), moment, Duration.ofMinutes(1)));
        assertThat(openssl(impatient, "", "-msg")).contains("bye TIMEOUT", closeNotify);
        assertThat(server.nextRecord().end()).isEqualTo(EndReason.TIMEOUT);
        // the server stops
        try (var stopping = new WordsServer(new TlsSettings(engine, RetiredVersions.REFUSE), ECDSA)) {
            InetSocketAddress address = stopping.open(Security.IMPLICIT_TLS, WordsServer.PATIENT);
            try (SSLSocket socket = socket(ECDSA.trust(), address)) {
                socket.startHandshake();
                Process idle = new ProcessBuilder(
                                "timeout",
                                "120",
                                "openssl",
                                "s_client",
                                "-connect",
                                "127.0.0.1:" + address.getPort(),
                                "-msg")
                        .redirectErrorStream(true)
                        .start();
                InputStream output = idle.getInputStream();
                var seen = new StringBuilder();
                while (!seen.toString().contains("hello")) {
                    seen.append((char) output.read());
                }
                stopping.listeners.stop(Duration.ofSeconds(10));
                seen.append(new String(output.readAllBytes(), US_ASCII));
                assertThat(seen.toString()).contains("bye SERVER_STOPPING", closeNotify);
                idle.getOutputStream().close();
            }
        }
    }

    // ---- handshakes that never end, and STARTTLS

    @Test
    @Requirement({"ST-23", "R8314-31"})
    void aHandshakeThatEndsEarlyLeavesARecordAndNothingElse() throws Exception {
        try (Socket socket = new Socket(implicit.getAddress(), implicit.getPort())) {
            socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1});
        }
        SessionRecord record = server.nextRecord();
        assertThat(record.end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
        assertThat(record.offered()).isEmpty();
        InetSocketAddress impatient = server.open(
                Security.IMPLICIT_TLS,
                new SessionLimits(
                        Duration.ofMillis(200),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(1),
                        Duration.ofMinutes(1)));
        try (WireClient client = WireClient.plain(impatient)) {
            client.send(new byte[] {22, 3, 1, 2, 0, 1, 0, 1});
            assertThat(client.readLine()).isNull();
        }
        assertThat(server.nextRecord().end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
        try (WireClient client = WireClient.plain(implicit)) {
            client.sendLine("GET / HTTP/1.1");
            client.readLine();
        }
        assertThat(server.nextRecord().end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
        assertThat(server.listeners.sessions()).isEmpty();
    }

    @Test
    @Requirement({"ST-21", "R8314-31"})
    void startTlsHasTheSameFacts() throws Exception {
        try (WireClient client = WireClient.plain(startTls)) {
            client.readLine();
            client.command("starttls", "begin");
            client.startTls(ECDSA.trust());
            client.command("login", "welcome");
            client.command("quit", "goodbye");
        }
        SessionRecord record = server.nextRecord();
        TlsFacts facts = record.tls().orElseThrow();
        assertThat(facts.implicit()).isFalse();
        assertThat(facts.version()).isEqualTo("TLSv1.3");
        assertThat(facts.cipherSuite()).startsWith("TLS_AES_");
        assertThat(facts.group()).hasValue("x25519");
        assertThat(record.mechanism()).hasValue("PLAIN");
    }

    /// What a login can be bound to: the JDK alone has an exporter.
    @Test
    @Requirement("TLS-11")
    void channelBindings() throws Exception {
        try (SSLSocket socket = socket(ECDSA.trust(), implicit)) {
            var parameters = socket.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName("one.test")));
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            socket.getOutputStream().write("bindings\r\nquit\r\n".getBytes(US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
                    .contains(
                            engine == TlsEngine.JDK
                                    ? "bindings [TLS_EXPORTER, TLS_SERVER_END_POINT]"
                                    : "bindings [TLS_SERVER_END_POINT]");
        }
        server.nextRecord();
    }
}
