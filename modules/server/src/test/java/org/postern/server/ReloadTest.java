package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.WireClient;

/// `postern reload`, and files that change, on a server that was started from a file.
class ReloadTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @TempDir
    Path directory;

    private final List<Integer> ports = new ArrayList<>();
    private TestCertificate certificate = TestCertificate.forLocalhost("mail.example.test");
    private Path file;
    private PosternServer server;

    @BeforeEach
    void start() throws IOException {
        List<ServerSocket> taken = new ArrayList<>();
        for (int index = 0; index < 4; index++) {
            taken.add(new ServerSocket(0, 1, LOOPBACK));
        }
        for (ServerSocket socket : taken) {
            ports.add(socket.getLocalPort());
            socket.close();
        }
        certificate.write(directory.resolve("mail.pem"));
        file = directory.resolve("postern.conf");
        configure("");
        server = new PosternServer(LiveConfiguration.read(file, Map.of()));
        server.listen();
        server.management().execute(new Request.Domain.Add("example.test"), "test");
        server.management()
                .execute(
                        new Request.Account.Add(ServerFixture.ALICE),
                        ServerFixture.PASSWORD.getBytes(UTF_8),
                        "test",
                        Progress.NONE);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /// Written beside and moved, as editors and tools do.
    private void configure(String more) throws IOException {
        Path pem = directory.resolve("mail.pem");
        Path made = Files.writeString(
                directory.resolve("made"),
                """
                server { host = mail.example.test, addresses = ["127.0.0.1"], data-directory = "%s" }
                tls { certificates = files, files = [{ chain = "%s", key = "%s" }] }
                listeners { imaps.port = %d, pop3.port = %d, imap.enabled = false, pop3s.enabled = false }
                listeners { submission.enabled = false, submissions.enabled = false }
                """.formatted(directory.resolve("data"), pem, pem, ports.get(0), ports.get(1)) + more);
        Files.move(made, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private CommandRun reload(String... options) {
        String[] arguments = new String[options.length + 1];
        arguments[0] = "reload";
        System.arraycopy(options, 0, arguments, 1, options.length);
        return CommandRun.on(directory.resolve("data"), arguments);
    }

    private WireClient imap() throws IOException {
        WireClient client = WireClient.implicitTls(new InetSocketAddress(LOOPBACK, ports.get(0)), certificate.trust());
        client.readUntil("* OK ");
        return client;
    }

    private static void await(BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(Duration.ofMinutes(2));
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(deadline);
            LockSupport.parkNanos(20_000_000);
        }
    }

    private boolean serves(TestCertificate expected) {
        try (WireClient client =
                WireClient.implicitTls(new InetSocketAddress(LOOPBACK, ports.get(0)), expected.trust())) {
            client.readUntil("* OK ");
            return true;
        } catch (SSLHandshakeException another) {
            return false;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nothingChanges() {
        assertThat(reload()).isEqualTo(new CommandRun(0, "no setting changed; certificates were looked at\n", ""));
    }

    @Test
    void aListenerComesAndGoesAndItsSessionsLiveOn() throws IOException {
        try (WireClient client = imap()) {
            client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
            configure("listeners { imaps.enabled = false, submissions { enabled = true, port = " + ports.get(2)
                    + " } }\n" + "store.view-memory = 2 MiB\nlog.level = warn\n");
            CommandRun run = reload("--json");
            assertThat(run.code()).isZero();
            assertThat(run.json().get("waiting").toString()).isEqualTo("[\"store.view-memory\"]");
            assertThat(server.bound()).containsOnlyKeys("pop3", "submissions");
            client.command("n NOOP", "n OK"); // decisions: existing sessions live on
            assertThatThrownBy(() -> new Socket(LOOPBACK, ports.get(0)).close()).isInstanceOf(ConnectException.class);
            try (WireClient submission =
                    WireClient.implicitTls(new InetSocketAddress(LOOPBACK, ports.get(2)), certificate.trust())) {
                submission.readUntil("220 ");
            }
            configure("");
            assertThat(reload().code()).isZero();
            assertThat(server.bound()).containsOnlyKeys("pop3", "imaps");
            imap().close();
        } finally {
            Logging.level("info");
        }
    }

    /// RFC 1939 §8: a maildrop belongs to one session, whichever configuration that began under.
    @Test
    void aMaildropStaysLocked() throws IOException {
        try (WireClient first = pop3()) {
            first.command("PASS " + ServerFixture.PASSWORD, "+OK");
            configure("pop3.after-login = 20 minutes\n");
            assertThat(reload().code()).isZero();
            try (WireClient second = pop3()) {
                second.command("PASS " + ServerFixture.PASSWORD, "-ERR [IN-USE]");
            }
            first.command("STAT", "+OK");
        }
    }

    private WireClient pop3() throws IOException {
        WireClient client = WireClient.plain(new InetSocketAddress(LOOPBACK, ports.get(1)));
        client.readUntil("+OK");
        client.command("STLS", "+OK");
        client.startTls(certificate.trust());
        client.command("USER " + ServerFixture.ALICE, "+OK");
        return client;
    }

    @Test
    void whatAppliesIsToldByName() throws IOException {
        try (LogLines log = new LogLines("org.postern.server.PosternServer")) {
            configure("limits.connections-per-address = 1\n");
            String told = reload().out() + String.join("\n", log.all());
            assertThat(told).contains("limits.connections-per-address");
        }
        try (WireClient first = imap()) {
            first.command("n NOOP", "n OK");
            try (WireClient second = WireClient.plain(new InetSocketAddress(LOOPBACK, ports.get(1)))) {
                second.readUntil("-ERR [");
            }
        }
    }

    @Test
    void whatCannotBeUsedChangesNothing() throws IOException {
        configure("listeners.imaps.enabled = false\nlimits.connections = none\n");
        CommandRun run = reload();
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.err())
                .contains("the running one stays: " + file + ":6: limits.connections")
                .doesNotContain("Exception");
        imap().close();
        configure("tls.files = [{ chain = \"/nowhere.pem\", key = \"/nowhere.pem\" }]\n");
        assertThat(reload().err()).contains("the running certificates stay", "/nowhere.pem does not exist");
        imap().close();
        try (ServerSocket other = new ServerSocket(ports.get(3), 1, LOOPBACK)) {
            configure("listeners { imaps.enabled = false, submissions { enabled = true, port = " + other.getLocalPort()
                    + " } }\n");
            assertThat(reload().err())
                    .contains("the running listeners stay: listener submissions: cannot listen on", "another program");
        }
        imap().close();
    }

    @Test
    void aFileThatChangesIsTakenOverByItself() throws IOException {
        configure("listeners { submissions { enabled = true, port = " + ports.get(2) + " } }\n");
        await(() -> server.bound().containsKey("submissions"));
    }

    @Test
    void aRenewedCertificateIsServedAndABadOneIsNot() throws Exception {
        TestCertificate renewed = TestCertificate.forLocalhost("mail.example.test");
        Path pem = directory.resolve("mail.pem");
        renewed.write(pem);
        await(() -> serves(renewed));
        try (LogLines log = new LogLines("org.postern.server.CertificateKeeper")) {
            String good = Files.readString(pem);
            TestCertificate other = TestCertificate.forLocalhost("mail.example.test");
            other.write(directory.resolve("other.pem"));
            String foreign = Files.readString(directory.resolve("other.pem"));
            // the chain of one, the key of the other: as it stands between two writes
            Files.writeString(
                    pem,
                    foreign.substring(0, foreign.indexOf("-----BEGIN PRIVATE"))
                            + good.substring(good.indexOf("-----BEGIN PRIVATE")));
            await(() -> log.all().stream().anyMatch(line -> line.contains("is not the key of the first certificate")));
            assertThat(serves(renewed)).isTrue();
            assertThat(reload().code()).isEqualTo(4);
            assertThat(serves(renewed)).isTrue();
            other.write(pem);
            await(() -> serves(other));
        }
    }

    /// conf/postern.conf says of each setting whether it applies live, and is right.
    @Test
    void theConfigurationFileSaysWhatIsLive() throws IOException {
        Pattern key = Pattern.compile("^  (# )?([a-z0-9.-]+) = .*?(# (live|restart))?$");
        String section = "";
        int settings = 0;
        for (String line :
                Files.readAllLines(Path.of(System.getProperty("postern.root", "../.."), "conf/postern.conf"))) {
            if (line.matches("[a-z0-9-]+ \\{")) {
                section = line.substring(0, line.indexOf(' '));
            }
            Matcher setting = key.matcher(line);
            if (setting.matches()) {
                settings++;
                String name = section + "." + setting.group(2);
                assertThat(setting.group(4))
                        .as("the mark behind %s", name)
                        .isEqualTo(ConfigurationReader.isLive(name) ? "live" : "restart");
            }
        }
        assertThat(settings).isGreaterThan(30);
    }
}
