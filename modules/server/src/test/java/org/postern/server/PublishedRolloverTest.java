package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.FreePorts;
import org.postern.testkit.PebbleServer;
import org.postern.testkit.Pem;
import org.postern.testkit.Requirement;
import org.postern.testkit.SecondaryServer;
import org.postern.testkit.TestAuthority;
import tools.jackson.databind.JsonNode;

/// Keys of an ACME authority follow each other while Postern publishes their records by itself, the next key ahead of
/// time; a record set lives for two seconds.
class PublishedRolloverTest {
    private static final String DOMAIN = "example.test";
    private static final String HOST = "mail.example.test";

    @TempDir
    Path directory;

    private PebbleServer authority() throws Exception {
        return new PebbleServer(directory, Map.of(), false);
    }

    private static String acme(PebbleServer pebble) {
        return """
                tls { certificates = acme, acme {
                  directory = "%s", trust = "%s", agree-to-terms = true, contacts = ["mailto:postmaster@example.test"]
                  http { address = "127.0.0.1", port = %d }
                } }
                """.formatted(pebble.directory(), pebble.trust(), pebble.httpPort());
    }

    private static JsonNode rollover(ConfiguredServer server) {
        return server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
    }

    private static Set<String> texts(JsonNode node, String name) {
        Set<String> texts = new TreeSet<>();
        node.get(name).forEach(text -> texts.add(text.asString()));
        return texts;
    }

    private static String only(JsonNode node, String name) {
        assertThat(texts(node, name)).hasSize(1);
        return texts(node, name).iterator().next();
    }

    /// Until nothing is under way, the served and the next key's records are on every server, and no cache can be
    /// without the next one's.
    private static String awaitKnownNextKey(ConfiguredServer server) {
        ConfiguredServer.await(() -> {
            JsonNode now = rollover(server);
            return now.get("phase").asString().equals("steady")
                    && now.get("everywhere").booleanValue()
                    && texts(now, "serving").size() == 1
                    && texts(now, "published").size() == 2
                    && outage(server, only(now, "serving")) == 0;
        });
        return only(rollover(server), "announced");
    }

    private static long outage(ConfiguredServer server, String key) {
        return server.run("dns", "rollover", "emergency", key, "--json")
                .json()
                .get("outages")
                .get(HOST)
                .longValue();
    }

    /// By a key that everybody knows.
    private static void renew(ConfiguredServer server, RolloverWitness witness) {
        String next = awaitKnownNextKey(server);
        String first = only(rollover(server), "serving");
        server.done("certificate", "issue");
        assertThat(texts(rollover(server), "serving"))
                .as("nobody has to wait")
                .containsExactly(next)
                .doesNotContain(first);
        witness.nobodyWasRefused();
    }

    /// By a key that nobody has heard of: it waits.
    private void bring(ConfiguredServer server, RolloverWitness witness) throws Exception {
        awaitKnownNextKey(server);
        String first = only(rollover(server), "serving");
        TestAuthority.Issued brought = new TestAuthority("Another").issue(TestAuthority.Request.of(HOST));
        Path file = Files.writeString(directory.resolve("brought.pem"), Pem.of(brought.certificate()));
        Path key = Files.writeString(directory.resolve("brought-key.pem"), Pem.of(brought.key()));
        assertThat(server.done("certificate", "install", file.toString(), "--key", key.toString()))
                .contains("it waits until caches know its key");
        ConfiguredServer.await(() -> texts(rollover(server), "serving").equals(Set.of(brought.keyDigest())));
        awaitKnownNextKey(server);
        assertThat(texts(rollover(server), "published")).noneMatch(data -> data.contains(first));
        witness.nobodyWasRefused();
        assertThat(witness.sets()).as("sets that were published").isGreaterThan(3);
    }

