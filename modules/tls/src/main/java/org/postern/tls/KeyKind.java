package org.postern.tls;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;

/// What a new key is made of.
public enum KeyKind {
    /// ECDSA over P-256: what every client of today verifies, at a tenth of the server's work.
    EC_P256,
    /// For clients that know no ECDSA, beside the other.
    RSA_2048;

    private static final SecureRandom RANDOM = new SecureRandom();

    /// Makes one.
    public KeyPair newPair() {
        try {
            return switch (this) {
                case EC_P256 -> {
                    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
                    generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
                    yield generator.generateKeyPair();
                }
                case RSA_2048 -> {
                    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
                    generator.initialize(new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4), RANDOM);
                    yield generator.generateKeyPair();
                }
            };
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime cannot make a key of kind " + this, e);
        }
    }

    /// The name under which the JDK signs with such a key.
    static String signature(Key key) {
        return switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC", "ECDSA" -> "SHA256withECDSA";
            case String other -> other; // Ed25519, Ed448
        };
    }
}
