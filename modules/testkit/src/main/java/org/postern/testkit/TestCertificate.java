package org.postern.testkit;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A self-signed certificate for localhost, made anew for each test that asks.
public record TestCertificate(PrivateKey key, X509Certificate certificate) {
    /// For localhost, 127.0.0.1, ::1 and these names, valid for a day.
    public static TestCertificate forLocalhost(String... names) {
        return until(Instant.now().plus(Duration.ofDays(1)), names);
    }

    /// As [#forLocalhost], valid to `end`.
    public static TestCertificate until(Instant end, String... names) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return issue(generator.generateKeyPair(), "SHA256withECDSA", end, names);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// As [#forLocalhost], with an RSA key.
    public static TestCertificate withRsa(String... names) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return issue(
                    generator.generateKeyPair(), "SHA256withRSA", Instant.now().plus(Duration.ofDays(1)), names);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static TestCertificate issue(KeyPair pair, String signature, Instant end, String... names) {
        try {
            Instant now = Instant.now();
            X500Name name = new X500Name("CN=localhost");
            GeneralName[] alternatives = new GeneralName[3 + names.length];
            alternatives[0] = new GeneralName(GeneralName.dNSName, "localhost");
            alternatives[1] = new GeneralName(GeneralName.iPAddress, "127.0.0.1");
            alternatives[2] = new GeneralName(GeneralName.iPAddress, "::1");
            for (int index = 0; index < names.length; index++) {
                alternatives[3 + index] = new GeneralName(GeneralName.dNSName, names[index]);
            }
            var builder = new JcaX509v3CertificateBuilder(
                    name,
                    new BigInteger(127, new SecureRandom()),
                    Date.from(now.minus(Duration.ofHours(1))),
                    Date.from(end),
                    name,
                    pair.getPublic());
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternatives));
            var holder = builder.build(new JcaContentSignerBuilder(signature).build(pair.getPrivate()));
            return new TestCertificate(pair.getPrivate(), new JcaX509CertificateConverter().getCertificate(holder));
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    /// A client's context that trusts this certificate and nothing else.
    public SSLContext trust() {
        return trust(certificate);
    }

    /// A client's context that trusts these and nothing else.
    public static SSLContext trust(X509Certificate... trusted) {
        try {
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, null);
            for (int index = 0; index < trusted.length; index++) {
                anchors.setCertificateEntry("anchor" + index, trusted[index]);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(anchors);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Certificate and key in one PEM file, for its owner alone.
    public void write(Path file) throws IOException {
        String pem = Pem.of(certificate) + Pem.of(key);
        Path made = Files.writeString(file.resolveSibling(file.getFileName() + ".made"), pem);
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
        Files.move(made, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public String toString() {
        return "TestCertificate[" + certificate.getSubjectX500Principal() + "]"; // never the key
    }
}
