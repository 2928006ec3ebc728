package org.postern.auth;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What is kept of an account's password.
///
/// @param passwordHash Argon2id in PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`
/// @param appPasswords further passwords, each for some protocols only; they cannot be used with SCRAM
/// @param scram the SCRAM-SHA-256 verifier
/// @param furtherScram those for other hashes, with the salt and iterations of `scram`
/// @param passwordDue from then on the password must be changed first; app passwords and certificates go on
public record StoredCredentials(
        AccountId account,
        String address,
        boolean enabled,
        long version,
        String passwordHash,
        Optional<ScramVerifier> scram,
        Map<ScramHash, ScramVerifier> furtherScram,
        Optional<Instant> passwordDue,
        List<AppPassword> appPasswords) {
    Optional<ScramVerifier> scram(ScramHash hash) {
        return hash == ScramHash.SHA_256 ? scram : Optional.ofNullable(furtherScram.get(hash));
    }

    @Override
    public String toString() {
        return "StoredCredentials[account=" + account.value() + "]"; // hashes never reach a log
    }
}
