package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.dns.RecordType;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.testkit.Requirement;
import org.postern.testkit.ValidatingResolver;

/// Real validators: Unbound and delv, and Postern's own, follow SRV → target → TLSA, and are shown what is not there.
class ValidationTest {
    @TempDir
    Path directory;

    private @Nullable ValidatingResolver resolver;

    @AfterEach
    void stop() {
        if (resolver != null) {
            resolver.close();
        }
    }

    @ParameterizedTest
    @MethodSource("org.postern.nameserver.SecondariesTest#kinds")
    @Requirement({"R8314-46", "DANE-3"})
    void believe(Algorithm algorithm, Denial denial, KeyScheme keys) throws Exception {
        ZoneSettings zone = TestZones.settings(
                algorithm, denial, keys, Optional.of(TestZones.records(directory, TestZones.RECORDS)));
        try (NameServer server = TestZones.serve(directory, zone)) {
            server.publisher(TestZones.ORIGIN).publish(TestZones.mail(TestZones.HASH));
            int port = server.addresses().getFirst().getPort();
            Path anchor = Files.write(directory.resolve("anchor.txt"), server.anchors(TestZones.ORIGIN));
            Path delv = RealServers.delvAnchor(
                    directory, server.anchors(TestZones.ORIGIN).getFirst());

            resolver = new ValidatingResolver(directory, "example.org", anchor, port);
            int unbound = resolver.port();
            record Expected(String name, String type, String answer) {}
            for (Expected expected : List.of(
                    new Expected("_imaps._tcp.example.org", "SRV", "0 1 993 mail.example.org."),
                    new Expected("_pop3._tcp.example.org", "SRV", "0 0 0 ."),
                    new Expected("mail.example.org", "A", "192.0.2.1"),
                    new Expected("_993._tcp.mail.example.org", "TLSA", "3 1 1"),
                    new Expected("_25._tcp.mail.example.org", "TLSA", "3 1 1"),
                    new Expected("www.example.org", "AAAA", "2001:db8::1"),
                    new Expected("any.wild.example.org", "A", "192.0.2.9"),
                    new Expected("x.alias.example.org", "A", "192.0.2.1"),
                    new Expected("example.org", "CDS", ""),
                    new Expected("example.org", "MX", "10 "))) {
                assertThat(ask(unbound, expected.name, expected.type))
                        .as("Unbound, %s", expected)
                        .contains("status: NOERROR")
                        .containsPattern("flags: qr rd ra ad")
                        .contains(expected.answer);
                assertThat(delv(port, delv, expected.name, expected.type))
                        .as("delv, %s", expected)
                        .contains("; fully validated")
                        .contains(expected.answer);
            }
            for (Expected expected : List.of(
                    new Expected("_imap._tcp.example.org", "SRV", "NXDOMAIN"),
                    new Expected("nowhere.example.org", "A", "NXDOMAIN"),
                    new Expected("x.host.deep.wild.example.org", "A", "NXDOMAIN"),
                    new Expected("mail.example.org", "TXT", "NOERROR"),
                    new Expected("_tcp.mail.example.org", "TLSA", "NOERROR"),
                    new Expected("b.c.d.example.org", "A", "NOERROR"),
                    new Expected("any.wild.example.org", "MX", "NOERROR"),
                    new Expected("deep.wild.example.org", "A", "NOERROR"),
                    new Expected("plain.example.org", "DS", "NOERROR"))) {
                assertThat(ask(unbound, expected.name, expected.type))
                        .as("Unbound, %s", expected)
                        .contains("status: " + expected.answer)
                        .contains("ANSWER: 0")
                        .containsPattern("flags: qr rd ra ad");
                assertThat(delv(port, delv, expected.name, expected.type))
                        .as("delv, %s", expected)
                        .contains("; negative response, fully validated")
                        .contains(expected.answer.equals("NXDOMAIN") ? "ncache nxdomain" : "ncache nxrrset");
            }
            own(port, anchor);
        }
    }

    /// The same by Postern's resolver, which asks the server without anybody between.
    private static void own(int port, Path anchor) throws Exception {
        Resolver resolver = new Resolver(ResolverSettings.of(List.of(new Upstream(TestZones.LOOPBACK, port)))
                .withAnchors(TrustAnchorFile.of(anchor))
                .withDeadline(Duration.ofSeconds(30)));
        Lookup srv = resolver.lookup(new DomainName("_imaps._tcp.example.org"), DnsRecord.Type.SRV);
        assertThat(srv).isInstanceOf(Lookup.Secure.class);
        DnsRecord.Srv target = srv.records(DnsRecord.Srv.class).getFirst();
        Lookup tlsa = resolver.lookup(target.target().child("_" + target.port() + "._tcp"), DnsRecord.Type.TLSA);
        assertThat(tlsa).isInstanceOf(Lookup.Secure.class);
        assertThat(tlsa.records(DnsRecord.Tlsa.class)).hasSize(1);
        assertThat(resolver.lookup(new DomainName("_143._tcp.mail.example.org"), DnsRecord.Type.TLSA))
                .isInstanceOf(Lookup.Secure.class);
    }

    @Test
    void anotherKeyIsNotBelieved() throws Exception {
        ZoneSettings zone = TestZones.settings(Algorithm.ECDSA_P256, Denial.NSEC, KeyScheme.CSK, Optional.empty());
        try (NameServer server = TestZones.serve(directory, zone);
                NameServer other = TestZones.serve(directory.resolve("other"), zone)) {
            server.publisher(TestZones.ORIGIN)
                    .publish(List.of(TestZones.set("mail.example.org", RecordType.A, "192.0.2.1")));
            Path anchor = Files.write(directory.resolve("anchor.txt"), other.anchors(TestZones.ORIGIN));
            resolver = new ValidatingResolver(
                    directory,
                    "example.org",
                    anchor,
                    server.addresses().getFirst().getPort());
            assertThat(ask(resolver.port(), "mail.example.org", "A")).contains("status: SERVFAIL");
        }
    }

    private static String ask(int port, String name, String type) throws Exception {
        return RealServers.run(
                "dig", "@127.0.0.1", "-p", "" + port, "+dnssec", "+nocookie", "+tries=3", name + ".", type);
    }

    private static String delv(int port, Path anchor, String name, String type) throws Exception {
        return RealServers.run(
                "delv", "@127.0.0.1", "-p", "" + port, "-a", anchor.toString(), "+root=example.org", name + ".", type);
    }
}
