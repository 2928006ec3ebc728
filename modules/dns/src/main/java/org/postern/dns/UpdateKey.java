package org.postern.dns;

import java.security.MessageDigest;
import java.time.Clock;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import javax.crypto.spec.SecretKeySpec;
import org.postern.resolver.DomainName;
import org.xbill.DNS.Name;
import org.xbill.DNS.TSIG;

/// The secret that Postern shares with a primary server (TSIG, RFC 8945). Never shows it.
public final class UpdateKey {
    private static final int SHORTEST_SECRET = 16; // octets

    /// What signs. Older ones (MD5, SHA-1) are not offered.
    public enum Algorithm {
        HMAC_SHA256,
        HMAC_SHA384,
        HMAC_SHA512;

        /// As servers' configurations write it: `hmac-sha256`.
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /// The reverse of [#text], in any case.
        ///
        /// @throws IllegalArgumentException naming those that there are
        public static Algorithm of(String text) {
            for (Algorithm algorithm : values()) {
                if (algorithm.text().equals(text.toLowerCase(Locale.ROOT))) {
                    return algorithm;
                }
            }
            throw new IllegalArgumentException(
                    "\"" + text + "\" is no algorithm: hmac-sha256, hmac-sha384 or hmac-sha512");
        }
    }

    private final DomainName name;
    private final Algorithm algorithm;
    private final byte[] secret;

    /// @param secret in base64, as servers' configurations have it
    /// @throws IllegalArgumentException if the secret is not base64 or shorter than 16 octets; it is not in the
    ///     message
    public UpdateKey(DomainName name, Algorithm algorithm, String secret) {
        this.name = name;
        this.algorithm = algorithm;
        try {
            this.secret = Base64.getDecoder().decode(secret.strip());
        } catch (IllegalArgumentException e) {
            // without its cause: that one quotes a character of the secret
            throw new IllegalArgumentException("the secret of key " + name + " is not base64");
        }
        if (this.secret.length < SHORTEST_SECRET) {
            throw new IllegalArgumentException(
                    "the secret of key " + name + " is shorter than " + SHORTEST_SECRET + " octets");
        }
    }

    public DomainName name() {
        return name;
    }

    public Algorithm algorithm() {
        return algorithm;
    }

    TSIG signer(Clock clock) {
        return switch (algorithm) {
            case HMAC_SHA256 -> signer(TSIG.HMAC_SHA256, "HmacSHA256", clock);
            case HMAC_SHA384 -> signer(TSIG.HMAC_SHA384, "HmacSHA384", clock);
            case HMAC_SHA512 -> signer(TSIG.HMAC_SHA512, "HmacSHA512", clock);
        };
    }

    private TSIG signer(Name code, String hmac, Clock clock) {
        return new TSIG(code, UpdateRecords.name(name), new SecretKeySpec(secret, hmac), clock);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UpdateKey key
                && name.equals(key.name)
                && algorithm == key.algorithm
                && MessageDigest.isEqual(secret, key.secret);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, algorithm);
    }

    @Override
    public String toString() {
        return "key " + name + " (" + algorithm.text() + ")";
    }
}
