package org.postern.testkit;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/// An authority whose certificates are valid now, as programs want them that have a clock of their own. [TestPki] makes
/// them for any moment.
public final class TestAuthority {
    private final TestPki.Issued authority;

    /// One that is valid for 400 days before and after now.
    public TestAuthority(String name) {
        Instant now = Instant.now();
        authority = valid(TestPki.authority(name), now.minus(Duration.ofDays(400)), now.plus(Duration.ofDays(400)))
                .selfSigned();
    }

    private static TestPki.Request valid(TestPki.Request request, Instant from, Instant until) {
        return request.valid(Duration.between(TestPki.NOW, from), Duration.between(TestPki.NOW, until));
    }

    /// A server's certificate with its key; the authority is not in it.
    public record Issued(PrivateKey key, X509Certificate certificate) {
        /// Key and certificate in PEM, in the order that Postfix wants.
        public String pem() {
            return Pem.of(key) + Pem.of(certificate);
        }

        /// SHA-256 of the subject's public key information, in hexadecimal: the data of a TLSA record `3 1 1`.
        public String keyDigest() {
            try {
                byte[] octets = certificate.getPublicKey().getEncoded();
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(octets));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public String toString() {
            return "Issued[" + certificate.getSubjectX500Principal() + "]"; // never the key
        }
    }

    /// How a certificate is made.
    ///
    /// @param names DNS-IDs
    /// @param end when it stops being valid; it begins 300 days before that
    public record Request(List<String> names, Instant end, KeyPurposeId purpose) {
        /// For these names, 90 days from now, for TLS servers.
        public static Request of(String... names) {
            return new Request(List.of(names), Instant.now().plus(Duration.ofDays(90)), KeyPurposeId.id_kp_serverAuth);
        }

        public Request until(Instant other) {
            return new Request(names, other, purpose);
        }

        /// For TLS clients only.
        public Request forClients() {
            return new Request(names, end, KeyPurposeId.id_kp_clientAuth);
        }
    }

    public Issued issue(Request request) {
        GeneralName[] names = request.names().stream().map(TestPki::dns).toArray(GeneralName[]::new);
        TestPki.Request made = TestPki.server(request.names().getFirst(), names)
                .extension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(request.purpose()));
        TestPki.Issued issued = valid(made, request.end().minus(Duration.ofDays(300)), request.end())
                .by(authority);
        return new Issued(issued.keys().getPrivate(), issued.certificate());
    }

    /// The authority's certificate.
    public String pem() {
        return Pem.of(authority.certificate());
    }
}
