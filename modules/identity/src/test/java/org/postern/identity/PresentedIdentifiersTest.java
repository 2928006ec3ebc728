package org.postern.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.identity.PresentedIdentifier.DnsId;
import org.postern.identity.PresentedIdentifier.IpId;
import org.postern.identity.PresentedIdentifier.SrvId;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;

class PresentedIdentifiersTest {
    private static PresentedIdentifiers of(PresentedIdentifier... identifiers) {
        return new PresentedIdentifiers(List.of(identifiers));
    }

    @ParameterizedTest
    @CsvSource({
        "mail.example.org,     mail.example.org,   true",
        "mail.example.org,     MAIL.Example.ORG,   true",
        "mail.example.org,     imap.example.org,   false",
        "mail.example.org,     mail.example.org.x, false",
        "*.example.org,        mail.example.org,   true",
        "*.example.org,        example.org,        false",
        "*.example.org,        a.mail.example.org, false",
        "*.example.org,        .example.org,       false",
        "m*l.example.org,      mail.example.org,   false",
        "mail*.example.org,    mail.example.org,   false",
        "*.*.example.org,      a.mail.example.org, false",
        "a.*.example.org,      a.b.example.org,    false",
        "*,                    org,                false",
        "*.org,                example.org,        false",
        "xn--bcher-kva.example, xn--bcher-kva.example, true",
    })
    @Requirement({"R7817-7", "SEED-20"})
    void dnsIds(String presented, String reference, boolean covered) {
        assertThat(of(new DnsId(presented)).coversDnsName(reference)).isEqualTo(covered);
    }

    @Test
    @Requirement("R9525-3")
    void aServiceIsCoveredWithItsOwnDomainOnly() {
        PresentedIdentifiers presented = of(new SrvId("imaps", "example.org"), new DnsId("example.net"));
        assertThat(presented.coversService("imaps", "example.org")).isTrue();
        assertThat(presented.coversService("IMAPS", "Example.org")).isTrue();
        assertThat(presented.coversService("pop3s", "example.org")).isFalse();
        assertThat(presented.coversService("imaps", "example.net")).isFalse();
        assertThat(presented.coversDnsName("example.org"))
                .as("an SRV-ID is no DNS-ID")
                .isFalse();
    }

    @Test
    void whatACertificatePresentsIsReadBack() {
        X509Certificate certificate = TestCertificate.forLocalhost("*.example.org", "Mail.Example.NET")
                .certificate();
        assertThat(PresentedIdentifiers.of(certificate).all())
                .containsExactly(
                        new DnsId("localhost"),
                        new IpId("127.0.0.1"),
                        new IpId("0:0:0:0:0:0:0:1"),
                        new DnsId("*.example.org"),
                        new DnsId("mail.example.net"));
    }

    @Test
    void aCommonNameIsNoIdentifier() {
        // the subject is CN=localhost as well; only the extension counts
        X509Certificate certificate = TestCertificate.forLocalhost().certificate();
        assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=localhost");
        assertThat(PresentedIdentifiers.of(certificate).all())
                .hasSize(3)
                .allMatch(identifier -> !identifier.toString().contains("CN"));
    }
}
