package org.postern.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.cert.X509Certificate;
import java.util.List;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestPki;

/// Scenarios L8 to L17: who is looked for, and who is found.
class ReferenceIdentifiersTest {
    private static NameMatch match(ReferenceIdentifiers references, GeneralName... presented) {
        X509Certificate certificate =
                TestPki.server("mail.example.org", presented).selfSigned().certificate();
        return NameMatch.of(references, PresentedIdentifiers.of(certificate));
    }

    @Test
    @Requirement({"R7817-2", "R7817-3", "R7817-4", "SEED-19"})
    void aServiceFoundBySrvIsItsDomainNeverItsTarget() {
        ReferenceIdentifiers references = ReferenceIdentifiers.forService("imaps", "Example.ORG");
        assertThat(references.all())
                .map(Object::toString)
                .containsExactly("SRV-ID _imaps.example.org", "DNS-ID example.org");
        assertThat(match(references, TestPki.srv("_imaps.example.org")).rule()).isEqualTo(Rule.SRV_ID_EQUAL);
        assertThat(match(references, TestPki.dns("example.org")).rule()).isEqualTo(Rule.DNS_ID_EQUAL); // L11
        assertThat(match(references, TestPki.dns("mail.example.org"))).isInstanceOf(NameMatch.Unmatched.class);
        assertThat(match(references.withSecureName("mail.example.org"), TestPki.dns("mail.example.org")))
                .isEqualTo(new NameMatch.Matched(
                        new ReferenceIdentifier.DnsId("mail.example.org", ReferenceIdentifier.Origin.SECURE_DNS),
                        new PresentedIdentifier.DnsId("mail.example.org"),
                        Rule.DNS_ID_EQUAL));
    }

    @Test
    @Requirement("R9525-3")
    void anSrvIdIsForItsOwnServiceAndDomain() { // L13
        assertThat(match(ReferenceIdentifiers.forService("pop3s", "example.org"), TestPki.srv("_imaps.example.org"))
                        .rule())
                .isEqualTo(Rule.SRV_ID_DIFFERS);
        assertThat(match(ReferenceIdentifiers.forService("imaps", "example.net"), TestPki.srv("_imaps.example.org"))
                        .rule())
                .isEqualTo(Rule.SRV_ID_DIFFERS);
    }

    @Test
    @Requirement({"R7817-5", "R9525-1"})
    void aUriNamesNobody() { // L14
        NameMatch match = match(
                ReferenceIdentifiers.forHost("mail.example.org"),
                new GeneralName(GeneralName.uniformResourceIdentifier, "imap://mail.example.org/"));
        assertThat(match).isInstanceOf(NameMatch.Unmatched.class);
        assertThat(match.rule()).isEqualTo(Rule.URI_ID_NEVER);
        assertThat(((NameMatch.Unmatched) match).comparisons()).hasSize(1);
    }

    @Test
    @Requirement("R7817-6")
    void aCommonNameNamesNobody() { // L15
        assertThat(match(ReferenceIdentifiers.forHost("mail.example.org")).rule())
                .isEqualTo(Rule.NOTHING_PRESENTED);
    }

    @Test
    @Requirement("R9525-2")
    void uLabelsBecomeALabels() { // L16
        assertThat(match(ReferenceIdentifiers.forHost("Bücher.example"), TestPki.dns("xn--bcher-kva.example"))
                        .rule())
                .isEqualTo(Rule.DNS_ID_EQUAL);
        assertThat(ReferenceIdentifiers.forHost("straße.example").all().getFirst())
                .hasToString("DNS-ID xn--strae-oqa.example");
        for (String strange : List.of("mail.example.org\0.evil.example", "mail.example.org.", "mail..example.org")) {
            assertThat(match(ReferenceIdentifiers.forHost("mail.example.org"), TestPki.dns(strange))
                            .rule())
                    .isEqualTo(Rule.NAME_MALFORMED);
        }
    }

    @Test
    @Requirement("R9525-2")
    void anAddressIsOctetsAndNoName() { // L17
        ReferenceIdentifiers address = ReferenceIdentifiers.forHost("192.0.2.1");
        assertThat(match(address, new GeneralName(GeneralName.iPAddress, "192.0.2.1"))
                        .rule())
                .isEqualTo(Rule.IP_ID_EQUAL);
        assertThat(match(address, TestPki.dns("192.0.2.1")).rule()).isEqualTo(Rule.OTHER_KIND);
        assertThat(match(address, new GeneralName(GeneralName.iPAddress, "::ffff:192.0.2.1"))
                        .rule())
                .as("sixteen octets are not four")
                .isEqualTo(Rule.IP_ID_DIFFERS);
        assertThat(match(
                                ReferenceIdentifiers.forHost("[2001:DB8::1]"),
                                new GeneralName(GeneralName.iPAddress, "2001:db8:0::1"))
                        .rule())
                .isEqualTo(Rule.IP_ID_EQUAL);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "a b",
                "mail..example.org",
                "-x.example",
                "300.1.1.1",
                "1.2.3.4.5",
                "fe80::1%eth0",
                "xn--a",
                "*.example.org",
                "mail.example.org:993",
                "1",
                "example.123"
            })
    void whatIsNoHostIsRefused(String text) {
        assertThatThrownBy(() -> ReferenceIdentifiers.forHost(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + text + "\"");
    }

    @ParameterizedTest
    @CsvSource({
        "_imaps.mail.example.org, example.org,        true",
        "_imaps.example.org,      example.org,        true",
        "_imaps.example.org,      .example.org,       false",
        "_imaps.a.example.org,    .example.org,       true",
        "_imaps.notexample.org,   example.org,        false",
        "_imaps.example.org,      _imaps.example.org, true",
        "_pop3s.example.org,      _imaps.example.org, false",
        "_imaps.example.net,      _imaps,             true",
        "_pop3s.example.net,      _imaps,             false",
        "_imaps.example.net,      '',                 true",
    })
    void constraintsOnServiceNames(String name, String constraint, boolean within) { // RFC 4985 §4
        assertThat(NameConstraints.within(name, constraint)).isEqualTo(within);
    }
}
