package org.postern.identity;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.testkit.TestPki;

/// Whatever octets come in a certificate, a TLSA record or a name: an answer, never an exception.
class IdentityFuzzTest {
    private static final X509Certificate SERVER = TestPki.server("mail.example.org", TestPki.dns("mail.example.org"))
            .selfSigned()
            .certificate();
    private static final PathPolicy POLICY = PathPolicy.at(TestPki.NOW, TrustAnchors.of(SERVER));

    @FuzzTest
    void anyOctets(byte[] octets) {
        judge(octets);
    }

    /// A certificate with octets changed, as a certificate where it still is one, and as the data of every kind of
    /// record.
    @Test
    void aCertificateWithOctetsChanged() throws Exception {
        Random random = new Random(5);
        byte[] encoded = SERVER.getEncoded();
        for (int round = 0; round < 2_000; round++) {
            byte[] changed =
                    Arrays.copyOf(encoded, random.nextInt(8) == 0 ? random.nextInt(encoded.length) : encoded.length);
            for (int count = random.nextInt(3); count >= 0 && changed.length > 0; count--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            judge(changed);
        }
    }

    private static void judge(byte[] octets) {
        ReferenceIdentifiers references = ReferenceIdentifiers.forHost("mail.example.org");
        for (int parameters = 0; parameters < 16; parameters++) {
            TlsaRecord record = new TlsaRecord(parameters & 3, parameters >> 2 & 1, parameters >> 3, octets);
            DaneResult dane = ServerAuthentication.dane(List.of(SERVER), List.of(record), references, POLICY);
            assertThat(dane.authenticated())
                    .isEqualTo(dane.verdicts().getLast().rule() == Rule.DANE_EE
                            || dane.verdicts().getLast().rule() == Rule.PKIX_EE);
        }
        try {
            X509Certificate certificate =
                    TrustAnchors.parse(octets).certificates().getFirst();
            PkixResult result = ServerAuthentication.pkix(List.of(certificate, SERVER), references, POLICY);
            assertThat(result.authenticated()).isEqualTo(certificate.equals(SERVER));
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining("certificate");
        }
        try {
            ReferenceIdentifiers.forHost(new String(octets, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).startsWith("not a");
        }
        ServerAuthentication.path(
                List.of(SERVER),
                POLICY.withRevocation(PathPolicy.Revocation.REQUIRED, List.of(octets), List.of(octets)));
    }
}