    @Test
    @Tag("long")
    @Requirement({"DANE-9", "DANE-10", "DANE-24"})
    void renewalsPassThroughUpdatesOfAPrimaryWhoseSecondaryIsLate() throws Exception {
        try (PebbleServer pebble = authority();
                DynamicPrimary primary =
                        new DynamicPrimary(DynamicPrimary.Program.BIND, directory.resolve("primary"))) {
            int late = FreePorts.next();
            primary.zone(DOMAIN, "mail A 127.0.0.1\n");
            primary.secondary(late);
            primary.start();
            Files.setPosixFilePermissions(
                    Files.writeString(directory.resolve("update.key"), DynamicPrimary.SECRET + "\n"),
                    PosixFilePermissions.fromString("rw-------"));
            List<InetSocketAddress> servers = List.of(address(primary.port()), address(late));
            String dns = """
                    dns {
                      resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                      time-to-live = 2 seconds
                      zones = [{ zone = example.test, by = update, servers = ["127.0.0.1:%d", "127.0.0.1:%d"]
                        server = "127.0.0.1:%d", key = %s, secret-file = "%s" }]
                    }
                    """.formatted(
                            primary.port(),
                            primary.anchor(DOMAIN),
                            primary.port(),
                            late,
                            primary.port(),
                            DynamicPrimary.KEY,
                            directory.resolve("update.key"));
            try (SecondaryServer secondary = SecondaryServer.start(
                            SecondaryServer.Program.KNOT, directory, DOMAIN, DynamicPrimary.KEY, late, primary.port());
                    ConfiguredServer server = new ConfiguredServer(directory, acme(pebble) + dns)) {
                assertThat(secondary.port()).isEqualTo(late);
                ConfiguredServer.await(() -> !texts(rollover(server), "serving").isEmpty());
                try (RolloverWitness witness =
                        new RolloverWitness(server, DOMAIN, HOST, primary.anchor(DOMAIN), servers)) {
                    renew(server, witness);
                    bring(server, witness);
                }
            }
        }
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    private String ownServer(PebbleServer pebble, int port, String timeToLive) throws Exception {
        Path others = Files.writeString(directory.resolve("others.zone"), "mail A 127.0.0.1\n");
        return acme(pebble) + """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  responses-per-second = 0
                  zones = [{ zone = example.test, name-servers = [mail.example.test], records = "%s" }]
                }
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  time-to-live = %s
                  zones = [{ zone = example.test, by = own-server, servers = ["127.0.0.1:%d"] }]
                }
                """.formatted(port, others, port, directory.resolve("anchors"), timeToLive, port);
    }

    /// The zone is not to be believed at first; then its key becomes the resolver's anchor.
    private ConfiguredServer withOwnServer(PebbleServer pebble, int port) throws Exception {
        Path anchor = Files.writeString(
                directory.resolve("anchors"),
                "example.test. DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
        ConfiguredServer server = new ConfiguredServer(directory, ownServer(pebble, port, "5 minutes"));
        ConfiguredServer.await(() -> !texts(rollover(server), "serving").isEmpty());
        Files.writeString(anchor, server.done("dns", "ds", DOMAIN));
        server.configure(ownServer(pebble, port, "2 seconds"));
        server.done("reload");
        return server;
    }

    @Test
    @Requirement({"DANE-9", "DANE-10", "DANE-15", "DANE-24"})
    void throughTheOwnNameServerARenewalPassesAndAnEmergencyShutsNobodyOutWhereTheNextKeyIsKnown() throws Exception {
        int port = FreePorts.next(1).getFirst();
        try (PebbleServer pebble = authority();
                ConfiguredServer server = withOwnServer(pebble, port);
                RolloverWitness witness = new RolloverWitness(
                        server, DOMAIN, HOST, directory.resolve("anchors"), List.of(address(port)))) {
            renew(server, witness);
            String next = awaitKnownNextKey(server);
            String stolen = only(rollover(server), "serving");
            JsonNode done = server.run(
                            "dns",
                            "rollover",
                            "emergency",
                            stolen,
                            "--confirm",
                            "--reason",
                            "a laptop was stolen",
                            "--json")
                    .json();
            assertThat(done.get("done").booleanValue()).isTrue();
            assertThat(done.get("outages").get(HOST).longValue()).isZero();
            assertThat(texts(rollover(server), "serving")).as("at once").containsExactly(next);
            ConfiguredServer.await(
                    () -> texts(rollover(server), "published").stream().noneMatch(data -> data.contains(stolen)));
            String following = awaitKnownNextKey(server);
            assertThat(following).isNotIn(stolen, next);
            assertThat(texts(rollover(server), "compromised")).containsExactly(stolen);
            witness.nobodyWasRefused();
            bring(server, witness);
        }
    }
}
