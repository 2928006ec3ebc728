package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.TlsaRecord;
import org.postern.mua.Probe;
import org.postern.mua.Prober;
import org.postern.mua.Server;
import org.postern.mua.Service;
import org.postern.mua.Target;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.testkit.ChangingZones;
import org.postern.testkit.ChangingZones.State;
import org.postern.testkit.PebbleServer;
import org.postern.testkit.Pem;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestAuthority;
import tools.jackson.databind.JsonNode;

/// Keys follow each other in a signed zone that a real NSD serves, while clients with a validating resolver and
/// its cache come and go. A record set lives for two seconds; whoever publishes takes what `postern dns show`
/// says.
class TlsaRolloverTest {
    private static final String DOMAIN = "example.test";
    private static final String HOST = "mail.example.test";
    private static final String ADDRESS = "mail 1 A 127.0.0.1\n";

    @TempDir
    Path directory;

    private ChangingZones zones;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;
    private final List<String> refused = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger visits = new AtomicInteger();

    @BeforeEach
    void serve() throws Exception {
        zones = new ChangingZones(Files.createDirectory(directory.resolve("zones")));
        zones.put(DOMAIN, State.SECURE, ADDRESS);
        zones.start();
    }

    @AfterEach
    void stop() throws Exception {
        finish();
        zones.close();
    }

