package org.postern.auth;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/// What is kept of a further password of an account, for one device or program. It is made up by us and
/// long: guessing it is out of the question, so that a plain digest keeps it as well as a slow one would.
///
/// @param name the account's own word for it: `phone`
/// @param digest SHA-256 over salt and password
/// @param protocols it may be used for, as [LoginSource#protocol] names them
/// @param expires from then on it is refused; empty for never
public record AppPassword(String name, byte[] salt, byte[] digest, Set<String> protocols, Optional<Instant> expires) {
    /// Without what is easily taken for something else.
    private static final String ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";

    private static final int LENGTH = 24; // 120 bits
    private static final int SALT_OCTETS = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    /// A new password, to be told once.
    public static String generate() {
        StringBuilder password = new StringBuilder();
        for (int index = 0; index < LENGTH; index++) {
            password.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
        }
        return password.toString();
    }

    public static AppPassword of(String name, byte[] password, Set<String> protocols, Optional<Instant> expires) {
        byte[] salt = new byte[SALT_OCTETS];
        RANDOM.nextBytes(salt);
        return new AppPassword(name, salt, digest(salt, password), Set.copyOf(protocols), expires);
    }

    boolean permits(byte[] password, String protocol, Instant now) {
        return MessageDigest.isEqual(digest, digest(salt, password))
                && protocols.contains(protocol)
                && expires.map(now::isBefore).orElse(true);
    }

    private static byte[] digest(byte[] salt, byte[] password) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(salt);
            return sha256.digest(password);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return "AppPassword[" + name + "]"; // digests never reach a log
    }
}
