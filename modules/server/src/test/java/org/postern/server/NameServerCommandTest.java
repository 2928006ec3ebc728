package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.server.Configuration.Service;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;
import tools.jackson.databind.JsonNode;

/// A server with a name server of its own, from the configuration to validated answers, and what an operator does with
/// its keys.
class NameServerCommandTest {
    @TempDir
    Path directory;

    private String configuration(int port) throws IOException {
        Path secret =
                Files.writeString(directory.resolve("transfer.key"), "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        Path others = Files.writeString(
                directory.resolve("others.zone"),
                "mail A 127.0.0.1\n_xmpp-client._tcp SRV 0 5 5222 xmpp.elsewhere.test.\n");
        return """
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  zones = [{ zone = example.test, name-servers = [mail.example.test], records = "%s", denial = nsec3,
                    keys = ksk-zsk, propagation = 1 minute
                    secondaries = [{ key = transfer.example.test, secret-file = "%s" }] }]
                }
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  zones = [{ zone = example.test, by = own-server, servers = ["127.0.0.1:%d"] }]
                }
                """.formatted(port, others, secret, port, directory.resolve("anchors"), port);
    }

    @Test
    @Requirement({"R8314-46", "R8314-47", "DANE-22"})
    void publishesSignsAndRolls() throws Exception {
        int port = FreePorts.next(1).getFirst();
        // an anchor that fits nothing yet: the gate is closed until the operator trusts the zone's key
        Path anchor = Files.writeString(
                directory.resolve("anchors"),
                "example.test. DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
        try (ConfiguredServer server = new ConfiguredServer(directory, configuration(port))) {
            Path keys = server.data().resolve("nameserver/trust-anchors.zone");
            assertThat(keys).content().contains("example.test.").contains("DNSKEY");
            Resolver resolver =
                    new Resolver(ResolverSettings.of(List.of(new Upstream(InetAddress.ofLiteral("127.0.0.1"), port)))
                            .withAnchors(TrustAnchorFile.of(keys))
                            .withCacheEntries(1)
                            .withDeadline(Duration.ofSeconds(30)));
            DomainName service = new DomainName("_imaps._tcp.example.test");
            ConfiguredServer.await(() -> !resolver.lookup(service, DnsRecord.Type.SRV)
                    .records(DnsRecord.Srv.class)
                    .isEmpty());
            Lookup srv = resolver.lookup(service, DnsRecord.Type.SRV);
            assertThat(srv).isInstanceOf(Lookup.Secure.class);
            assertThat(srv.records(DnsRecord.Srv.class))
                    .containsExactly(
                            new DnsRecord.Srv(0, 0, server.port(Service.IMAPS), new DomainName("mail.example.test")));
            assertThat(resolver.lookup(new DomainName("_xmpp-client._tcp.example.test"), DnsRecord.Type.SRV)
                            .records(DnsRecord.Srv.class))
                    .as("of others")
                    .hasSize(1);
            DomainName tlsa = new DomainName("_" + server.port(Service.IMAPS) + "._tcp.mail.example.test");
            assertThat(resolver.lookup(tlsa, DnsRecord.Type.TLSA).records(DnsRecord.Tlsa.class))
                    .as("nobody can validate it yet")
                    .isEmpty();

            // what the operator hands to the zone above
            String delegation = server.done("dns", "ds", "example.test");
            assertThat(delegation).containsPattern("example\\.test\\.\\s+86400\\s+IN\\s+DS\\s+\\d+ 13 2 [0-9A-F]{64}");
            assertThat(server.done("dns", "keys"))
                    .contains("example.test: serial")
                    .contains("the zone above is to have this DS record")
                    .containsPattern("ksk +ecdsa-p256")
                    .containsPattern("zsk +ecdsa-p256");
            Files.writeString(anchor, delegation);
            server.configure(configuration(port) + "dns.time-to-live = 5 minutes\n");
            server.done("reload");
            ConfiguredServer.await(() -> !resolver.lookup(tlsa, DnsRecord.Type.TLSA)
                    .records(DnsRecord.Tlsa.class)
                    .isEmpty());
            assertThat(resolver.lookup(tlsa, DnsRecord.Type.TLSA)).isInstanceOf(Lookup.Secure.class);

            assertThat(server.run("dns", "roll-key", "example.test", "ksk").err())
                    .contains("the parent's DS record of the KSK of example.test is not confirmed yet");
            assertThat(server.done("dns", "confirm-ds", "example.test")).doesNotContain("the zone above is to have");
            assertThat(server.run("dns", "confirm-ds", "example.test").err()).contains("no key of example.test waits");
            assertThat(server.done("dns", "roll-key", "example.test", "ksk"))
                    .contains("published, waits until every cache may know it");
            assertThat(server.run("dns", "roll-key", "example.test", "ksk").err())
                    .contains("rolled already");
            assertThat(server.run("dns", "roll-key", "example.test", "csk").err())
                    .contains("has no CSK");
            assertThat(server.run("dns", "keys", "other.test").err()).contains("no zone other.test");
            JsonNode zone =
                    server.run("dns", "keys", "--json").json().get("zones").get(0);
            assertThat(zone.get("keys").size()).isEqualTo(3);
            assertThat(Instant.parse(zone.get("signaturesEnd").asString()))
                    .isAfter(Instant.now().plus(Duration.ofDays(7)));
            assertThat(zone.get("delegated").asBoolean()).isTrue();

            // a backup has what cannot be made again
            Path backup = directory.resolve("backup");
            server.done("backup", backup.toString());
            Path restored = directory.resolve("restored");
            assertThat(CommandRun.of("restore", backup.toString(), restored.toString())
                            .code())
                    .isZero();
            assertThat(restored.resolve("nameserver/example.test/keys"))
                    .hasSameBinaryContentAs(server.data().resolve("nameserver/example.test/keys"));
            assertThat(restored.resolve("nameserver/example.test/zone")).exists();
            assertThat(restored.resolve("configuration/nameserver/transfer.key"))
                    .hasSameBinaryContentAs(directory.resolve("transfer.key"));
            assertThat(restored.resolve("configuration/nameserver/others.zone")).exists();
        }
    }

    @Test
    void whatIsWrongIsSaidWithItsLine() throws Exception {
        Path file = directory.resolve("postern.conf");
        Path secret = Files.writeString(directory.resolve("secret"), "hush, hush");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        Path open = Files.writeString(directory.resolve("open"), "hush, hush");
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        for (Map.Entry<String, String> wrong : Map.of(
                        "addresses = [\"127.0.0.1\"]",
                        "nameserver has addresses and zones, or neither",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test], algorithm = rsa }]",
                        ":3: nameserver.zones: algorithm is ecdsa-p256 or ed25519, not 'rsa'",
                        "zones = [{ zone = a.test }]",
                        ":3: nameserver.zones: an entry has the key zone, and name-servers",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test], salt = 1 }]",
                        "no such keys: [salt]",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test], contact = nobody }]",
                        "contact is a mailbox",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test],\n secondaries = [{ key = k.test, secret-file = \""
                                + secret + "\" }] }]",
                        "holds something else than base64",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test],\n secondaries = [{ key = k.test, secret-file = \""
                                + open + "\" }] }]",
                        "can be read by everybody",
                        "zones = [{ zone = a.test, name-servers = [ns.a.test] }]\n}\ndns {\nzones = [{ zone = b.test, by = own-server }]",
                        "the zone b.test is published by own-server, and nameserver.zones has no such zone")
                .entrySet()) {
            Files.writeString(file, "server.host = mail.example.test\nnameserver {\n" + wrong.getKey() + "\n}\n");
            assertThatThrownBy(() -> ConfigurationReader.read(file, Map.of()))
                    .as(wrong.getKey())
                    .isInstanceOfSatisfying(
                            ConfigurationException.class,
                            problems -> assertThat(String.join("\n", problems.problems()))
                                    .contains(wrong.getValue())
                                    .doesNotContain("hush"));
        }
    }

    @Test
    void withoutOneItIsSaid() throws Exception {
        try (ConfiguredServer server = new ConfiguredServer(directory, "")) {
            assertThat(server.run("dns", "keys").err()).contains("this server has no name server of its own");
        }
    }
}
