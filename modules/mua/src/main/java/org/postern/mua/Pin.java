package org.postern.mua;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/// One certificate that a user knows to be right although nobody vouches for it (RFC 8314 §5.4). A [PinOffer] makes
/// it; this constructor is for reading saved ones.
///
/// @param sha256 of the certificate, in lower-case hexadecimal
public record Pin(String sha256) {
    public Pin {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("not a SHA-256 digest in lower-case hexadecimal: \"" + sha256 + "\"");
        }
    }

    static Pin of(X509Certificate certificate) {
        try {
            return new Pin(HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // it was read from its encoding
        }
    }

    /// For a person to compare: `AB:CD:…`.
    public String fingerprint() {
        return HexFormat.ofDelimiter(":")
                .withUpperCase()
                .formatHex(HexFormat.of().parseHex(sha256));
    }
}
