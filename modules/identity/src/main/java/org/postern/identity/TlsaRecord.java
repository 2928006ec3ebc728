package org.postern.identity;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.jspecify.annotations.Nullable;

/// A TLSA record's data (RFC 6698 §2.1), whatever the numbers in it are.
///
/// @param data the certificate association data
public record TlsaRecord(int usage, int selector, int matchingType, byte[] data) {
    public static final int PKIX_TA = 0;
    public static final int PKIX_EE = 1;
    public static final int DANE_TA = 2;
    public static final int DANE_EE = 3;
    public static final int CERTIFICATE = 0;
    public static final int PUBLIC_KEY = 1;
    public static final int FULL = 0;
    public static final int SHA_256 = 1;
    public static final int SHA_512 = 2;

    public TlsaRecord {
        data = data.clone();
    }

    @Override
    public byte[] data() {
        return data.clone();
    }

    /// The record that matches `certificate`: what a server publishes for it.
    ///
    /// @throws IllegalArgumentException if selector or matching type are unknown
    public static TlsaRecord of(int usage, int selector, int matchingType, X509Certificate certificate) {
        byte[] selected = switch (selector) {
            case CERTIFICATE, PUBLIC_KEY -> selected(certificate, selector);
            default -> throw new IllegalArgumentException("unknown selector: " + selector);
        };
        byte[] data = switch (matchingType) {
            case FULL -> selected;
            case SHA_256, SHA_512 -> digest(matchingType, selected);
            default -> throw new IllegalArgumentException("unknown matching type: " + matchingType);
        };
        return new TlsaRecord(usage, selector, matchingType, data);
    }

    private static byte[] selected(X509Certificate certificate, int selector) {
        try {
            return selector == CERTIFICATE
                    ? certificate.getEncoded()
                    : certificate.getPublicKey().getEncoded();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the certificate cannot be written", e);
        }
    }

    private static byte[] digest(int matchingType, byte[] octets) {
        try {
            return MessageDigest.getInstance(matchingType == SHA_256 ? "SHA-256" : "SHA-512")
                    .digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java runtime has both
        }
    }

    /// Why the record is unusable (RFC 6698 §4.1, RFC 7671 §10.2 for the last case); empty where it is usable.
    public Optional<Rule> unusable() {
        if (usage < PKIX_TA || usage > DANE_EE) {
            return Optional.of(Rule.TLSA_UNKNOWN_USAGE);
        }
        if (selector != CERTIFICATE && selector != PUBLIC_KEY) {
            return Optional.of(Rule.TLSA_UNKNOWN_SELECTOR);
        }
        if (matchingType < FULL || matchingType > SHA_512) {
            return Optional.of(Rule.TLSA_UNKNOWN_MATCHING_TYPE);
        }
        boolean sound = matchingType == FULL
                ? (selector == CERTIFICATE ? certificate() != null : publicKey() != null)
                : data.length == (matchingType == SHA_256 ? 32 : 64);
        return sound ? Optional.empty() : Optional.of(Rule.TLSA_MALFORMED);
    }

    /// The certificate of a record `x 0 0`.
    @Nullable
    X509Certificate certificate() {
        try {
            List<X509Certificate> certificates = TrustAnchors.parseCertificates(data);
            X509Certificate only = certificates.getFirst();
            return certificates.size() == 1 && Arrays.equals(only.getEncoded(), data) ? only : null;
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            return null;
        }
    }

    /// The key of a record `x 1 0`.
    @Nullable
    PublicKey publicKey() {
        try {
            String algorithm = SubjectPublicKeyInfo.getInstance(data)
                    .getAlgorithm()
                    .getAlgorithm()
                    .getId();
            if (!algorithm.equals(PKCSObjectIdentifiers.rsaEncryption.getId())) {
                PublicKeyFactory.createKey(data); // unlike KeyFactory it sees that a point is not on its curve
            }
            PublicKey key = KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(data));
            return Arrays.equals(key.getEncoded(), data) ? key : null;
        } catch (GeneralSecurityException | IOException | RuntimeException e) {
            return null;
        }
    }

    /// RFC 6698 §2.1: what the selector takes of the certificate, compared as the matching type says.
    boolean matches(X509Certificate certificate) {
        byte[] selected = selected(certificate, selector);
        return MessageDigest.isEqual(data, matchingType == FULL ? selected : digest(matchingType, selected));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TlsaRecord record
                && usage == record.usage
                && selector == record.selector
                && matchingType == record.matchingType
                && Arrays.equals(data, record.data);
    }

    @Override
    public int hashCode() {
        return ((usage * 31 + selector) * 31 + matchingType) * 31 + Arrays.hashCode(data);
    }

    /// In presentation form (RFC 6698 §2.2); long data is cut.
    @Override
    public String toString() {
        String hex = HexFormat.of().formatHex(data, 0, Math.min(data.length, 64));
        return usage + " " + selector + " " + matchingType + " " + hex + (data.length > 64 ? "…" : "");
    }
}
