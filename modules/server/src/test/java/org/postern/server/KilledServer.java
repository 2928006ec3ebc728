package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLContext;
import org.postern.server.Configuration.Service;
import org.postern.store.SegmentSettings;
import org.postern.store.StoreSettings;
import org.postern.testkit.WireClient;

/// A server in a process of its own, to be killed: with small segments, so that they are compacted all the while.
final class KilledServer implements AutoCloseable, AcknowledgedChanges.Server {
    private static final SegmentSettings SEGMENTS =
            new SegmentSettings(1 << 20, false, 30, 1L << 30, Duration.ofSeconds(1), 0);
    private static final String READY = "ready";

    private final Path directory;
    private final Process process;
    private final Map<Service, Integer> ports = new EnumMap<>(Service.class);
    private final SSLContext trust;

    private KilledServer(Path directory, Process process) throws IOException {
        this.directory = directory;
        this.process = process;
        var said = new ArrayList<String>();
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        String line = lines.readLine();
        for (; line != null && !line.equals(READY); line = lines.readLine()) {
            said.add(line);
            String[] port = line.split(" ", -1);
            if (Arrays.stream(Service.values())
                    .anyMatch(service -> service.name().equals(port[0]))) {
                ports.put(Service.valueOf(port[0]), Integer.parseInt(port[1]));
            }
        }
        if (line == null) {
            throw new AssertionError("it did not start: " + String.join("\n", said));
        }
        // not virtual: a read from a pipe keeps its carrier
        Thread.ofPlatform().daemon().start(() -> {
            try {
                lines.lines().forEach(System.out::println);
            } catch (RuntimeException killed) {
                // as it is meant to be
            }
        });
        trust = ServerFixture.trust(data().resolve("tls/ca.pem"));
    }

    /// Starts one and waits until it is ready.
    static KilledServer start(Path directory, String... accounts) throws IOException {
        List<String> command = JavaCommand.of(KilledServer.class, directory.toString());
        command.addAll(List.of(accounts));
        return new KilledServer(
                directory, new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /// The process: the directory, and its accounts.
    static void main(String[] arguments) throws InterruptedException {
        Path directory = Path.of(arguments[0]);
        StoreSettings store = StoreSettings.in(directory.resolve("data")).withSegments(SEGMENTS);
        var fixture = new ServerFixture(directory, Duration.ofSeconds(1), store);
        Logging.level("error");
        for (String account : Arrays.asList(arguments).subList(1, arguments.length)) {
            if (fixture.server.store().accounts().account(account).isEmpty()) {
                fixture.addAccount(account, ServerFixture.PASSWORD.getBytes(UTF_8));
            }
        }
        for (Service service : Service.values()) {
            if (service != Service.LMTP) {
                System.out.println(service + " " + fixture.port(service));
            }
        }
        var stop = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
            fixture.close();
            Runtime.getRuntime().halt(0);
        }));
        System.out.println(READY);
        stop.await();
    }

    Path data() {
        return directory.resolve("data");
    }

    boolean runs() {
        return process.isAlive();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        process.waitFor();
    }

    /// SIGTERM.
    ///
    /// @return the exit code
    int stop() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    private InetSocketAddress address(Service service) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), Objects.requireNonNull(ports.get(service)));
    }

    @Override
    public WireClient imap(String account) throws IOException {
        WireClient client = WireClient.implicitTls(address(Service.IMAPS), trust);
        client.readLine();
        client.command("l LOGIN " + account + " " + ServerFixture.PASSWORD, "l OK");
        return client;
    }

    @Override
    public WireClient pop3(String account) throws IOException {
        WireClient client = WireClient.implicitTls(address(Service.POP3S), trust);
        client.readLine();
        client.command("USER " + account, "+OK");
        client.command("PASS " + ServerFixture.PASSWORD, "+OK");
        return client;
    }

    @Override
    public WireClient lmtp() throws IOException {
        WireClient client = WireClient.unixSocket(directory.resolve("lmtp.sock"));
        client.readUntil("220 ");
        return client;
    }

    @Override
    public WireClient submission(String account) throws IOException {
        return ServerFixture.submission(address(Service.SUBMISSIONS), trust, account, ServerFixture.PASSWORD);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
