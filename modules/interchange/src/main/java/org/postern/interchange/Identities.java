package org.postern.interchange;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// By what a message of a source is known again in a later run.
final class Identities {
    private Identities() {}

    static byte[] of(String kind, byte[]... parts) {
        MessageDigest digest = sha256();
        digest.update(kind.getBytes(US_ASCII));
        for (byte[] part : parts) {
            digest.update((byte) 0);
            digest.update(part);
        }
        return digest.digest();
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }
}
