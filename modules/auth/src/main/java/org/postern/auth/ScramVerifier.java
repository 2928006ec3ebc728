package org.postern.auth;

/// A SCRAM-SHA-256 verifier (RFC 5802 §3, RFC 7677): enough to check a proof, not enough to make one.
public record ScramVerifier(byte[] salt, int iterations, byte[] storedKey, byte[] serverKey) {
    @Override
    public String toString() {
        return "ScramVerifier[iterations=" + iterations + "]";
    }
}
