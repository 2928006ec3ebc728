package org.postern.testkit;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.OtherName;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Certificates as tests need them, right and wrong.
public final class TestPki {
    /// The moment at which what is said to be valid is.
    public static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");
    private static final ASN1ObjectIdentifier SRV_NAME = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.7"); // RFC 4985 §2
    private static final AtomicLong SERIAL = new AtomicLong(1000);

    /// A certificate and its key.
    public record Issued(KeyPair keys, X509Certificate certificate) {}

    private TestPki() {}

    public static KeyPair elliptic() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static KeyPair rsa(int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static Request authority(String name) {
        Request builder = new Request(name);
        builder.extension(Extension.basicConstraints, true, new BasicConstraints(true));
        builder.extension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        return builder;
    }

    public static Request server(String name, GeneralName... names) {
        Request builder = new Request(name);
        builder.extension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.extension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
        if (names.length > 0) {
            builder.extension(Extension.subjectAlternativeName, false, new GeneralNames(names));
        }
        return builder;
    }

    public static GeneralName dns(String name) {
        return new GeneralName(GeneralName.dNSName, name);
    }

    public static GeneralName srv(String name) {
        return new GeneralName(GeneralName.otherName, new OtherName(SRV_NAME, new DERIA5String(name)));
    }

    public static NameConstraints permitted(GeneralName... names) {
        return new NameConstraints(subtrees(names), null);
    }

    public static NameConstraints excluded(GeneralName... names) {
        return new NameConstraints(null, subtrees(names));
    }

    private static GeneralSubtree[] subtrees(GeneralName... names) {
        List<GeneralSubtree> subtrees = new ArrayList<>();
        for (GeneralName name : names) {
            subtrees.add(new GeneralSubtree(name));
        }
        return subtrees.toArray(GeneralSubtree[]::new);
    }

    /// A certificate to be made.
    public static final class Request {
        private record Piece(ASN1ObjectIdentifier oid, boolean critical, ASN1Encodable value) {}

        private final X500Name subject;
        private final List<Piece> extensions = new ArrayList<>();
        private KeyPair keys = elliptic();
        private Instant from = NOW.minus(Duration.ofDays(10));
        private Instant until = NOW.plus(Duration.ofDays(10));
        private String digest = "SHA256";

        public Request(String name) {
            subject = name.isEmpty() ? new X500Name(new org.bouncycastle.asn1.x500.RDN[0]) : new X500Name("CN=" + name);
        }

        /// Replaces one that is there already.
        public Request extension(ASN1ObjectIdentifier oid, boolean critical, ASN1Encodable value) {
            extensions.removeIf(piece -> piece.oid.equals(oid));
            extensions.add(new Piece(oid, critical, value));
            return this;
        }

        public Request without(ASN1ObjectIdentifier oid) {
            extensions.removeIf(piece -> piece.oid.equals(oid));
            return this;
        }

        public Request keys(KeyPair others) {
            keys = others;
            return this;
        }

        public KeyPair keys() {
            return keys;
        }

        public Request valid(Duration fromNow, Duration untilNow) {
            from = NOW.plus(fromNow);
            until = NOW.plus(untilNow);
            return this;
        }

        public Request digest(String other) {
            digest = other;
            return this;
        }

        public Issued selfSigned() {
            return sign(subject, keys, keys.getPublic());
        }

        public Issued by(Issued issuer) {
            return sign(
                    X500Name.getInstance(
                            issuer.certificate.getSubjectX500Principal().getEncoded()),
                    issuer.keys,
                    issuer.keys.getPublic());
        }

        private Issued sign(X500Name issuer, KeyPair signer, PublicKey publicKey) {
            try {
                var builder = new JcaX509v3CertificateBuilder(
                        issuer,
                        BigInteger.valueOf(SERIAL.incrementAndGet()),
                        Date.from(from),
                        Date.from(until),
                        subject,
                        keys.getPublic());
                for (Piece piece : extensions) {
                    builder.addExtension(piece.oid, piece.critical, piece.value);
                }
                String algorithm = digest + "with" + (publicKey.getAlgorithm().equals("EC") ? "ECDSA" : "RSA");
                return new Issued(
                        keys,
                        new JcaX509CertificateConverter()
                                .getCertificate(builder.build(
                                        new JcaContentSignerBuilder(algorithm).build(signer.getPrivate()))));
            } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
