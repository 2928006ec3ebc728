package org.postern.resolver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.postern.testkit.Requirement;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;

/// Every zone of the [Zoo], asked by Postern, by delv and by Unbound: `zoo.csv` says what the answer is, and where
/// one of the three has reason to answer otherwise.
@Requirement({"R8314-48", "DANE-16"})
class ZooTest {
    @TempDir
    static Path directory;

    private static Zoo zoo;
    private static Resolver resolver;

    @BeforeAll
    static void open() throws Exception {
        zoo = new Zoo(directory);
        resolver = new Resolver(ResolverSettings.of(List.of(zoo.unbound))
                .withAnchors(TrustAnchorFile.of(zoo.anchor))
                .withDeadline(Duration.ofSeconds(30)));
    }

    @AfterAll
    static void close() throws Exception {
        if (zoo != null) {
            zoo.close();
        }
    }

    @ParameterizedTest
    @CsvFileSource(resources = "zoo.csv", numLinesToSkip = 1)
    void agrees(
            String name,
            String type,
            String security,
            String absence,
            String hops,
            String delv,
            String unbound,
            String why)
            throws Exception {
        Lookup lookup = resolver.lookup(new DomainName(name), DnsRecord.Type.valueOf(type));
        String as = name + " " + type + ": " + lookup;
        assertThat(lookup.security().name()).as(as).isEqualTo(security);
        assertThat(absence(lookup)).as(as).isEqualTo(absence);
        List<String> seen = new ArrayList<>();
        lookup.hops().forEach(hop -> seen.add(hop.kind() + ":" + hop.security()));
        assertThat(String.join(" ", seen)).as(as).isEqualTo(hops == null ? "" : hops);
        String class3 = switch (lookup.security()) {
            case SECURE -> "secure";
            case INSECURE -> "insecure";
            case BOGUS, INDETERMINATE -> "failed";
        };
        assertThat(zoo.delv(name + ".", type)).as("delv, %s", why).isEqualTo(delv == null ? class3 : delv);
        assertThat(unbound(name, type)).as("Unbound, %s", why).isEqualTo(unbound == null ? class3 : unbound);
    }

    private static String absence(Lookup lookup) {
        return switch (lookup) {
            case Lookup.Secure secure -> secure.absence().name();
            case Lookup.Insecure insecure -> insecure.absence().name();
            case Lookup.Bogus _, Lookup.Indeterminate _ -> "-";
        };
    }

    private static String unbound(String name, String type) throws Exception {
        SimpleResolver client = new SimpleResolver("127.0.0.1");
        client.setPort(zoo.unbound.port());
        client.setEDNS(0, 1232, org.xbill.DNS.ExtendedFlags.DO, List.of());
        client.setTimeout(Duration.ofSeconds(60));
        Record question = Wire.question(new DomainName(name), DnsRecord.Type.valueOf(type).number);
        Message answer = client.send(Message.newQuery(question));
        if (answer.getRcode() == Rcode.SERVFAIL) {
            return "failed";
        }
        return answer.getHeader().getFlag(Flags.AD) ? "secure" : "insecure";
    }

    @Test
    void theEvidenceSaysWhoSigned() {
        Lookup lookup = resolver.lookup(new DomainName("a.rsa.test"), DnsRecord.Type.A);
        assertThat(lookup.records(DnsRecord.Address.class)).hasSize(1);
        assertThat(lookup.steps())
                .anySatisfy(step ->
                        assertThat(step).startsWith("a.rsa.test. A: NOERROR").contains("signed by rsa.test. key"))
                .anySatisfy(step -> assertThat(step).startsWith("rsa.test. DS:").contains("signed by test. key"))
                .anySatisfy(step -> assertThat(step).startsWith(". DNSKEY:").contains("ECDSAP256SHA256"));
        Lookup expired = resolver.lookup(new DomainName("a.expired.test"), DnsRecord.Type.A);
        assertThat(expired).isInstanceOf(Lookup.Bogus.class);
        assertThat(expired.records(DnsRecord.Address.class)).isEmpty();
        assertThat(((Lookup.Bogus) expired).reason()).containsIgnoringCase("expired");
    }

