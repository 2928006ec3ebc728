package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.postern.recordgroups.Surroundings;
import org.postern.server.Configuration.Service;
import org.postern.testkit.FreePorts;

/// A server that was started from a file, with the domain and the accounts of [ServerFixture]. All services listen
/// on 127.0.0.1, on ports that were free.
final class ConfiguredServer implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final Path directory;
    private final Map<Service, Integer> ports;
    private final Surroundings.Ports others;
    final PosternServer server;

    /// @param more settings beside host, directory and ports
    ConfiguredServer(Path directory, String more) throws IOException {
        this(directory, more, Surroundings.Ports.USUAL);
    }

    /// @param others where others' servers are
    ConfiguredServer(Path directory, String more, Surroundings.Ports others) throws IOException {
        this(directory, freePorts(), more, others);
    }

    private static Map<Service, Integer> freePorts() throws IOException {
        Map<Service, Integer> ports = new EnumMap<>(Service.class);
        Iterator<Integer> free = FreePorts.next(Service.values().length).iterator();
        for (Service service : Service.values()) {
            ports.put(service, free.next());
        }
        return ports;
    }

    private ConfiguredServer(Path directory, Map<Service, Integer> ports, String more, Surroundings.Ports others)
            throws IOException {
        this.directory = directory;
        this.ports = ports;
        this.others = others;
        configure(more);
        server = new PosternServer(LiveConfiguration.read(file(), Map.of()), others);
        server.listen();
        if (server.store().accounts().domains().isEmpty()) { // else it is a directory that was used before
            server.management().execute(new Request.Domain.Add("example.test"), "test");
            for (String address : List.of(ServerFixture.ALICE, ServerFixture.BOB)) {
                server.management()
                        .execute(
                                new Request.Account.Add(address),
                                ServerFixture.PASSWORD.getBytes(UTF_8),
                                "test",
                                Progress.NONE);
            }
        }
    }

    /// Stopped, and started with other settings, on the same ports.
    ConfiguredServer restarted(String more) throws IOException {
        close();
        return new ConfiguredServer(directory, ports, more, others);
    }

    Path file() {
        return directory.resolve("postern.conf");
    }

    Path data() {
        return directory.resolve("data");
    }

    /// Written beside and moved, as editors and tools do.
    void configure(String more) throws IOException {
        StringBuilder text =
                new StringBuilder("server { host = mail.example.test, addresses = [\"127.0.0.1\"], data-directory = \""
                        + data() + "\" }\n");
        ports.forEach((service, port) -> {
            if (service.forClients()) {
                text.append("listeners.")
                        .append(service.serviceName())
                        .append(".port = ")
                        .append(port)
                        .append('\n');
            }
        });
        Path made = Files.writeString(directory.resolve("postern.conf.made"), text + more + "\n");
        Files.move(made, file(), StandardCopyOption.REPLACE_EXISTING);
    }

    /// Settings by which the own name server has the zone `example.test`, with others' records of the file
    /// `others.zone`, and lookups believe what the file `anchors` says.
    ///
    /// @param port of the name server
    static String ownZone(Path directory, int port) {
        return """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  responses-per-second = 0
                  zones = [{ zone = example.test, name-servers = [ns.example.test], records = "%s" }]
                }
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  zones = [{ zone = example.test, by = own-server, servers = ["127.0.0.1:%d"] }]
                }
                """.formatted(port, directory.resolve("others.zone"), port, directory.resolve("anchors"), port);
    }

    InetSocketAddress address(Service service) {
        return new InetSocketAddress(LOOPBACK, port(service));
    }

    int port(Service service) {
        return ports.getOrDefault(service, 0);
    }

    CommandRun run(String... arguments) {
        return CommandRun.on(data(), arguments);
    }

    /// As above, and it must succeed.
    String done(String... arguments) {
        CommandRun run = run(arguments);
        assertThat(run.code()).as("%s", run).isZero();
        return run.out();
    }

    static void await(BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(Duration.ofMinutes(2));
        while (!condition.getAsBoolean()) {
            assertThat(Instant.now()).isBefore(deadline);
            LockSupport.parkNanos(20_000_000);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}
