package org.postern.auth;

/// What became of an attempt to log in.
public sealed interface LoginResult {
    record Accepted(Principal principal) implements LoginResult {}

    /// Unknown account, wrong password, disabled account, identity not permitted: never told apart.
    record Refused() implements LoginResult {}

    /// The right password, and it is good for nothing but being changed (R8314-36).
    record PasswordDue() implements LoginResult {}

    /// Too many attempts are waiting, or the directory failed: the client may try again later.
    record Unavailable() implements LoginResult {}
}
