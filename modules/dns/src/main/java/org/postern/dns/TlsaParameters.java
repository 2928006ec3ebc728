package org.postern.dns;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.postern.identity.TlsaRecord;

/// Which part of a chain a TLSA record is of, and in which form (RFC 6698 §2.1): `3 1 1`.
public record TlsaParameters(int usage, int selector, int matchingType) {
    /// DANE-EE, the public key, SHA-256: the one to publish (RFC 7671 §5.1). It survives a renewal with the same key.
    public static final TlsaParameters USUAL =
            new TlsaParameters(TlsaRecord.DANE_EE, TlsaRecord.PUBLIC_KEY, TlsaRecord.SHA_256);

    public TlsaParameters {
        if (usage < TlsaRecord.PKIX_TA || usage > TlsaRecord.DANE_EE) {
            throw new IllegalArgumentException("there is no TLSA usage " + usage + ": 3, or 2, 1, 0");
        }
        if (selector != TlsaRecord.CERTIFICATE && selector != TlsaRecord.PUBLIC_KEY) {
            throw new IllegalArgumentException(
                    "there is no TLSA selector " + selector + ": 0 (certificate) or 1 (public key)");
        }
        if (matchingType != TlsaRecord.SHA_256 && matchingType != TlsaRecord.SHA_512) {
            // RFC 7671 §10.1.2: whole certificates make answers that do not fit
            throw new IllegalArgumentException(
                    "the TLSA matching type is 1 (SHA-256) or 2 (SHA-512), not " + matchingType);
        }
    }

    /// Reads `3 1 1`.
    ///
    /// @throws IllegalArgumentException saying what is wrong
    public static TlsaParameters parse(String text) {
        if (!text.matches("\\d \\d \\d")) {
            throw new IllegalArgumentException("'" + text + "' is not as \"3 1 1\": usage, selector, matching type");
        }
        return new TlsaParameters(text.charAt(0) - '0', text.charAt(2) - '0', text.charAt(4) - '0');
    }

    /// Whether the record is of an authority, rather than of the server's own certificate.
    public boolean ofAuthority() {
        return usage == TlsaRecord.PKIX_TA || usage == TlsaRecord.DANE_TA;
    }

    /// What is to be said against it; empty for those that anybody may publish.
    public Optional<String> caveat() {
        // RFC 7671 §4
        return usage == TlsaRecord.PKIX_TA || usage == TlsaRecord.PKIX_EE
                ? Optional.of(
                        "TLSA usage " + usage + " adds to what a public authority says, but many clients do not use"
                                + " it, and for those there is no TLSA record then (RFC 7671 §4)")
                : Optional.empty();
    }

    /// The records of a chain as it is sent: of its first certificate, or of the last one, which is the authority's.
    /// None of an authority that is not sent (RFC 7671 §5.2).
    public List<TlsaRecord> of(List<X509Certificate> chain) {
        if (ofAuthority() && chain.size() < 2) {
            return List.of();
        }
        return List.of(
                TlsaRecord.of(usage, selector, matchingType, ofAuthority() ? chain.getLast() : chain.getFirst()));
    }

    @Override
    public String toString() {
        return usage + " " + selector + " " + matchingType;
    }
}
