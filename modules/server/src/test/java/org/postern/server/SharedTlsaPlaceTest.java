package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.DirectServers;
import org.postern.dns.RecordType;
import org.postern.dns.Rollovers;
import org.postern.resolver.DomainName;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestAuthority;
import tools.jackson.databind.JsonNode;

/// Two hosts whose TLSA records are in one place, to which aliases lead: the keys of one follow each other while the
/// other's stay. A record set lives for two seconds.
class SharedTlsaPlaceTest {
    private static final DomainName ZONE = new DomainName("example.test");
    private static final DomainName PLACE = new DomainName("_dane.example.test");
    private static final String FIRST = "mail.example.test";
    private static final String SECOND = "mail2.example.test";

    @TempDir
    Path directory;

    private final TestAuthority authority = new TestAuthority("Test");
    private int port;

    private TestAuthority.Issued issue(String name, String... hosts) throws IOException {
        TestAuthority.Issued issued = authority.issue(TestAuthority.Request.of(hosts));
        Path file = Files.writeString(directory.resolve(name + ".pem"), issued.pem());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return issued;
    }

    private String configuration(String... certificates) {
        return ConfiguredServer.ownZone(directory, port)
                + """
                tls { certificates = files, files = [%s] }
                dns.front-ends = [
                  { host = mail.example.test, tlsa-at = _dane.example.test }
                  { host = mail2.example.test, tlsa-at = _dane.example.test }
                ]
                """.formatted(Arrays.stream(certificates)
                        .map(name -> directory.resolve(name + ".pem"))
                        .map(file -> "{ chain = \"" + file + "\", key = \"" + file + "\" }")
                        .collect(Collectors.joining(", ")));
    }

    private InetSocketAddress nameServer() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    private Set<String> published() {
        return new DirectServers(List.of(), Map.of(ZONE, List.of(nameServer())))
                .ask(PLACE, RecordType.TLSA).stream()
                        .flatMap(answer -> answer.found().stream())
                        .flatMap(set -> set.data().stream())
                        .map(data -> data.substring("3 1 1 ".length()).replace(" ", ""))
                        .collect(Collectors.toCollection(TreeSet::new));
    }

    /// Until each of both serves its key, and nothing is under way.
    private void awaitServed(ConfiguredServer server, TestAuthority.Issued first, TestAuthority.Issued second) {
        Map<String, String> expected = Map.of(FIRST, first.keyDigest(), SECOND, second.keyDigest());
        ConfiguredServer.await(() -> {
            boolean done = true;
            for (JsonNode host : server.run("dns", "rollover", "--json").json().get("rollovers")) {
                done &= host.get("phase").asString().equals("steady")
                        && host.get("everywhere").booleanValue()
                        && host.get("serving").size() == 1
                        && host.get("serving")
                                .get(0)
                                .asString()
                                .equals(expected.get(host.get("host").asString()));
            }
            return done && published().equals(Set.copyOf(expected.values()));
        });
    }

    @Test
    @Requirement({"DANE-9", "DANE-16", "DANE-17"})
    void theKeysOfOneFollowEachOtherAndTheOthersStay() throws Exception {
        port = FreePorts.next();
        Files.writeString(directory.resolve("others.zone"), "mail A 127.0.0.1\nmail2 A 127.0.0.1\nns A 127.0.0.1\n");
        Files.writeString(directory.resolve("anchors"), "example.test. DS 1 13 2 " + "00".repeat(32) + "\n");
        TestAuthority.Issued both = issue("both", FIRST, SECOND);
        try (ConfiguredServer server =
                new ConfiguredServer(directory, configuration("both") + "dns.time-to-live = 3 seconds\n")) {
            Files.writeString(directory.resolve("anchors"), server.done("dns", "ds", "example.test"));
            configure(server, "both");
            awaitServed(server, both, both);
            try (LogLines log = new LogLines(Rollovers.class.getName());
                    RolloverWitness first = witness(server, FIRST);
                    RolloverWitness second = witness(server, SECOND)) {
                // one gets a key of its own: the common one stays the other's
                TestAuthority.Issued own = issue("first", FIRST);
                configure(server, "first", "both");
                awaitServed(server, own, both);
                first.nobodyWasRefused();
                second.nobodyWasRefused();

                TestAuthority.Issued other = issue("second", SECOND);
                configure(server, "first", "second");
                awaitServed(server, own, other);

                // and again, now that they have nothing in common
                TestAuthority.Issued next = issue("next", FIRST);
                configure(server, "next", "second");
                awaitServed(server, next, other);
                first.nobodyWasRefused();
                second.nobodyWasRefused();
                assertThat(log.all())
                        .noneMatch(line -> line.contains("is served while caches may hold records without it"));
                assertThat(first.sets()).isGreaterThanOrEqualTo(6);
            }
        }
    }

    private void configure(ConfiguredServer server, String... certificates) throws IOException {
        server.configure(configuration(certificates) + "dns.time-to-live = 2 seconds\n");
        server.done("reload");
    }

    private RolloverWitness witness(ConfiguredServer server, String host) throws IOException {
        return new RolloverWitness(server, "example.test", host, directory.resolve("anchors"), List.of(nameServer()));
    }
}