    @Test
    void recordsOfEveryKind() {
        assertThat(resolver.lookup(new DomainName("_imaps._tcp.ecdsa.test"), DnsRecord.Type.SRV)
                        .records(DnsRecord.Srv.class))
                .containsExactly(new DnsRecord.Srv(0, 1, 993, new DomainName("a.ecdsa.test")));
        assertThat(resolver.lookup(new DomainName("_993._tcp.a.ecdsa.test"), DnsRecord.Type.TLSA)
                        .records(DnsRecord.Tlsa.class))
                .singleElement()
                .hasToString("3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
        assertThat(resolver.lookup(new DomainName("ecdsa.test"), DnsRecord.Type.MX)
                        .records(DnsRecord.Mx.class))
                .containsExactly(new DnsRecord.Mx(10, new DomainName("a.ecdsa.test")));
        assertThat(resolver.lookup(new DomainName("z.ecdsa.test"), DnsRecord.Type.TXT)
                        .records(DnsRecord.Txt.class))
                .singleElement()
                .hasToString("onetwo");
        assertThat(resolver.lookup(new DomainName("big.big.test"), DnsRecord.Type.TXT)
                        .records(DnsRecord.Txt.class))
                .as("by TCP")
                .hasSize(60);
    }

    @Test
    void anAuthenticatedDataBitIsWorthNothingUnlessThePathIsTrusted() {
        // with IANA's anchors nothing of the zoo validates, though Unbound says AD
        Resolver stranger =
                new Resolver(ResolverSettings.of(List.of(zoo.unbound)).withDeadline(Duration.ofSeconds(30)));
        assertThat(stranger.lookup(new DomainName("a.rsa.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Bogus.class);
        Resolver trusting = new Resolver(
                ResolverSettings.of(List.of(zoo.unbound)).withTrustedPath(true).withDeadline(Duration.ofSeconds(30)));
        assertThat(trusting.lookup(new DomainName("a.rsa.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Secure.class);
        assertThat(trusting.lookup(new DomainName("a.insecure.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Insecure.class);
        assertThat(trusting.lookup(new DomainName("a.changed.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Indeterminate.class);
    }

    @Test
    void anAnchorBelowTheRootLeavesTheRestInsecure() throws Exception {
        Path island = java.nio.file.Files.writeString(
                directory.resolve("island.txt"),
                "elsewhere.test. IN DS 1 13 2 " + "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
        Resolver limited = new Resolver(ResolverSettings.of(List.of(zoo.unbound))
                .withAnchors(TrustAnchorFile.of(island))
                .withDeadline(Duration.ofSeconds(30)));
        assertThat(limited.lookup(new DomainName("a.rsa.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Insecure.class);
    }

    @Test
    void aSilentServerEndsWithTheDeadlineAndADeadOneIsPassedOver() {
        Resolver hurried = new Resolver(ResolverSettings.of(List.of(zoo.unbound))
                .withAnchors(TrustAnchorFile.ofIana())
                .withDeadline(Duration.ofMillis(300)));
        Lookup silent = hurried.lookup(new DomainName("a.silent.test"), DnsRecord.Type.A);
        assertThat(silent).isInstanceOf(Lookup.Indeterminate.class);
        assertThat(((Lookup.Indeterminate) silent).reason()).contains("in time");
        Resolver second = new Resolver(new ResolverSettings(
                List.of(Upstream.parse("127.0.0.1:1"), zoo.unbound),
                ResolverSettings.of(List.of(zoo.unbound)).anchors(),
                Duration.ofSeconds(30),
                100,
                true,
                java.time.Clock.systemUTC()));
        assertThat(second.lookup(new DomainName("a.ecdsa.test"), DnsRecord.Type.A))
                .isInstanceOf(Lookup.Secure.class);
    }
}
