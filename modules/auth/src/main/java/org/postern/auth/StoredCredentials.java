package org.postern.auth;

import java.util.List;
import java.util.Optional;

/// What is kept of an account's password.
///
/// @param passwordHash Argon2id in PHC string format: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`
/// @param appPasswords further passwords, each for some protocols only; they cannot be used with SCRAM
/// @param scram the SCRAM-SHA-256 verifier, absent where `auth.scram = off`
public record StoredCredentials(
        AccountId account,
        String address,
        boolean enabled,
        long version,
        String passwordHash,
        Optional<ScramVerifier> scram,
        List<AppPassword> appPasswords) {
    @Override
    public String toString() {
        return "StoredCredentials[account=" + account.value() + "]"; // hashes never reach a log
    }
}
