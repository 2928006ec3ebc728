package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Programs;
import org.postern.testkit.ServerProcess;
import tools.jackson.databind.JsonNode;

/// `postern reload` with other zones, secondaries, keys and limits of the name server, while a real Knot is its
/// secondary.
class NameServerReloadTest {
    private static final String SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    @TempDir
    Path directory;

    private @Nullable ServerProcess knot;
    private int primary;
    private int secondary;

    @AfterEach
    void stop() {
        if (knot != null) {
            knot.close();
        }
    }

    @Test
    void aSecondaryGoesOnWhileZonesComeAndGo() throws Exception {
        List<Integer> ports = FreePorts.next(2);
        primary = ports.getFirst();
        secondary = ports.getLast();
        String first = zone("example.test", "denial = nsec", knot("transfer.test"));
        try (ConfiguredServer server = new ConfiguredServer(directory, nameServer("", first))) {
            startKnot();
            ConfiguredServer.await(() -> same("example.test"));
            assertThat(ask(secondary, "example.test", "NSEC3PARAM")).isEmpty();
            String key = delegation(server, "example.test");

            String hashed = zone("example.test", "denial = nsec3", knot("transfer.test"), asking("other.test"));
            String second = zone("second.test", "algorithm = ed25519", knot("transfer.test"));
            server.configure(
                    nameServer("responses-per-second = 0\nconnections = 20\nidle = 5 seconds", hashed, second));
            String reloaded = server.done("reload");
            assertThat(reloaded)
                    .contains(
                            "nameserver.zones",
                            "nameserver.responses-per-second",
                            "nameserver.connections",
                            "nameserver.idle")
                    .doesNotContain("restart");
            ConfiguredServer.await(() -> same("second.test"));
            ConfiguredServer.await(
                    () -> !ask(secondary, "example.test", "NSEC3PARAM").isEmpty());
            ConfiguredServer.await(() -> confirmed(server, "example.test") && confirmed(server, "second.test"));
            assertThat(delegation(server, "example.test")).as("the same key").isEqualTo(key);
            assertThat(transferred("example.test", "other.test")).contains("NSEC3PARAM");
            assertThat(transferred("second.test", "other.test")).doesNotContain("SOA");

            // all or nothing: one zone cannot be as it says, so neither does the other change nor the third come
            String before = ask(primary, "example.test", "SOA");
            Path wrong = Files.writeString(directory.resolve("wrong.zone"), "www DNAME elsewhere\n");
            server.configure(nameServer(
                    "",
                    zone("example.test", "denial = nsec", knot("transfer.test")),
                    zone("second.test", "records = \"" + wrong + "\"", knot("transfer.test")),
                    zone("third.test", "")));
            CommandRun refused = server.run("reload");
            assertThat(refused.code()).isEqualTo(Main.CONFIGURATION);
            assertThat(refused.err()).contains("the running zones stay: " + wrong + ": www.second.test. DNAME");
            assertThat(ask(primary, "third.test", "SOA")).isEmpty();
            assertThat(ask(primary, "example.test", "SOA")).isEqualTo(before);
            assertThat(transferred("example.test", "other.test")).contains("NSEC3PARAM");

            // another algorithm comes step by step, and the old one may come back
            server.configure(nameServer("", hashed, zone("second.test", "keys = ksk-zsk", knot("transfer.test"))));
            server.done("reload");
            ConfiguredServer.await(
                    () -> server.done("dns", "keys", "second.test").contains("step 1 of 5"));
            assertThat(server.done("dns", "keys", "second.test"))
                    .contains(
                            "from csk ed25519 to ksk-zsk ecdsa-p256, step 1 of 5: everything is signed by the new keys too")
                    .containsPattern("goes on at \\S+Z at the earliest")
                    .containsPattern("ksk +ecdsa-p256 .* signs, waits");
            assertThat(server.done("dns", "ds", "second.test"))
                    .as("still of the old key")
                    .containsPattern("DS\\s+\\d+ 15 2 ");
            assertThat(server.run("dns", "roll-key", "second.test", "csk").err())
                    .contains("the keys of second.test are being changed from csk ed25519 to ksk-zsk ecdsa-p256");
            ConfiguredServer.await(() -> confirmed(server, "second.test"));
            assertThat(run("dig", "@127.0.0.1", "-p", "" + secondary, "+dnssec", "second.test", "SOA"))
                    .containsPattern("RRSIG\\s+SOA 13 ")
                    .containsPattern("RRSIG\\s+SOA 15 ");
            assertThat(shown(server, "second.test").get("change").get("step").asInt())
                    .isEqualTo(1);
            server.configure(nameServer("", hashed, second));
            server.done("reload");
            ConfiguredServer.await(
                    () -> shown(server, "second.test").get("change").isNull());
            ConfiguredServer.await(() -> confirmed(server, "second.test"));
            assertThat(ask(secondary, "second.test", "DNSKEY")).doesNotContain(" 13 ");

            // a zone and a key go; the rest goes on
            server.configure(nameServer(
                    "", zone("example.test", "denial = nsec3, contact = \"dns@example.test\"", knot("transfer.test"))));
            server.done("reload");
            assertThat(ask(primary, "second.test", "SOA")).isEmpty();
            assertThat(transferred("example.test", "other.test")).doesNotContain("SOA");
            ConfiguredServer.await(() -> ask(secondary, "example.test", "SOA").contains("dns.example.test.")
                    && confirmed(server, "example.test"));
            assertThat(server.run("dns", "keys", "second.test").err()).contains("no zone second.test");

            // and comes back with its key
            String again = server.data().resolve("nameserver/second.test/keys").toString();
            byte[] kept = Files.readAllBytes(Path.of(again));
            server.configure(nameServer(
                    "",
                    zone("example.test", "denial = nsec3", knot("transfer.test")),
                    zone("second.test", "algorithm = ed25519", knot("transfer.test"))));
            server.done("reload");
            ConfiguredServer.await(() -> same("second.test") && confirmed(server, "second.test"));
            assertThat(Path.of(again)).hasBinaryContent(kept);
        }
    }

