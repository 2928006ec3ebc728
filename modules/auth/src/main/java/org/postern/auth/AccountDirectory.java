package org.postern.auth;

import java.util.Optional;

/// What `auth` needs from whoever keeps the accounts (the store implements it).
public interface AccountDirectory {
    /// The credentials behind a login name as the client typed it: a full address, or a bare local part of the
    /// default domain. A disabled account is found, with `enabled` false.
    Optional<StoredCredentials> find(String loginName);

    /// 16 octets for a name that is nobody's, in place of a salt: the same ones each time, for each spelling of
    /// the name, and across restarts; without the data they cannot be told from a real salt.
    byte[] decoySalt(String loginName);

    /// Replaces a password hash made with older parameters, unless the credentials have changed since
    /// `version`.
    void rehashed(AccountId account, long version, String passwordHash);

    /// Keeps a further SCRAM verifier, unless the password has changed: its salt is another then.
    void scramMade(AccountId account, ScramHash hash, ScramVerifier verifier);
}
