package org.postern.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.session.ListenerSettings.Security;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsSettings;

/// The session layer over real sockets, with a protocol of four words.
class SessionsTest {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final SessionLimits PATIENT = new SessionLimits(LONG, LONG, LONG, LONG, LONG);

    private final TestCertificate certificate = TestCertificate.forLocalhost();
    private final ServedCertificates served = new ServedCertificates(
            List.of(new ServedCertificate(certificate.key(), List.of(certificate.certificate()))));
    private final BlockingQueue<SessionRecord> records = new LinkedBlockingQueue<>();
    private final WordsProtocol words = new WordsProtocol();
    private Listeners listeners = listeners(new ConnectionLimits(1_000, 1_000, 1_000, 1_000));

    private Listeners listeners(ConnectionLimits limits) {
        return new Listeners(TlsSettings.DEFAULT, served, limits, records::add, new SimpleMeterRegistry());
    }

    @AfterEach
    void stop() {
        words.released.countDown();
        listeners.stop(Duration.ofSeconds(5));
    }

    private InetSocketAddress open(Security security, SessionLimits limits) throws IOException {
        return listeners.open(new ListenerSettings(
                security == Security.IMPLICIT_TLS ? "wordss" : "words",
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
                security,
                words,
                limits,
                false));
    }

    private WireClient tls(InetSocketAddress address) throws IOException {
        WireClient client = WireClient.implicitTls(address, certificate.trust());
        assertThat(client.readLine()).isEqualTo("hello");
        return client;
    }

    private SessionRecord nextRecord() throws InterruptedException {
        SessionRecord record = records.poll(30, TimeUnit.SECONDS);
        assertThat(record).as("a record of the session").isNotNull();
        return record;
    }

