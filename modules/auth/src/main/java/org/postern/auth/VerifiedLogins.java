package org.postern.auth;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Remembers for a few minutes which passwords were verified, so that a client that opens four connections pays for
/// one hash. The key is an HMAC under a key of this process over account, credential version and password: neither
/// password nor hash is kept, and a changed credential is a changed key. Only successes are kept.
final class VerifiedLogins {
    private static final Duration LIFETIME = Duration.ofMinutes(5);
    private static final int MOST = 10_000;

    private final SecretKeySpec key;
    private final LongSupplier nanoTime;
    private final Map<ByteBuffer, Long> verifiedAt = new LinkedHashMap<>();

    VerifiedLogins(LongSupplier nanoTime) {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        this.key = new SecretKeySpec(random, "HmacSHA256");
        this.nanoTime = nanoTime;
    }

    boolean contains(StoredCredentials credentials, byte[] prepared) {
        ByteBuffer digest = digest(credentials, prepared);
        synchronized (verifiedAt) {
            Long at = verifiedAt.get(digest);
            if (at == null) {
                return false;
            }
            if (nanoTime.getAsLong() - at > LIFETIME.toNanos()) {
                verifiedAt.remove(digest);
                return false;
            }
            return true; // not sliding: every five minutes the hash is paid again
        }
    }

    void add(StoredCredentials credentials, byte[] prepared) {
        ByteBuffer digest = digest(credentials, prepared);
        synchronized (verifiedAt) {
            verifiedAt.remove(digest);
            verifiedAt.put(digest, nanoTime.getAsLong());
            if (verifiedAt.size() > MOST) {
                verifiedAt.remove(verifiedAt.keySet().iterator().next()); // the oldest
            }
        }
    }

    private ByteBuffer digest(StoredCredentials credentials, byte[] prepared) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            mac.update(ByteBuffer.allocate(16)
                    .putLong(credentials.account().value())
                    .putLong(credentials.version())
                    .flip());
            return ByteBuffer.wrap(mac.doFinal(prepared));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no HMAC-SHA-256", e);
        }
    }
}