    /// Before the server goes: nobody comes any more.
    private void finish() throws InterruptedException {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private String dns() {
        String address = "127.0.0.1:" + zones.address().getPort();
        return """
                dns {
                  resolver { upstreams = ["%s"], trust-anchor-file = "%s" }
                  time-to-live = 2 seconds
                  zones = [{ zone = example.test, by = text, servers = ["%s"] }]
                }
                """.formatted(address, zones.anchor(), address);
    }

    private void inBackground(String name, Runnable work) {
        threads.add(Thread.ofPlatform().daemon().name(name).start(() -> {
            while (!over) {
                work.run();
                LockSupport.parkNanos(50_000_000);
            }
        }));
    }

    /// Somebody who publishes what he is shown, whenever it is something else.
    private void publishing(ConfiguredServer server) {
        List<String> last = new ArrayList<>();
        inBackground("publisher", () -> {
            try {
                List<String> wanted = server.done("dns", "show")
                        .lines()
                        .filter(line -> !line.startsWith(";"))
                        .toList();
                if (!wanted.equals(last)) {
                    zones.put(DOMAIN, State.SECURE, ADDRESS + String.join("\n", wanted) + "\n");
                    zones.change(DOMAIN);
                    last.clear();
                    last.addAll(wanted);
                }
            } catch (Exception e) {
                refused.add("not published: " + e);
            }
        });
    }

    /// A client that heeds TLSA records, with a cache of its own.
    private void visiting(ConfiguredServer server) throws Exception {
        Resolver resolver = new Resolver(ResolverSettings.of(List.of(new Upstream(
                        InetAddress.ofLiteral("127.0.0.1"), zones.address().getPort())))
                .withAnchors(TrustAnchorFile.of(zones.anchor())));
        Prober prober = new Prober(Duration.ofSeconds(30));
        int port = server.port(Configuration.Service.IMAPS);
        inBackground("client", () -> {
            Target target = Target.resolve(Server.configured(Service.IMAPS, HOST, port), resolver::lookup);
            if (target.tlsaRecords().isEmpty()) {
                return; // not published yet
            }
            Probe probe = prober.probe(target, target.addresses().getFirst());
            X509Certificate leaf = probe.tls().orElseThrow().chain().getFirst();
            visits.incrementAndGet();
            if (!target.tlsaRecords().contains(TlsaRecord.of(3, 1, 1, leaf))) {
                refused.add(target.tlsaRecords() + " does not match " + TlsaRecord.of(3, 1, 1, leaf));
            }
        });
    }

    private static JsonNode rollover(ConfiguredServer server) {
        return server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
    }

    private static List<String> texts(JsonNode node, String name) {
        return StreamSupport.stream(node.get(name).spliterator(), false)
                .map(JsonNode::asString)
                .collect(Collectors.toList());
    }

    /// Until nothing is under way, and this key is served.
    private static void awaitSteady(ConfiguredServer server, String key) {
        ConfiguredServer.await(() -> {
            JsonNode now = rollover(server);
            return now.get("phase").asString().equals("steady")
                    && texts(now, "serving").equals(List.of(key))
                    && texts(now, "published").size()
                            == 1 + texts(now, "announced").size()
                    && now.get("everywhere").booleanValue();
        });
    }

    private static String awaitAnother(ConfiguredServer server, String key) {
        ConfiguredServer.await(() -> !texts(rollover(server), "serving").equals(List.of(key)));
        return texts(rollover(server), "serving").getFirst();
    }

    private void nobodyWasRefused() {
        assertThat(refused).isEmpty();
        int before = visits.get();
        ConfiguredServer.await(() -> visits.get() > before + 3);
        assertThat(refused).isEmpty();
    }

    @Test
    @Requirement({"DANE-10", "DANE-14", "DANE-24", "TLS-14"})
    void keysOfTheOwnAuthorityAndOfOthersFollowEachOtherWhileClientsComeAndGo() throws Exception {
        TestAuthority authority = new TestAuthority("Another");
        try (ConfiguredServer server = new ConfiguredServer(directory, dns())) {
            String first = texts(rollover(server), "serving").getFirst();
            publishing(server);
            visiting(server);
            awaitSteady(server, first);
            server.done("certificate", "issue");
            assertThat(texts(rollover(server), "serving")).containsExactly(first);
            String next = awaitAnother(server, first);
            awaitSteady(server, next);
            nobodyWasRefused();

            // a key that nobody has heard of
            TestAuthority.Issued brought = authority.issue(TestAuthority.Request.of(HOST));
            Path file = Files.writeString(directory.resolve("brought.pem"), Pem.of(brought.certificate()));
            Path key = Files.writeString(directory.resolve("brought-key.pem"), Pem.of(brought.key()));
            assertThat(server.done("certificate", "install", file.toString(), "--key", key.toString()))
                    .contains("it waits until caches know its key");
            assertThat(server.done("certificate", "list"))
                    .contains("WAITS until caches know its key", brought.keyDigest(), "problem: the key ");
            assertThat(server.done("dns", "rollover")).contains("waiting     " + brought.keyDigest());
            assertThat(texts(rollover(server), "serving")).containsExactly(next);
            ConfiguredServer.await(() -> texts(rollover(server), "serving").equals(List.of(brought.keyDigest())));
            awaitSteady(server, brought.keyDigest());
            assertThat(server.done("certificate", "list")).doesNotContain("WAITS");
            nobodyWasRefused();
            finish();
        }
    }

    @Test
    @Requirement("DANE-10")
    void whatWaitsAtAStopWaitsOnAfterTheStart() throws Exception {
        TestAuthority authority = new TestAuthority("Another");
        String first;
        TestAuthority.Issued brought = authority.issue(TestAuthority.Request.of(HOST));
        String longer = dns().replace("2 seconds", "30 minutes");
        try (ConfiguredServer server = new ConfiguredServer(directory, longer)) {
            first = texts(rollover(server), "serving").getFirst();
            publishing(server);
            awaitSteady(server, first);
            Path file = Files.writeString(directory.resolve("brought.pem"), Pem.of(brought.certificate()));
            Path key = Files.writeString(directory.resolve("brought-key.pem"), Pem.of(brought.key()));
            server.done("certificate", "install", file.toString(), "--key", key.toString());
            ConfiguredServer.await(
                    () -> rollover(server).get("phase").asString().equals("waiting"));
            finish();
        }
        try (ConfiguredServer server = new ConfiguredServer(directory, longer)) {
            JsonNode now = rollover(server); // its ports are others: there the records are missing
            assertThat(texts(now, "serving")).containsExactly(first);
            assertThat(texts(now, "waiting")).containsExactly(brought.keyDigest());
            assertThat(server.run("dns", "rollover", "--force", HOST).err()).contains("--force needs --reason");
            assertThat(server.done("dns", "rollover", "--force", HOST, "--reason", "the old key is lost"))
                    .contains("serving     " + brought.keyDigest());
        }
    }

    @Test
    @Requirement("DANE-15")
    void aKeyInTheWrongHandsGoesAtOnce() throws Exception {
        try (ConfiguredServer server = new ConfiguredServer(directory, dns())) {
            String first = texts(rollover(server), "serving").getFirst();
            publishing(server);
            visiting(server);
            awaitSteady(server, first);
            assertThat(server.done("dns", "rollover", "emergency", first))
                    .contains("nothing was done", "are shut out for up to 2 s");
            assertThat(server.run("dns", "rollover", "emergency", first, "--confirm")
                            .err())
                    .contains("give a reason");
            server.done("dns", "rollover", "emergency", first, "--confirm", "--reason", "a laptop was stolen");
            String next = awaitAnother(server, first);
            awaitSteady(server, next);
            assertThat(texts(rollover(server), "compromised")).containsExactly(first);
            refused.clear(); // those who held the old records, for as long as these lived
            nobodyWasRefused();
            finish();
        }
    }

    /// Where Postern publishes by itself: [PublishedRolloverTest].
    @Test
    @Tag("long")
    @Requirement({"DANE-9", "DANE-24"})
    void renewalsThroughAcmePassWithoutARefusal() throws Exception {
        PebbleServer pebble = new PebbleServer(directory, Map.of(), false);
        String settings = """
                tls { certificates = acme, acme {
                  directory = "%s", trust = "%s", agree-to-terms = true, contacts = ["mailto:postmaster@example.test"]
                  http { address = "127.0.0.1", port = %d }
                } }
                """.formatted(pebble.directory(), pebble.trust(), pebble.httpPort());
        try (pebble;
                ConfiguredServer server = new ConfiguredServer(directory, settings + dns())) {
            ConfiguredServer.await(() -> !texts(rollover(server), "serving").isEmpty());
            publishing(server);
            visiting(server);
            String key = texts(rollover(server), "serving").getFirst();
            for (int renewal = 0; renewal < 2; renewal++) {
                awaitSteady(server, key);
                server.done("certificate", "issue");
                key = awaitAnother(server, key);
            }
            awaitSteady(server, key);
            nobodyWasRefused();
            finish();
        }
    }
}