    @Test
    void implicitTlsFromTheFirstOctet() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            assertThat(client.command("x", "echo")).containsExactly("echo x");
            assertThat(client.command("quit", "goodbye")).hasSize(1);
            assertThat(client.readLine()).isNull();
        }
        SessionRecord record = nextRecord();
        assertThat(record.end()).isEqualTo(EndReason.ORDERLY);
        assertThat(record.commands()).isEqualTo(2);
        assertThat(record.octetsIn()).isEqualTo("x\r\nquit\r\n".length());
        assertThat(record.octetsOut()).isEqualTo("hello\r\necho x\r\ngoodbye\r\n".length());
        assertThat(record.tls().orElseThrow().version()).isEqualTo("TLSv1.3");
        assertThat(record.tls().orElseThrow().cipherSuite()).startsWith("TLS_");
        assertThat(record.tls().orElseThrow().implicit()).isTrue();
    }

    @Test
    @Requirement({"R8314-2", "R8314-4", "R8314-6"})
    void nothingIsSaidInTheClearOnAnImplicitTlsPort() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = WireClient.plain(address)) {
            client.sendLine("x".repeat(100));
            String line = client.readLine(); // a TLS alert, if anything
            assertThat(line == null || !line.contains("hello")).isTrue();
        }
        assertThat(nextRecord().end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
    }

    @Test
    @Requirement({"R8997-1", "R8314-23"})
    void oldVersionsAreRefused() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
            try (var socket = (SSLSocket)
                    certificate.trust().getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
                socket.setEnabledProtocols(new String[] {version});
                socket.startHandshake();
                assertThat(socket.getSession().getProtocol()).isEqualTo(version);
            }
        }
        // the JDK's client offers no older version any more: a hand-made ClientHello of TLS 1.1 without extensions
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.getOutputStream().write(clientHello(0x02));
            byte[] answer = socket.getInputStream().readNBytes(7);
            assertThat(answer).startsWith(21, 3).endsWith(70); // alert protocol_version, RFC 8446 §6
            assertThat(answer[5]).isEqualTo((byte) 2); // fatal
        }
    }

    /// RFC 4346 §7.4.1.2.
    private static byte[] clientHello(int minor) {
        byte[] hello = new byte[5 + 4 + 2 + 32 + 1 + 2 + 2 + 2];
        hello[0] = 22;
        hello[1] = 3;
        hello[2] = 1;
        hello[4] = (byte) (hello.length - 5);
        hello[5] = 1;
        hello[8] = (byte) (hello.length - 9);
        hello[9] = 3;
        hello[10] = (byte) minor;
        hello[45] = 2; // one suite: TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
        hello[46] = (byte) 0xc0;
        hello[47] = 0x09;
        hello[48] = 1; // one compression method: none
        return hello;
    }

    @Test
    @Requirement({"ST-21", "R8314-40"})
    void startTlsThenLogin() throws Exception {
        InetSocketAddress address = open(Security.STARTTLS, PATIENT);
        try (WireClient client = WireClient.plain(address)) {
            assertThat(client.readLine()).isEqualTo("hello");
            assertThat(client.command("login", "no")).hasSize(1);
            client.command("starttls", "begin");
            client.startTls(certificate.trust());
            assertThat(client.command("login", "welcome")).hasSize(1);
            assertThat(listeners.sessions()).singleElement().satisfies(session -> {
                assertThat(session.phase()).isEqualTo(Phase.AFTER_LOGIN);
                assertThat(session.account()).hasValue("a@example.test");
            });
            // its account is disabled
            listeners.endSessionsOf(new AccountId(7));
            assertThat(client.readLine()).isEqualTo("bye REVOKED");
            assertThat(client.readLine()).isNull();
        }
        SessionRecord record = nextRecord();
        assertThat(record.end()).isEqualTo(EndReason.REVOKED);
        assertThat(record.tls().orElseThrow().implicit()).isFalse();
        assertThat(record.mechanism()).hasValue("PLAIN");
    }

    @Test
    @Requirement("TLS-5")
    void applicationProtocols() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (var socket = (SSLSocket)
                certificate.trust().getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2", "words"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            assertThat(socket.getApplicationProtocol()).isEqualTo("words");
        }
        try (var socket = (SSLSocket)
                certificate.trust().getSocketFactory().createSocket(address.getAddress(), address.getPort())) {
            var parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
            socket.setSSLParameters(parameters);
            assertThatThrownBy(socket::startHandshake)
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("no_application_protocol");
        }
    }

    @Test
    @Requirement("ST-27")
    void anOrderlyCloseIsToldFromATruncation() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            client.command("x", "echo");
        } // the JDK's client sends close_notify
        assertThat(nextRecord().end()).isEqualTo(EndReason.CLOSED);
        WireClient client = tls(address);
        client.command("x", "echo");
        client.abort();
        assertThat(nextRecord().end()).isEqualTo(EndReason.TRUNCATED);
    }

    @Test
    void deadlinesDependOnTheState() throws Exception {
        Duration moment = Duration.ofMillis(300);
        InetSocketAddress address = open(Security.STARTTLS, new SessionLimits(LONG, moment, LONG, LONG, LONG));
        try (WireClient client = WireClient.plain(address)) {
            assertThat(client.readLine()).isEqualTo("hello");
            assertThat(client.readLine()).isEqualTo("bye TIMEOUT");
            assertThat(client.readLine()).isNull();
        }
        assertThat(nextRecord().end()).isEqualTo(EndReason.TIMEOUT);

        // after login another one holds
        InetSocketAddress patientAfterLogin =
                open(Security.IMPLICIT_TLS, new SessionLimits(LONG, LONG, LONG, moment, LONG));
        try (WireClient client = tls(patientAfterLogin)) {
            client.command("login", "welcome");
            assertThat(client.readLine()).isEqualTo("bye TIMEOUT");
        }
        assertThat(nextRecord().end()).isEqualTo(EndReason.TIMEOUT);

        // the way to a login as a whole, whatever the client does meanwhile
        InetSocketAddress wholeWay = open(Security.IMPLICIT_TLS, new SessionLimits(LONG, LONG, moment, LONG, LONG));
        try (WireClient client = tls(wholeWay)) {
            String line = "";
            while (line != null && !line.startsWith("bye")) {
                client.sendLine("x");
                line = client.readLine();
            }
            assertThat(line).isEqualTo("bye TIMEOUT");
        }
    }

    @Test
    @Requirement("ST-23")
    void aHandshakeThatNeverComesEnds() throws Exception {
        InetSocketAddress address =
                open(Security.IMPLICIT_TLS, new SessionLimits(Duration.ofMillis(300), LONG, LONG, LONG, LONG));
        try (WireClient client = WireClient.plain(address)) {
            assertThat(client.readLine()).isNull();
        }
        assertThat(nextRecord().end()).isEqualTo(EndReason.HANDSHAKE_FAILED);
    }

    @Test
    void aClientThatDoesNotReadHoldsNoMemoryAndIsEnded() throws Exception {
        InetSocketAddress address =
                open(Security.IMPLICIT_TLS, new SessionLimits(LONG, LONG, LONG, LONG, Duration.ofMillis(500)));
        try (WireClient client = tls(address)) {
            client.sendLine("flood");
            SessionRecord record = nextRecord();
            assertThat(record.end()).isEqualTo(EndReason.CLIENT_DOES_NOT_READ);
            // what the kernel's buffers took, not the 200 MiB that were to be said
            assertThat(record.octetsOut()).isLessThan(20 * 1024 * 1024);
        }
    }

    @Test
    void aClientThatReadsGetsItAll() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            client.sendLine("flood");
            for (int count = 0; count < 200; count++) {
                assertThat(client.readOctets(1024 * 1024)).hasSize(1024 * 1024);
            }
            assertThat(client.command("x", "echo")).containsExactly("echo x");
        }
    }

    @Test
    void aFaultEndsItsOwnSessionOnly() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient unlucky = tls(address);
                WireClient other = tls(address)) {
            unlucky.sendLine("fail");
            assertThat(unlucky.readLine()).isEqualTo("bye INTERNAL_ERROR");
            assertThat(unlucky.readLine()).isNull();
            assertThat(nextRecord().end()).isEqualTo(EndReason.INTERNAL_ERROR);
            assertThat(other.command("x", "echo")).containsExactly("echo x");
        }
    }

    @Test
    void aWakeUpIsNotLost() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            client.sendLine("wake"); // before the session waits again
            assertThat(client.readLine()).isEqualTo("waking");
            assertThat(client.readLine()).isEqualTo("woken");
            assertThat(client.command("x", "echo")).containsExactly("echo x");
        }
    }

    @Test
    void aLongCommandLearnsThatItsClientIsGone() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        WireClient client = tls(address);
        client.sendLine("work");
        assertThat(words.busy.await(30, TimeUnit.SECONDS)).isTrue();
        client.close();
        assertThat(words.sawTheEnd.await(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void linesEndInCrlfAndAreBounded() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            assertThat(client.command("x".repeat(100), "echo")).containsExactly("echo " + "x".repeat(100));
            assertThat(client.command("x".repeat(101), "echo")).containsExactly("echo TOO_LONG");
            assertThat(client.command("a\nb", "echo")).containsExactly("echo BARE_CR_OR_LF");
            assertThat(client.command("a\rb", "echo")).containsExactly("echo BARE_CR_OR_LF");
            assertThat(client.command("after", "echo")).containsExactly("echo after");
        }
    }

    @Test
    void connectionsAreLimited() throws Exception {
        listeners.close();
        listeners = listeners(new ConnectionLimits(1_000, 2, 1, 1_000));
        InetSocketAddress implicit = open(Security.IMPLICIT_TLS, PATIENT);
        InetSocketAddress startTls = open(Security.STARTTLS, PATIENT);
        try (WireClient first = tls(implicit);
                WireClient second = tls(implicit)) {
            // the third from this address: with a word where words are in the clear, else without
            try (WireClient third = WireClient.plain(startTls)) {
                assertThat(third.readLine()).isEqualTo("bye TOO_MANY_CONNECTIONS");
                assertThat(third.readLine()).isNull();
            }
            assertThatThrownBy(() -> tls(implicit)).isInstanceOf(IOException.class);
            // the second of this account
            assertThat(first.command("login", "welcome")).hasSize(1);
            assertThat(second.command("login", "no")).hasSize(1);
        }
        for (int count = 0; count < 2; count++) {
            nextRecord();
        }
        try (WireClient again = tls(implicit)) {
            assertThat(again.command("login", "welcome")).hasSize(1);
        }
    }

    @Test
    void aStopSaysFarewellToIdleSessionsAndWaitsForBusyOnes() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient idle = tls(address);
                WireClient busy = tls(address)) {
            busy.sendLine("work");
            assertThat(words.busy.await(30, TimeUnit.SECONDS)).isTrue();
            Thread stopping = Thread.ofPlatform().start(() -> listeners.stop(Duration.ofSeconds(20)));
            assertThat(idle.readLine()).isEqualTo("bye SERVER_STOPPING");
            assertThat(idle.readLine()).isNull();
            words.released.countDown();
            assertThat(busy.readLine()).isEqualTo("bye SERVER_STOPPING");
            stopping.join();
            assertThatThrownBy(() -> WireClient.plain(address)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void anUnendingSessionDoesNotKeepTheServer() throws Exception {
        InetSocketAddress address = open(Security.IMPLICIT_TLS, PATIENT);
        try (WireClient client = tls(address)) {
            client.sendLine("work");
            assertThat(words.busy.await(30, TimeUnit.SECONDS)).isTrue();
            listeners.stop(Duration.ofMillis(100)); // then its connection is closed, and `ended()` tells it
            assertThat(words.sawTheEnd.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        InetSocketAddress taken = open(Security.STARTTLS, PATIENT);
        assertThatThrownBy(() ->
                        listeners.open(new ListenerSettings("words", taken, Security.STARTTLS, words, PATIENT, false)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("listener words: cannot listen on 127.0.0.1 port " + taken.getPort())
                .hasMessageContaining("another program");
    }

    @Test
    void bothWildcardsAreServed() throws Exception {
        int port = FreePorts.next();
        for (String wildcard : List.of("0.0.0.0", "::")) {
            assertThat(InetAddress.ofLiteral(wildcard).isAnyLocalAddress()).isTrue();
        }
        listeners.openAll(List.of(
                new ListenerSettings(
                        "words",
                        new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), port),
                        Security.STARTTLS,
                        words,
                        PATIENT,
                        false),
                new ListenerSettings(
                        "words",
                        new InetSocketAddress(InetAddress.ofLiteral("::"), port),
                        Security.STARTTLS,
                        words,
                        PATIENT,
                        true)));
        try (WireClient client = WireClient.plain(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port))) {
            assertThat(client.readLine()).isEqualTo("hello");
            assertThat(listeners.sessions().getFirst().remote()).isInstanceOf(Inet4Address.class);
        }
        boolean hasIpv6 = listeners.bound().get("words").stream()
                .anyMatch(address -> !(address.getAddress() instanceof Inet4Address));
        if (hasIpv6) {
            try (WireClient client = WireClient.plain(new InetSocketAddress(InetAddress.ofLiteral("::1"), port))) {
                assertThat(client.readLine()).isEqualTo("hello");
            }
        }
    }

    private ListenerSettings socket(Path path) {
        return new ListenerSettings(
                "words",
                new Endpoint.UnixSocket(path, PosixFilePermissions.fromString("rw-rw----")),
                Security.STARTTLS,
                words,
                PATIENT);
    }

    /// A reload may want the port at once, for another listener, or for this one again.
    @Test
    @Timeout(120)
    void aPortIsFreeWhenItsListenerIsClosed() throws Exception {
        var address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), FreePorts.next());
        var settings = List.of(new ListenerSettings("words", address, Security.STARTTLS, words, PATIENT, false));
        for (int round = 0; round < 100; round++) {
            listeners.change(settings);
            listeners.change(List.of());
            try (var other = new ServerSocket()) {
                other.bind(address);
            }
        }
    }

    @Test
    @Timeout(120)
    void aUnixSocketIsServedAndGoesWithTheServer(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("words.sock");
        listeners.openAll(List.of(socket(path)));
        assertThat(listeners.sockets()).containsExactly(path);
        assertThat(Files.getPosixFilePermissions(path)).isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
        try (WireClient client = WireClient.unixSocket(path)) {
            assertThat(client.readLine()).isEqualTo("hello");
            assertThat(listeners.sessions().getFirst().remote().isLoopbackAddress())
                    .isTrue();
            client.command("starttls", "begin");
            client.startTls(certificate.trust());
            listeners.stop(Duration.ofSeconds(5));
            assertThat(client.readLine()).isEqualTo("bye SERVER_STOPPING");
        }
        assertThat(nextRecord().tls()).isPresent();
        assertThat(path).doesNotExist();
    }

    @Test
    @Timeout(120)
    void onlyADeadProcessesSocketIsReplaced(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("words.sock");
        var other = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        other.bind(UnixDomainSocketAddress.of(path));
        assertThatThrownBy(() -> listeners.openAll(List.of(socket(path))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("listener words: cannot listen on " + path)
                .hasMessageContaining("another program");
        other.close(); // its file stays
        assertThat(path).exists();
        listeners = listeners(new ConnectionLimits(1_000, 1_000, 1_000, 1_000));
        listeners.openAll(List.of(socket(path)));
        try (WireClient client = WireClient.unixSocket(path)) {
            assertThat(client.readLine()).isEqualTo("hello");
        }

        Path text = Files.writeString(directory.resolve("notes"), "mine");
        for (Path wrong : List.of(text, directory.resolve("nowhere/words.sock"))) {
            Listeners others = listeners(new ConnectionLimits(1_000, 1_000, 1_000, 1_000));
            assertThatThrownBy(() -> others.openAll(List.of(socket(wrong))))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("listener words: cannot listen on " + wrong);
        }
        assertThat(text).hasContent("mine");
    }

    @Test
    void anAddressThatIsNotAllowedIsToldSoOrClosed() throws Exception {
        for (Security security : Security.values()) {
            InetSocketAddress address = listeners.open(new ListenerSettings(
                    "words",
                    new Endpoint.Port(
                            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
                            List.of(Network.parse("127.0.0.2"), Network.parse("192.0.2.0/24")),
                            false),
                    security,
                    words,
                    PATIENT));
            try (WireClient client = WireClient.plain(address)) {
                assertThat(client.readLine())
                        .isEqualTo(security == Security.STARTTLS ? "bye ADDRESS_NOT_ALLOWED" : null);
                assertThat(client.readLine()).isNull();
            }
        }
        assertThat(listeners.sessions()).isEmpty();
        assertThat(records).isEmpty();
    }
}
