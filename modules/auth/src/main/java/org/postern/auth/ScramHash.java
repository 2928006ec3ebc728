package org.postern.auth;

/// The hash functions that SCRAM may be computed with, the strongest last.
public enum ScramHash {
    /// RFC 5802.
    SHA_1("SCRAM-SHA-1", "SHA-1", "HmacSHA1", "PBKDF2WithHmacSHA1", 20),
    /// RFC 7677.
    SHA_256("SCRAM-SHA-256", "SHA-256", "HmacSHA256", "PBKDF2WithHmacSHA256", 32),
    /// As in IANA's registry of SASL mechanisms, with the hash of FIPS 180-4.
    SHA_512("SCRAM-SHA-512", "SHA-512", "HmacSHA512", "PBKDF2WithHmacSHA512", 64);

    private final String mechanism;
    final String digest;
    final String mac;
    final String keyDerivation;
    final int octets;

    ScramHash(String mechanism, String digest, String mac, String keyDerivation, int octets) {
        this.mechanism = mechanism;
        this.digest = digest;
        this.mac = mac;
        this.keyDerivation = keyDerivation;
        this.octets = octets;
    }

    /// The IANA name, without channel binding.
    public String mechanism() {
        return mechanism;
    }

    /// The one with channel binding.
    String boundMechanism() {
        return mechanism + "-PLUS";
    }
}
