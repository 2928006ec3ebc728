package org.postern.auth;

import com.ongres.saslprep.SASLprep;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/// Makes and checks password hashes: Argon2id in PHC string format, and SCRAM verifiers.
/// One instance belongs to one thread: it keeps 19 MiB of blocks, so that a login leaves no garbage.
public final class PasswordHasher {
    private static final int MEMORY_KIB = 19_456;
    private static final int ITERATIONS = 2;
    private static final int PARALLELISM = 1;
    private static final int HASH_OCTETS = 32;
    private static final int SALT_OCTETS = 16;
    /// A thief attacks the cheapest hash in the row: hence far above RFC 7677's 4,096; and no more, because the
    /// clients that use Cyrus SASL (mbsync is one) refuse to compute more than 65,536.
    static final int SCRAM_ITERATIONS = 65_536;

    private static final Pattern PHC = Pattern.compile(
            "\\$argon2id\\$v=19\\$m=(\\d{1,7}),t=(\\d{1,3}),p=(\\d{1,2})\\$([A-Za-z0-9+/]+)\\$([A-Za-z0-9+/]+)");

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Argon2BytesGenerator.FixedBlockPool blocks =
            new Argon2BytesGenerator.FixedBlockPool(Argon2BytesGenerator.getBlockCount(MEMORY_KIB, PARALLELISM));

    /// The octets that are hashed: the password after SASLprep (RFC 4013), so that PLAIN and SCRAM agree on it.
    /// Empty where the password is not UTF-8, holds prohibited characters, or is empty.
    public static Optional<byte[]> prepare(byte[] password) {
        CharBuffer characters;
        try {
            characters = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(password));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
        try {
            String prepared = isPrintableAscii(characters)
                    ? characters.toString()
                    : new SASLprep().prepareStored(characters.toString());
            return prepared.isEmpty() ? Optional.empty() : Optional.of(prepared.getBytes(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        } finally {
            Arrays.fill(characters.array(), '\0');
        }
    }

    private static boolean isPrintableAscii(CharSequence text) {
        return text.chars().allMatch(character -> character >= ' ' && character <= '~');
    }

    /// Hashes a prepared password for storage.
    public String hash(byte[] prepared) {
        byte[] salt = new byte[SALT_OCTETS];
        RANDOM.nextBytes(salt);
        byte[] hash = argon2(prepared, salt, MEMORY_KIB, ITERATIONS, PARALLELISM, HASH_OCTETS);
        Base64.Encoder base64 = Base64.getEncoder().withoutPadding();
        return "$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s"
                .formatted(
                        MEMORY_KIB, ITERATIONS, PARALLELISM, base64.encodeToString(salt), base64.encodeToString(hash));
    }

    /// True if the prepared password is the one behind the hash. A hash in another format matches nothing.
    boolean verify(byte[] prepared, String stored) {
        Matcher phc = PHC.matcher(stored);
        if (!phc.matches()) {
            return false;
        }
        byte[] expected = Base64.getDecoder().decode(phc.group(5));
        byte[] actual = argon2(
                prepared,
                Base64.getDecoder().decode(phc.group(4)),
                Integer.parseInt(phc.group(1)),
                Integer.parseInt(phc.group(2)),
                Integer.parseInt(phc.group(3)),
                expected.length);
        return MessageDigest.isEqual(expected, actual);
    }

    /// True for a hash with other parameters than those of today: it is made anew at the next login.
    static boolean isOutdated(String stored) {
        return !stored.startsWith("$argon2id$v=19$m=%d,t=%d,p=%d$".formatted(MEMORY_KIB, ITERATIONS, PARALLELISM));
    }

    private byte[] argon2(byte[] password, byte[] salt, int memory, int iterations, int lanes, int length) {
        var parameters = new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(memory)
                .withIterations(iterations)
                .withParallelism(lanes)
                .withSalt(salt);
        if (memory == MEMORY_KIB && lanes == PARALLELISM) {
            parameters.withBlockPool(blocks);
        }
        var generator = new Argon2BytesGenerator();
        generator.init(parameters.build());
        byte[] hash = new byte[length];
        generator.generateBytes(password, hash);
        return hash;
    }

    /// The SCRAM-SHA-256 verifier of a prepared password (RFC 5802 §3).
    public static ScramVerifier scramVerifier(byte[] prepared) {
        byte[] salt = new byte[SALT_OCTETS];
        RANDOM.nextBytes(salt);
        return scramVerifier(ScramHash.SHA_256, prepared, salt, SCRAM_ITERATIONS);
    }

    /// One for another hash, of the same salt: so salts do not tell for which hashes there are verifiers.
    ///
    /// @param beside the same password's
    public static ScramVerifier scramVerifier(ScramHash hash, byte[] prepared, ScramVerifier beside) {
        return scramVerifier(hash, prepared, beside.salt(), beside.iterations());
    }

    static ScramVerifier scramVerifier(ScramHash hash, byte[] prepared, byte[] salt, int iterations) {
        try {
            char[] characters = new String(prepared, StandardCharsets.UTF_8).toCharArray();
            var specification = new PBEKeySpec(characters, salt, iterations, hash.octets * Byte.SIZE);
            byte[] salted = SecretKeyFactory.getInstance(hash.keyDerivation)
                    .generateSecret(specification)
                    .getEncoded();
            specification.clearPassword();
            Arrays.fill(characters, '\0');
            byte[] clientKey = hmac(hash, salted, "Client Key");
            return new ScramVerifier(
                    salt,
                    iterations,
                    MessageDigest.getInstance(hash.digest).digest(clientKey),
                    hmac(hash, salted, "Server Key"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no " + hash.digest, e);
        }
    }

    private static byte[] hmac(ScramHash hash, byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance(hash.mac);
        mac.init(new SecretKeySpec(key, hash.mac));
        return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
    }
}
