package org.postern.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.postern.identity.PresentedIdentifiers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Postern's own certificate authority, for development, private deployments and interop targets: whoever trusts it
/// trusts it for its own domains and hosts only (critical name constraints), and it issues servers' certificates only.
///
/// Files in one directory: `ca.pem` for clients, `ca-key.pem` (0600), and `server.pem` (0600) with the server's key and
/// chain in one file, so that a crash never leaves one without the other; `next-server-key.pem` (0600) where the next
/// key is announced.
public final class CertificateAuthority {
    private static final Logger LOG = LoggerFactory.getLogger(CertificateAuthority.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration CLOCK_SKEW = Duration.ofHours(1);
    private static final Duration AUTHORITY_LIFETIME = Duration.ofDays(3652);
    private static final Duration LEAF_LIFETIME = Duration.ofDays(397);
    private static final Duration RENEW_BEFORE = Duration.ofDays(30);
    static final int COMMON_NAME_LENGTH = 64; // RFC 5280, ub-common-name

    private final Path directory;
    private final PrivateKey key;
    private final X509Certificate certificate;

    private CertificateAuthority(Path directory, PrivateKey key, X509Certificate certificate) {
        this.directory = directory;
        this.key = key;
        this.certificate = certificate;
    }

    /// Opens the authority in a directory that exists, or makes one there. One that may not issue for these names
    /// keeps its key and gets a new certificate, which clients must be given.
    ///
    /// @throws TlsConfigurationException naming the file that is wrong
    public static CertificateAuthority open(Path directory, CertificateNames names) {
        Path certificateFile = directory.resolve("ca.pem");
        Path keyFile = directory.resolve("ca-key.pem");
        if (!Files.exists(keyFile) && !Files.exists(certificateFile)) {
            KeyPair pair = KeyKind.EC_P256.newPair();
            X509Certificate certificate = selfIssue(newSubject(names), pair.getPublic(), pair.getPrivate(), names);
            PemFiles.write(keyFile, true, pair.getPrivate()); // first: without it the certificate is worth nothing
            PemFiles.write(certificateFile, false, certificate);
            LOG.info("made a certificate authority: {}", certificateFile);
            return new CertificateAuthority(directory, pair.getPrivate(), certificate);
        }
        if (!Files.exists(certificateFile)) {
            throw new TlsConfigurationException(certificateFile + " is missing while " + keyFile
                    + " is there: restore it from a backup, or remove both to start a new authority");
        }
        PrivateKey key = PemFiles.readPrivateKey(keyFile);
        X509Certificate certificate = PemFiles.readCertificates(certificateFile).getFirst();
        if (!permits(certificate, names) || endsWithin(certificate, LEAF_LIFETIME)) {
            certificate = selfIssue(subject(certificate), certificate.getPublicKey(), key, names);
            PemFiles.write(certificateFile, false, certificate);
            LOG.warn("the certificate authority has new names or a new term: give clients the new {}", certificateFile);
        }
        return new CertificateAuthority(directory, key, certificate);
    }

    /// What clients are given to trust.
    public Path certificateFile() {
        return directory.resolve("ca.pem");
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /// The server's certificate: the present one while it names exactly this and has more than 30 days left. Where
    /// only the names are others, a new one with the present key, so that nobody has to wait for a key; else one
    /// with a new key.
    public ServedCertificate serverCertificate(CertificateNames names) {
        Path file = directory.resolve("server.pem");
        if (Files.exists(file)) {
            ServedCertificate present = presentOne(file);
            if (present != null && isOurs(present.leaf()) && !endsWithin(present.leaf(), RENEW_BEFORE)) {
                return names(present.leaf())
                                .equals(new HashSet<>(names.identifiers().all()))
                        ? present
                        : issue(new KeyPair(present.leaf().getPublicKey(), present.key()), names);
            }
        }
        return issueNow(names);
    }

    /// A new certificate with a new key, whatever the present one is: that which was announced, where one was.
    public ServedCertificate issueNow(CertificateNames names) {
        Path next = nextKeyFile();
        KeyPair pair = Files.exists(next) ? PemFiles.readKeyPair(next) : KeyKind.EC_P256.newPair();
        ServedCertificate issued = issue(pair, names);
        discardNextKey(); // it is the present one now
        return issued;
    }

    private ServedCertificate issue(KeyPair pair, CertificateNames names) {
        X509Certificate leaf = issue(pair.getPublic(), names);
        // The chain is the leaf alone: clients have the root.
        PemFiles.write(directory.resolve("server.pem"), true, pair.getPrivate(), leaf);
        LOG.info(
                "issued a server certificate for {} until {}",
                names.dnsNames(),
                leaf.getNotAfter().toInstant());
        return new ServedCertificate(pair.getPrivate(), List.of(leaf));
    }

    private Path nextKeyFile() {
        return directory.resolve("next-server-key.pem");
    }

    /// That of the next certificate, so that it can be announced before it is served; made if there is none yet.
    public PublicKey nextKey() {
        Path file = nextKeyFile();
        if (!Files.exists(file)) {
            PemFiles.writeKeyPair(file, KeyKind.EC_P256.newPair());
        }
        return PemFiles.readKeyPair(file).getPublic();
    }

    /// The next certificate gets a key that nobody has heard of.
    public void discardNextKey() {
        try {
            Files.deleteIfExists(nextKeyFile());
        } catch (IOException e) {
            throw new UncheckedIOException(nextKeyFile() + " cannot be removed", e);
        }
    }

    private static @Nullable ServedCertificate presentOne(Path file) {
        try {
            return PemFiles.load(file, file);
        } catch (TlsConfigurationException unusable) {
            LOG.warn("replacing a server certificate that cannot be used: {}", unusable.getMessage());
            return null;
        }
    }

    private boolean isOurs(X509Certificate leaf) {
        try {
            leaf.verify(certificate.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false; // of another authority
        }
    }

    private static Set<Object> names(X509Certificate leaf) {
        return new HashSet<>(PresentedIdentifiers.of(leaf).all());
    }

    private static boolean endsWithin(X509Certificate certificate, Duration time) {
        return certificate.getNotAfter().toInstant().isBefore(Instant.now().plus(time));
    }

    // ---- issuing

    private static X509Certificate selfIssue(
            X500Name subject, PublicKey publicKey, PrivateKey key, CertificateNames names) {
        try {
            var utilities = new JcaX509ExtensionUtils();
            var builder = builder(subject, subject, publicKey, AUTHORITY_LIFETIME)
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(0)) // pathlen 0
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                    .addExtension(
                            Extension.subjectKeyIdentifier, false, utilities.createSubjectKeyIdentifier(publicKey))
                    .addExtension(Extension.nameConstraints, true, constraints(names));
            return sign(builder, key);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("a certificate cannot be built", e);
        }
    }

    private static X500Name newSubject(CertificateNames names) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.O, "Postern")
                .addRDN(
                        BCStyle.CN,
                        "Postern CA for " + shortened(names.dnsNames().getFirst()))
                .build();
    }