    /// Keys that nobody uses would look like a zone's.
    @Test
    void nothingIsLeftOfAReloadThatIsRefused() throws Exception {
        primary = FreePorts.next(1).getFirst();
        String first = zone("example.test", "");
        String known = zone("known.test", "");
        Path wrong = Files.writeString(directory.resolve("wrong.zone"), "www A not-an-address\n");
        String broken = zone("broken.test", "records = \"" + wrong + "\"");
        try (ConfiguredServer server = new ConfiguredServer(directory, nameServer("", first, known));
                ServerSocket taken = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Path zones = server.data().resolve("nameserver");
            server.configure(nameServer("", first));
            server.done("reload");
            byte[] keys = Files.readAllBytes(zones.resolve("known.test/keys"));

            server.configure(nameServer("", first, known, zone("new.test", ""), broken));
            assertThat(server.run("reload"))
                    .returns(Main.CONFIGURATION, CommandRun::code)
                    .satisfies(run -> assertThat(run.err()).contains("the running zones stay", "wrong.zone"));
            server.configure(nameServer("", first, zone("new.test", ""), zone("new.test", "")));
            assertThat(server.run("reload").code()).isEqualTo(Main.CONFIGURATION);
            server.configure(nameServer("", first, known, zone("new.test", "")) + "listeners.imaps.port = "
                    + taken.getLocalPort() + "\n");
            assertThat(server.run("reload").err()).contains("the running listeners stay");
            server.configure(nameServer("", first, zone("new.test", ""))
                    + "tls { certificates = files, files = [{ chain = \"none.pem\", key = \"none.pem\" }] }\n");
            assertThat(server.run("reload").code()).isEqualTo(Main.CONFIGURATION);

            try (Stream<Path> left = Files.list(zones)) {
                assertThat(left.filter(Files::isDirectory)
                                .map(each -> each.getFileName().toString()))
                        .containsExactlyInAnyOrder("example.test", "known.test");
            }
            assertThat(zones.resolve("known.test/keys")).hasBinaryContent(keys);
            assertThat(ask(primary, "example.test", "SOA")).isNotEmpty();

            server.configure(nameServer("", first, known, zone("new.test", "")));
            server.done("reload");
            assertThat(ask(primary, "new.test", "SOA")).isNotEmpty();
            assertThat(zones.resolve("known.test/keys")).hasBinaryContent(keys);
        }
    }

