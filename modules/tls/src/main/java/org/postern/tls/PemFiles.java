package org.postern.tls;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.jcajce.provider.asymmetric.util.EC5Util;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.postern.files.DurableFile;

/// Certificates and private keys in PEM files (RFC 7468), as an operator or an ACME client leaves them. Whatever is
/// wrong with a file is a [TlsConfigurationException] that names it.
public final class PemFiles {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final int WEAKEST_RSA = 2048; // bits; RFC 9325 §4.4

    private PemFiles() {}

    /// A pair that can be served: checked as a client would check it, except for its names and its issuer.
    ///
    /// @param chainFile the server's certificate first, then its intermediates
    /// @param keyFile PKCS #8, PKCS #1 or SEC 1, not encrypted, for its owner alone; may be the same file
    public static ServedCertificate load(Path chainFile, Path keyFile) {
        List<X509Certificate> chain = readCertificates(chainFile);
        return checked(readPrivateKey(keyFile), chain, chainFile.toString(), keyFile.toString());
    }

    /// @param chainName what the chain is called in messages
    /// @param keyName what the key is called there
    static ServedCertificate checked(PrivateKey key, List<X509Certificate> chain, String chainName, String keyName) {
        X509Certificate leaf = chain.getFirst();
        if (!belongTogether(key, leaf.getPublicKey())) {
            throw new TlsConfigurationException(keyName + " is not the key of the first certificate in " + chainName
                    + " (" + leaf.getSubjectX500Principal() + "): the server's own certificate comes first");
        }
        for (int issuer = 1; issuer < chain.size(); issuer++) {
            try {
                chain.get(issuer - 1).verify(chain.get(issuer).getPublicKey());
            } catch (GeneralSecurityException e) {
                throw new TlsConfigurationException(
                        chainName + ": certificate " + (issuer + 1) + " ("
                                + chain.get(issuer).getSubjectX500Principal()
                                + ") did not issue the one before it: order them from the server's certificate upwards",
                        e);
            }
        }
        Instant end = leaf.getNotAfter().toInstant();
        if (end.isBefore(Instant.now())) {
            throw new TlsConfigurationException(chainName + ": the certificate expired at " + end + ": renew it");
        }
        weakness(leaf.getPublicKey()).ifPresent(weak -> {
            throw new TlsConfigurationException(chainName + ": " + weak);
        });
        return new ServedCertificate(key, chain);
    }

    static Optional<String> weakness(PublicKey key) {
        return key instanceof RSAPublicKey rsa && rsa.getModulus().bitLength() < WEAKEST_RSA
                ? Optional.of("an RSA key of " + rsa.getModulus().bitLength()
                        + " bits is too weak: use P-256, or RSA of " + WEAKEST_RSA + " bits or more")
                : Optional.empty();
    }

    /// The first certificate of a text.
    ///
    /// @param name what the text is called in messages
    public static X509Certificate certificate(String text, String name) {
        return certificates(text, name).getFirst();
    }

    /// The first certificate of a file.
    public static X509Certificate certificate(Path file) {
        return readCertificates(file).getFirst();
    }

    /// All certificates of a file, in its order; at least one.
    static List<X509Certificate> readCertificates(Path file) {
        return certificates(read(file), file.toString());
    }

    /// All certificates of a text, in its order; at least one.
    static List<X509Certificate> certificates(String text, String name) {
        return certificates(parse(new StringReader(text), name), name);
    }

