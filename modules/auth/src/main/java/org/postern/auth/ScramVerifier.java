package org.postern.auth;

/// A SCRAM verifier for one [ScramHash] (RFC 5802 §3): enough to check a proof, not enough to make one.
public record ScramVerifier(byte[] salt, int iterations, byte[] storedKey, byte[] serverKey) {
    @Override
    public String toString() {
        return "ScramVerifier[iterations=" + iterations + "]";
    }
}