    /// Where it listens is said once; what depends on it waits, too.
    @Test
    void whereItListensWaitsForARestart() throws Exception {
        primary = FreePorts.next(1).getFirst();
        String zone = zone("example.test", "");
        try (ConfiguredServer server = new ConfiguredServer(directory, "")) {
            server.configure(nameServer("", zone));
            assertThat(server.done("reload"))
                    .contains("waits for a restart")
                    .contains("nameserver.zones")
                    .doesNotContain("applied");
        }
        try (ConfiguredServer server = new ConfiguredServer(directory, nameServer("", zone))) {
            assertThat(ask(primary, "example.test", "SOA")).isNotEmpty();
            server.configure(
                    nameServer("", zone).replace("port = " + primary, "port = 9") + "nameserver.connections = 30\n");
            assertThat(server.done("reload"))
                    .containsPattern("(?s)applied.*nameserver\\.connections.*restart.*nameserver\\.port");
            assertThat(ask(primary, "example.test", "SOA")).isNotEmpty();
            server.configure("");
            assertThat(server.done("reload")).contains("nameserver.addresses").doesNotContain("applied");
            assertThat(ask(primary, "example.test", "SOA")).isNotEmpty();
        }
    }

    private String nameServer(String more, String... zones) {
        return "nameserver {\naddresses = [\"127.0.0.1\"]\nport = " + primary + "\n" + more + "\nzones = [\n"
                + String.join("\n", zones) + "\n]\n}\n";
    }

    private static String zone(String name, String more, String... secondaries) {
        return "{ zone = " + name + ", name-servers = [ns.elsewhere.test]\n" + more + "\nsecondaries = ["
                + String.join(", ", secondaries) + "] }";
    }

    private String knot(String key) throws IOException {
        return "{ address = \"127.0.0.1:" + secondary + "\", " + asking(key).substring(2);
    }

    /// One that asks by itself.
    private String asking(String key) throws IOException {
        Path secret = directory.resolve(key + ".key");
        if (!Files.exists(secret)) {
            Files.writeString(secret, SECRET);
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        }
        return "{ key = " + key + ", secret-file = \"" + secret + "\" }";
    }

    private boolean same(String zone) {
        String ours = ask(primary, zone, "SOA");
        return !ours.isEmpty() && ours.equals(ask(secondary, zone, "SOA"));
    }

    private static boolean confirmed(ConfiguredServer server, String name) {
        JsonNode zone = shown(server, name);
        return zone.get("secondaries").get(0).get("confirmed").asLong(-1)
                == zone.get("serial").asLong();
    }

    private static String delegation(ConfiguredServer server, String name) {
        return shown(server, name).get("delegation").toString();
    }

    private static JsonNode shown(ConfiguredServer server, String name) {
        return server.run("dns", "keys", name, "--json").json().get("zones").get(0);
    }

    private static String ask(int port, String name, String type) {
        return run("dig", "@127.0.0.1", "-p", "" + port, "+short", "+norecurse", "+tries=1", "+time=5", name, type)
                .lines()
                .filter(line -> !line.startsWith(";"))
                .reduce("", (all, line) -> all + line + "\n");
    }

    private String transferred(String name, String key) {
        return run("dig", "@127.0.0.1", "-p", "" + primary, "-y", "hmac-sha256:" + key + ":" + SECRET, name, "AXFR");
    }

    private static String run(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(arguments));
        command.addFirst(Programs.requireAnywhere(program).toString());
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String text = new String(process.getInputStream().readAllBytes(), UTF_8);
            process.onExit().join();
            return text;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void startKnot() throws IOException {
        Path home = Files.createDirectories(directory.resolve("knot"));
        Path file = Files.writeString(home.resolve("knot.conf"), """
                server:
                  rundir: "%1$s"
                  listen: 127.0.0.1@%2$d
                  udp-workers: 1
                  tcp-workers: 1
                  background-workers: 1
                database:
                  storage: "%1$s"
                key:
                  - id: transfer.test
                    algorithm: hmac-sha256
                    secret: %3$s
                remote:
                  - id: primary
                    address: 127.0.0.1@%4$d
                    key: transfer.test
                acl:
                  - id: notify
                    address: 127.0.0.1
                    key: transfer.test
                    action: notify
                template:
                  - id: default
                    storage: "%1$s"
                    master: primary
                    acl: notify
                    dnssec-validation: on
                zone:
                  - domain: example.test
                  - domain: second.test
                log:
                  - target: stdout
                    any: info
                """.formatted(home, secondary, SECRET, primary));
        knot = ServerProcess.start(home.resolve("log"), "server started", List.of("knotd", "-c", file.toString()));
    }
}