    private static List<X509Certificate> certificates(List<Object> items, String name) {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Object item : items) {
            if (item instanceof X509CertificateHolder holder) {
                try {
                    certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
                } catch (GeneralSecurityException e) {
                    throw new TlsConfigurationException(name + ": a certificate cannot be read: " + e.getMessage(), e);
                }
            }
        }
        if (certificates.isEmpty()) {
            throw new TlsConfigurationException(name + " holds no certificate (-----BEGIN CERTIFICATE-----)");
        }
        return certificates;
    }

    static PrivateKey readPrivateKey(Path file) {
        requireOwnerOnly(file);
        return privateKey(read(file), file.toString());
    }

    static PrivateKey privateKey(String text, String name) {
        return privateKey(parse(new StringReader(text), name), name);
    }

    private static PrivateKey privateKey(List<Object> items, String name) {
        for (Object item : items) {
            PrivateKeyInfo information = switch (item) {
                case PEMKeyPair pair -> pair.getPrivateKeyInfo();
                case PrivateKeyInfo key -> key;
                case PEMEncryptedKeyPair encrypted -> throw encrypted(name);
                case PKCS8EncryptedPrivateKeyInfo encrypted -> throw encrypted(name);
                default -> null;
            };
            if (information != null) {
                try {
                    return new JcaPEMKeyConverter().getPrivateKey(information);
                } catch (IOException e) {
                    throw new TlsConfigurationException(name + ": the private key is of a kind that is not known", e);
                }
            }
        }
        throw new TlsConfigurationException(name + " holds no private key (-----BEGIN PRIVATE KEY-----)");
    }

    private static TlsConfigurationException encrypted(String name) {
        return new TlsConfigurationException(
                name + ": the private key is encrypted; a server that starts by itself needs it decrypted"
                        + " (openssl pkey -in … -out …), protected by the file's permissions");
    }

    private static void requireOwnerOnly(Path file) {
        try {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!OWNER_ONLY.containsAll(permissions)) {
                throw new TlsConfigurationException(file + " holds a private key and others may use it ("
                        + PosixFilePermissions.toString(permissions) + "): chmod 600 " + file);
            }
        } catch (NoSuchFileException e) {
            throw missing(file, e);
        } catch (IOException e) {
            throw new TlsConfigurationException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static TlsConfigurationException missing(Path file, IOException cause) {
        return new TlsConfigurationException(file + " does not exist", cause);
    }

    private static List<Object> read(Path file) {
        try (Reader text = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            return parse(text, file.toString());
        } catch (NoSuchFileException e) {
            throw missing(file, e);
        } catch (IOException e) {
            throw new TlsConfigurationException(file + " cannot be read as PEM: " + e.getMessage(), e);
        }
    }

    private static List<Object> parse(Reader text, String name) {
        List<Object> items = new ArrayList<>();
        try (PEMParser parser = new PEMParser(text)) {
            for (Object item = parser.readObject(); item != null; item = parser.readObject()) {
                items.add(item);
            }
        } catch (IOException e) {
            throw new TlsConfigurationException(name + " cannot be read as PEM: " + e.getMessage(), e);
        }
        return items;
    }

    static boolean belongTogether(PrivateKey key, PublicKey certified) {
        String algorithm = KeyKind.signature(key);
        byte[] probe = {1, 2, 3};
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(certified);
            signature.update(probe);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /// Certificates, requests and keys in PEM.
    public static String text(Object... items) {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
            for (Object item : items) {
                // PKCS #8 for keys: the form that every other program reads
                pem.writeObject(item instanceof PrivateKey key ? new JcaPKCS8Generator(key, null) : item);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("PEM cannot be written", e);
        }
        return text.toString();
    }

    /// A private key and its public half. Files of certificates may have it too.
    public static KeyPair readKeyPair(Path file) {
        PrivateKey key = readPrivateKey(file);
        try {
            return switch (key) {
                case RSAPrivateCrtKey rsa ->
                    new KeyPair(
                            KeyFactory.getInstance("RSA")
                                    .generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent())),
                            key);
                case ECPrivateKey elliptic -> new KeyPair(publicHalf(elliptic), key);
                default -> throw new TlsConfigurationException(file + ": a key of a kind that is not made here");
            };
        } catch (GeneralSecurityException e) {
            throw new TlsConfigurationException(file + ": the public half of the key cannot be had", e);
        }
    }

    private static PublicKey publicHalf(ECPrivateKey key) throws GeneralSecurityException {
        var curve = EC5Util.convertSpec(key.getParams());
        var point = curve.getG().multiply(key.getS()).normalize();
        return KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(EC5Util.convertPoint(point), key.getParams()));
    }

    /// A key alone, for its owner.
    public static void writeKeyPair(Path file, KeyPair pair) {
        write(file, true, pair.getPrivate());
    }

    /// A key with its chain, for its owner.
    public static void writePair(Path file, PrivateKey key, List<X509Certificate> chain) {
        write(file, true, Stream.concat(Stream.of(key), chain.stream()).toArray());
    }

    /// A client's context that trusts the certificates of a file and nothing else.
    public static SSLContext trusting(Path file) throws GeneralSecurityException {
        return trusting(readCertificates(file));
    }

    /// A client's context that trusts these and nothing else.
    public static SSLContext trusting(Collection<X509Certificate> certificates) throws GeneralSecurityException {
        try {
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, null);
            for (X509Certificate certificate : certificates) {
                anchors.setCertificateEntry(Fingerprints.sha256(certificate), certificate);
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(anchors);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
    }

    /// Replaces a file as a whole, durably: its readers see the old one or the new one.
    static void write(Path file, boolean secret, Object... items) {
        try {
            if (secret) {
                DurableFile.replace(file, text(items));
            } else {
                DurableFile.replaceForEverybody(file, text(items));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }
}
