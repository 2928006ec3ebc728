package org.postern.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.identity.TrustAnchors;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.testkit.TestPki;
import org.postern.tls.CertificateFinding.Check;
import org.postern.tls.CertificateFinding.State;

class CertificateLintTest {
    private static final CertificateNames NAMES = new CertificateNames(
            List.of("mail.example.test"), List.of(), List.of("example.test"), List.of("imaps", "submissions"));
    private static final TrustAnchors NONE = new TrustAnchors(List.of());

    @TempDir
    Path directory;

    private static State state(List<CertificateFinding> findings, Check check, String subject) {
        return findings.stream()
                .filter(finding -> finding.check() == check && finding.subject().equals(subject))
                .findFirst()
                .orElseThrow()
                .state();
    }

    @Test
    @Requirement({"SEED-40", "SEED-41"})
    void whatTheOwnAuthorityIssuesIsAsItShouldBeUntilItEnds() {
        CertificateAuthority authority = CertificateAuthority.open(directory, NAMES);
        ServedCertificate served = authority.serverCertificate(NAMES);
        Optional<X509Certificate> own = Optional.of(authority.certificate());
        CertificateLint now = new CertificateLint(NONE, own, Instant.now());
        assertThat(now.of(served)).extracting(CertificateFinding::state).containsOnly(State.OK);
        assertThat(now.coverage(List.of(served), NAMES))
                .extracting(CertificateFinding::state)
                .containsOnly(State.OK);

        var later = new CertificateLint(NONE, own, Instant.now().plus(Duration.ofDays(390)));
        assertThat(state(later.of(served), Check.TERM, "mail.example.test")).isEqualTo(State.WRONG);
        var stranger = new CertificateLint(NONE, Optional.empty(), Instant.now());
        assertThat(state(stranger.of(served), Check.CHAIN, "mail.example.test")).isEqualTo(State.NOT_AVAILABLE);
        var other = new CertificateNames(
                List.of("imap.example.test"), List.of(), List.of("example.test", "other.test"), List.of("pop3s"));
        List<CertificateFinding> coverage = now.coverage(List.of(served), other);
        assertThat(state(coverage, Check.DNS_ID, "imap.example.test")).isEqualTo(State.WRONG);
        assertThat(state(coverage, Check.DNS_ID, "other.test")).isEqualTo(State.WRONG);
        assertThat(state(coverage, Check.SRV_ID, "example.test")).isEqualTo(State.WRONG);
    }

    /// Public authorities issue no SRV-IDs.
    @Test
    @Requirement("R7817-13")
    void whatAPublicAuthorityCannotIssueIsNoFault() {
        TestCertificate made = TestCertificate.forLocalhost("mail.example.test", "example.test");
        var served = new ServedCertificate(made.key(), List.of(made.certificate()));
        var trusted = new CertificateLint(TrustAnchors.of(made.certificate()), Optional.empty(), Instant.now());
        assertThat(state(trusted.coverage(List.of(served), NAMES), Check.SRV_ID, "example.test"))
                .isEqualTo(State.NOT_AVAILABLE);
        assertThat(state(trusted.of(served), Check.CHAIN, "localhost")).isEqualTo(State.OK);
        var unknown = new CertificateLint(NONE, Optional.empty(), Instant.now());
        assertThat(state(unknown.coverage(List.of(served), NAMES), Check.SRV_ID, "example.test"))
                .isEqualTo(State.WRONG);
        assertThat(state(unknown.of(served), Check.CHAIN, "localhost")).isEqualTo(State.WRONG); // signed by itself
    }

    @Test
    @Requirement("RFC7633-6")
    void oneThatDemandsAStapleIsWrongHere() {
        var lint = new CertificateLint(NONE, Optional.empty(), TestPki.NOW);
        for (boolean demands : new boolean[] {false, true}) {
            TestPki.Request request = TestPki.server("mail.example.test", TestPki.dns("mail.example.test"));
            if (demands) { // status_request, RFC 6066 §8
                request.extension(
                        new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.24"), false, new DERSequence(new ASN1Integer(5)));
            }
            TestPki.Issued issued = request.selfSigned();
            var served = new ServedCertificate(issued.keys().getPrivate(), List.of(issued.certificate()));
            assertThat(state(lint.of(served), Check.USAGE, "mail.example.test"))
                    .isEqualTo(demands ? State.WRONG : State.OK);
        }
    }

    @Test
    void aKeyOfAnotherIsSeen() throws Exception {
        TestCertificate made = TestCertificate.forLocalhost("mail.example.test");
        TestCertificate other = TestCertificate.forLocalhost("mail.example.test");
        var mixed = new ServedCertificate(other.key(), List.of(made.certificate()));
        var lint = new CertificateLint(NONE, Optional.empty(), Instant.now());
        assertThat(state(lint.of(mixed), Check.KEY, "localhost")).isEqualTo(State.WRONG);
        Path empty = Files.createDirectory(directory.resolve("empty"));
        assertThat(PemDirectory.pairs(empty)).isEmpty();
    }
}
