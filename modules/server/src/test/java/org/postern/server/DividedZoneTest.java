package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Lookups;
import org.postern.testkit.Requirement;
import tools.jackson.databind.JsonNode;

/// TLSA records move from a zone that a real named has to one below it that Postern's own name server has: first
/// Postern is configured so, then somebody delegates it. Whoever asks finds them at each instant.
class DividedZoneTest {
    private static final String ZONE = "example.test";
    private static final String BELOW = "_tcp.mail.example.test";
    private static final String HOST = "mail.example.test";

    @TempDir
    Path directory;

    private DynamicPrimary above;
    private ConfiguredServer server;
    private int port;
    private Path anchor;
    private volatile boolean delegated;
    private volatile boolean over;
    private final List<String> missed = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger visits = new AtomicInteger();

    @BeforeEach
    void start() throws Exception {
        port = FreePorts.next();
        above = new DynamicPrimary(DynamicPrimary.Program.BIND, directory.resolve("above"));
        above.zone(ZONE, "mail A 127.0.0.1\n");
        above.start();
        anchor = above.anchor(ZONE);
        Files.setPosixFilePermissions(
                Files.writeString(directory.resolve("update.key"), DynamicPrimary.SECRET + "\n"),
                PosixFilePermissions.fromString("rw-------"));
        server = new ConfiguredServer(Files.createDirectory(directory.resolve("postern")), configuration("", "", 2));
        ConfiguredServer.await(this::steady);
    }

    @AfterEach
    void stop() {
        over = true;
        if (server != null) {
            server.close();
        }
        above.close();
    }

    private String configuration(String hosted, String published, int timeToLive) {
        return """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  responses-per-second = 0
                  zones = [{ zone = other.test, name-servers = [ns.example.test] }%s]
                }
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  time-to-live = %d seconds
                  zones = [{ zone = example.test, by = update, servers = ["127.0.0.1:%d"], server = "127.0.0.1:%d",
                    key = %s, secret-file = "%s" }%s]
                }
                """.formatted(
                        port,
                        hosted,
                        above.port(),
                        anchor,
                        timeToLive,
                        above.port(),
                        above.port(),
                        DynamicPrimary.KEY,
                        directory.resolve("update.key"),
                        published);
    }

    private String divided(int timeToLive) {
        return configuration(
                ", { zone = _tcp.mail.example.test, name-servers = [ns.example.test] }",
                ", { zone = _tcp.mail.example.test, by = own-server, servers = [\"127.0.0.1:" + port + "\"] }",
                timeToLive);
    }

    private boolean steady() {
        JsonNode host =
                server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
        return host.get("phase").asString().equals("steady")
                && host.get("published").size() == 2
                && host.get("obstacles").isEmpty()
                && server.run("dns", "diff", "--zone", ZONE).code() == 0;
    }

    private String owner() {
        return "_" + server.port(Service.IMAPS) + "._tcp." + HOST;
    }

    private List<String> records(int at) {
        try {
            return Lookups.records(at, owner(), "TLSA");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Follows the delegation by itself.
    private void visit() {
        boolean led = delegated;
        List<String> found = records(above.port());
        if (found.isEmpty() && (led || delegated)) {
            found = records(port);
        }
        visits.incrementAndGet();
        if (found.isEmpty()) {
            missed.add(led ? "behind the delegation" : "before it was delegated");
        }
    }

    private void everybodyFindsThem() {
        int before = visits.get();
        ConfiguredServer.await(() -> visits.get() > before + 1);
        assertThat(missed).isEmpty();
    }

    @Test
    @Requirement({"DANE-9", "DANE-14"})
    void recordsAreInBothZonesUntilTheOneBelowIsDelegated() throws Exception {
        Thread visitor = Thread.ofPlatform().daemon().name("visitor").start(() -> {
            while (!over) {
                visit();
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        });
        try (RolloverWitness witness = new RolloverWitness(
                server,
                ZONE,
                HOST,
                anchor,
                List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), above.port())))) {
            server.configure(divided(2));
            server.done("reload");
            ConfiguredServer.await(() -> !records(port).isEmpty());
            ConfiguredServer.await(this::steady);
            everybodyFindsThem();
            assertThat(records(above.port())).isEqualTo(records(port));

            // clients are not led to the new one yet: a key follows another where they ask
            List<String> first = records(above.port());
            server.done("certificate", "issue");
            ConfiguredServer.await(() -> steady()
                    && !records(above.port()).equals(first)
                    && records(above.port()).equals(records(port)));
            witness.nobodyWasRefused();
        }
        delegated = true;
        List<String> delegation = new ArrayList<>(List.of("update add " + BELOW + ". 2 NS ns." + ZONE + "."));
        server.done("dns", "ds", BELOW)
                .lines()
                .filter(line -> line.contains("DS"))
                .forEach(line -> delegation.add("update add " + line));
        above.change(ZONE, delegation.toArray(String[]::new));
        assertThat(records(above.port())).as("named leads on").isEmpty();
        everybodyFindsThem();

        // and what named keeps below its delegation holds nothing up
        server.configure(divided(3));
        server.done("reload");
        ConfiguredServer.await(() -> records(port).stream().allMatch(record -> record.startsWith("3 TLSA"))
                && records(port).size() == 2
                && steady());
        List<String> before = records(port);
        server.done("certificate", "issue");
        ConfiguredServer.await(() -> steady() && !records(port).equals(before));
        everybodyFindsThem();
        over = true;
        visitor.join();
        assertThat(missed).isEmpty();
    }
}