    private static X500Name subject(X509Certificate certificate) {
        return X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    }

    private static String shortened(String name) {
        int room = COMMON_NAME_LENGTH - "Postern CA for ".length();
        return name.length() <= room ? name : name.substring(0, room);
    }

    /// RFC 5280 §4.2.1.10. No constraint on SRV-IDs (RFC 4985 §4): OpenSSL refuses chains with constraints that it does
    /// not know, and a DNS-ID goes with each.
    private static NameConstraints constraints(CertificateNames names) {
        List<GeneralSubtree> permitted = new ArrayList<>();
        for (String name : names.dnsNames()) {
            permitted.add(new GeneralSubtree(new GeneralName(GeneralName.dNSName, name)));
        }
        for (String address : names.addresses()) {
            String mask = address.contains(":") ? "/128" : "/32";
            permitted.add(new GeneralSubtree(new GeneralName(GeneralName.iPAddress, address + mask)));
        }
        return new NameConstraints(permitted.toArray(GeneralSubtree[]::new), null);
    }

    private static boolean permits(X509Certificate authority, CertificateNames names) {
        byte[] extension = authority.getExtensionValue(Extension.nameConstraints.getId());
        if (extension == null) {
            return false;
        }
        NameConstraints present = NameConstraints.getInstance(
                ASN1OctetString.getInstance(extension).getOctets());
        Set<GeneralName> permitted = new HashSet<>();
        for (GeneralSubtree subtree : present.getPermittedSubtrees()) {
            permitted.add(subtree.getBase());
        }
        for (GeneralSubtree wanted : constraints(names).getPermittedSubtrees()) {
            if (!permitted.contains(wanted.getBase())) {
                return false;
            }
        }
        return true;
    }

    private X509Certificate issue(PublicKey publicKey, CertificateNames names) {
        X500Name issuer =
                X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
        try {
            var utilities = new JcaX509ExtensionUtils();
            var builder = builder(issuer, SigningRequest.subject(names), publicKey, LEAF_LIFETIME)
                    .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                    .addExtension(
                            Extension.subjectKeyIdentifier, false, utilities.createSubjectKeyIdentifier(publicKey))
                    .addExtension(
                            Extension.authorityKeyIdentifier,
                            false,
                            utilities.createAuthorityKeyIdentifier(certificate.getPublicKey()))
                    .addExtension(
                            Extension.subjectAlternativeName,
                            false,
                            names.identifiers().toGeneralNames());
            return sign(builder, key);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("a certificate cannot be built", e);
        }
    }

    private static JcaX509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, PublicKey publicKey, Duration lifetime) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(127, RANDOM).setBit(126),
                Date.from(now.minus(CLOCK_SKEW)),
                Date.from(now.plus(lifetime).minus(CLOCK_SKEW)),
                subject,
                publicKey);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
            throws GeneralSecurityException {
        try {
            var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key);
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }
}
