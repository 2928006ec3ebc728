package org.postern.nameserver;

import java.util.Map;
import org.postern.resolver.DomainName;
import org.xbill.DNS.Name;
import org.xbill.DNS.TSIG;

/// A TSIG key (RFC 8945): who has it may transfer a zone.
public final class TransferKey {
    private static final Map<String, Name> ALGORITHMS = Map.of(
            "hmac-sha256", TSIG.HMAC_SHA256,
            "hmac-sha384", TSIG.HMAC_SHA384,
            "hmac-sha512", TSIG.HMAC_SHA512);

    private final DomainName name;
    private final Name algorithm;
    private final byte[] secret;

    /// @param algorithm hmac-sha256, hmac-sha384 or hmac-sha512
    /// @throws IllegalArgumentException in the operator's words
    public TransferKey(DomainName name, String algorithm, byte[] secret) {
        Name known = ALGORITHMS.get(algorithm);
        if (known == null) {
            throw new IllegalArgumentException("not an algorithm for TSIG: \"" + algorithm
                    + "\" (hmac-sha256, hmac-sha384 or hmac-sha512 is expected)");
        }
        if (secret.length < 16) { // RFC 8945 §10 wants as many octets as the digest has; 16 resist guessing
            throw new IllegalArgumentException("the secret of the TSIG key " + name + " is shorter than 16 octets");
        }
        this.name = name;
        this.algorithm = known;
        this.secret = secret.clone();
    }

    public DomainName name() {
        return name;
    }

    Name algorithm() {
        return algorithm;
    }

    TSIG tsig() {
        return new TSIG(algorithm, Names.of(name), secret);
    }

    boolean same(TransferKey other) {
        return name.equals(other.name)
                && algorithm.equals(other.algorithm)
                && java.security.MessageDigest.isEqual(secret, other.secret);
    }

    /// Without the secret.
    @Override
    public String toString() {
        return name + " (" + algorithm + ")";
    }
}
