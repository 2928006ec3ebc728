package org.postern.testkit;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate authority of a test's own, with P-256 keys.
public final class TestAuthority {
    private static final SecureRandom RANDOM = new SecureRandom();

    private final KeyPair pair = newPair();
    private final X509Certificate certificate;

    /// One that is valid for 400 days before and after now.
    public TestAuthority(String name) {
        X500Name subject = new X500Name("CN=" + name);
        Instant now = Instant.now();
        var builder = new JcaX509v3CertificateBuilder(
                subject,
                new BigInteger(127, RANDOM),
                Date.from(now.minus(Duration.ofDays(400))),
                Date.from(now.plus(Duration.ofDays(400))),
                subject,
                pair.getPublic());
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        certificate = signed(builder);
    }

    /// A server's certificate with its key.
    ///
    /// @param chain its own first; the authority is not in it
    public record Issued(PrivateKey key, List<X509Certificate> chain) {
        /// Key and certificates in PEM, in the order that Postfix wants.
        public String pem() {
            return block("PRIVATE KEY", key.getEncoded()) + pemOf(chain);
        }

        /// SHA-256 of the subject's public key information, in hexadecimal: the data of a TLSA record `3 1 1`.
        public String keyDigest() {
            try {
                byte[] key = chain.getFirst().getPublicKey().getEncoded();
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(key));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public String toString() {
            return "Issued[" + chain.getFirst().getSubjectX500Principal() + "]"; // never the key
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
        KeyPair own = newPair();
        return new Issued(own.getPrivate(), List.of(issue(request, own)));
    }

    private X509Certificate issue(Request request, KeyPair own) {
        var builder = new JcaX509v3CertificateBuilder(
                certificate,
                new BigInteger(127, RANDOM),
                Date.from(request.end().minus(Duration.ofDays(300))),
                Date.from(request.end()),
                new X500Principal("CN=" + request.names().getFirst()),
                own.getPublic());
        try {
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(request.names().stream()
                            .map(name -> new GeneralName(GeneralName.dNSName, name))
                            .toArray(GeneralName[]::new)));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(request.purpose()));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return signed(builder);
    }

    private X509Certificate signed(JcaX509v3CertificateBuilder builder) {
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair newPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /// The authority's certificate.
    public String pem() {
        return pemOf(List.of(certificate));
    }

    private static String pemOf(List<X509Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (X509Certificate each : certificates) {
            try {
                text.append(block("CERTIFICATE", each.getEncoded()));
            } catch (CertificateEncodingException e) {
                throw new IllegalStateException(e);
            }
        }
        return text.toString();
    }

    private static String block(String what, byte[] content) {
        return "-----BEGIN " + what + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + what
                + "-----\n";
    }
}
