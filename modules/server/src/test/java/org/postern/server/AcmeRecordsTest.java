package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.DirectServers;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.FreePorts;
import org.postern.testkit.PebbleServer;
import tools.jackson.databind.JsonNode;

/// Certificates by dns-01: Pebble finds the proof in zones that Postern publishes.
class AcmeRecordsTest {
    private static final String OWN = "_acme-challenge.mail.example.test";

    @TempDir
    Path directory;

    private static String acme(PebbleServer pebble, String more) {
        return """
                tls { certificates = acme, acme {
                  directory = "%s", trust = "%s", agree-to-terms = true, challenge = dns-01, %s
                } }
                """.formatted(pebble.directory(), pebble.trust(), more);
    }

    /// TXT data that the zone's server has.
    private static List<String> texts(int port, String name) {
        InetSocketAddress server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
        return new DirectServers(List.of(), Map.of(new DomainName("example.test"), List.of(server)))
                .ask(new DomainName(name), RecordType.TXT).stream()
                        .peek(answer -> assertThat(answer.failure()).isEmpty())
                        .flatMap(answer -> answer.found().stream())
                        .flatMap(set -> set.data().stream())
                        .sorted()
                        .toList();
    }

    private static JsonNode certificates(ConfiguredServer server) {
        return server.run("certificate", "list", "--json").json();
    }

    private static void awaitCertificate(ConfiguredServer server, String... names) {
        ConfiguredServer.await(() -> certificates(server).get("certificates").size() == 2
                && Stream.of(names)
                        .allMatch(name -> certificates(server)
                                .get("certificates")
                                .toString()
                                .contains("\"" + name + "\"")));
    }

    /// From the first moment on, with two orders on each other's heels; also in a zone that is that name alone.
    @Test
    void theOwnNameServerHasTheProofs() throws Exception {
        int port = FreePorts.next(1).getFirst();
        String dns = """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  zones = [{ zone = example.test, name-servers = [ns.example.test] }
                    { zone = _acme-challenge.imap.example.test, name-servers = [ns.example.test] }]
                }
                dns.resolver.upstreams = ["127.0.0.1:%d"]
                dns.zones = [{ zone = example.test, by = own-server, servers = ["127.0.0.1:%d"] }
                  { zone = _acme-challenge.imap.example.test, by = own-server, servers = ["127.0.0.1:%d"] }]
                """.formatted(port, port, port, port);
        try (PebbleServer pebble = new PebbleServer(directory, Map.of(), false, OptionalInt.of(port));
                ConfiguredServer server = new ConfiguredServer(
                        directory,
                        acme(pebble, "keys = both, mail-domains = true, hosts = [imap.example.test]") + dns)) {
            awaitCertificate(server, "mail.example.test", "imap.example.test", "example.test");
            assertThat(certificates(server).get("acme").get("failures").intValue())
                    .isZero();
            for (String name : List.of("mail.example.test", "imap.example.test", "example.test")) {
                assertThat(texts(port, "_acme-challenge." + name))
                        .as("of %s", name)
                        .isEmpty();
            }

            twoAtOnce(server, port);

            // a mail domain that comes later, and is nobody's to prove
            server.done("domain", "add", "elsewhere.example");
            assertThat(server.run("certificate", "issue").err())
                    .contains(
                            "dns-01 cannot be answered: _acme-challenge.elsewhere.example is in no zone of dns.zones that"
                                    + " Postern can change");
            assertThat(texts(port, OWN)).isEmpty();
        }
    }

    private static void twoAtOnce(ConfiguredServer server, int port) throws Exception {
        AcmeRecords records = server.server.challenges();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<CompletableFuture<AutoCloseable>> published = Stream.of("one", "two")
                    .map(text -> CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return records.publish(OWN, text);
                                } catch (IOException e) {
                                    throw new AssertionError(e);
                                }
                            },
                            threads))
                    .toList();
            try (AutoCloseable one = published.getFirst().join()) {
                published.getLast().join();
                assertThat(texts(port, OWN)).containsExactly("\"one\"", "\"two\"");
                assertThat(one).isNotNull();
            }
            assertThat(texts(port, OWN)).containsExactly("\"two\"");
            published.getLast().join().close();
            assertThat(texts(port, OWN)).isEmpty();
        }
    }

    /// Others' records at the name stay, whether the authority believes it or not.
    @Test
    void anUpdatedPrimaryHasTheProofsAndLosesThemAgain() throws Exception {
        Files.setPosixFilePermissions(
                Files.writeString(directory.resolve("update.key"), DynamicPrimary.SECRET + "\n"),
                PosixFilePermissions.fromString("rw-------"));
        try (DynamicPrimary primary = new DynamicPrimary(DynamicPrimary.Program.BIND, directory.resolve("primary"))) {
            primary.zone("example.test", "_acme-challenge.mail 300 TXT somebody-elses\n");
            primary.start();
            String dns = """
                    dns.resolver.upstreams = ["127.0.0.1:%d"]
                    dns.zones = [{ zone = example.test, by = update, servers = ["127.0.0.1:%d"], server = "127.0.0.1:%d"
                      key = %s, secret-file = "%s" }]
                    """.formatted(
                            primary.port(),
                            primary.port(),
                            primary.port(),
                            DynamicPrimary.KEY,
                            directory.resolve("update.key"));
            Path unbelieving = Files.createDirectory(directory.resolve("unbelieving"));
            try (PebbleServer pebble = new PebbleServer(directory, Map.of(), false, OptionalInt.of(primary.port()));
                    PebbleServer asksElsewhere = new PebbleServer(unbelieving, Map.of(), false);
                    ConfiguredServer server = new ConfiguredServer(directory, acme(pebble, "keys = both") + dns)) {
                awaitCertificate(server, "mail.example.test");
                assertThat(certificates(server).get("acme").get("failures").intValue())
                        .isZero();
                assertThat(texts(primary.port(), OWN)).containsExactly("\"somebody-elses\"");
                assertThat(server.done("dns", "journal"))
                        .containsPattern("\\+ _acme-challenge\\.mail\\.example\\.test\\. 300 TXT \"[\\w-]{43}\"")
                        .containsPattern("- _acme-challenge\\.mail\\.example\\.test\\. 300 TXT \"[\\w-]{43}\"");

                server.configure(acme(asksElsewhere, "keys = ec") + dns);
                server.done("reload");
                assertThat(server.run("certificate", "issue").err())
                        .contains("dns-01 for mail.example.test was refused by the authority");
                assertThat(texts(primary.port(), OWN)).containsExactly("\"somebody-elses\"");
            }
        }
    }

    @Test
    void aZoneThatCannotBeChangedIsRefusedWithItsLine() throws Exception {
        Path file = directory.resolve("postern.conf");
        for (String zones : List.of(
                "",
                "dns.zones = [{ zone = example.test, by = text }]\n",
                "dns.zones = [{ zone = else.test, by = text }]\n")) {
            Files.writeString(file, """
                    server { host = mail.example.test, data-directory = "%s" }
                    tls.certificates = acme
                    tls.acme.agree-to-terms = true
                    tls.acme.challenge = dns-01
                    """.formatted(directory.resolve("data")) + zones);
            assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of()))
                    .isInstanceOfSatisfying(
                            ConfigurationException.class,
                            problems -> assertThat(problems.problems())
                                    .containsExactly(file + ":4: tls.acme.challenge = dns-01 needs " + OWN
                                            + " in a zone of dns.zones that Postern can change, by update or"
                                            + " own-server"));
        }
    }
}
