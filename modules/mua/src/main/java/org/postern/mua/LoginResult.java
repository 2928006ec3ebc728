package org.postern.mua;

/// What a server said to a name and a password.
public sealed interface LoginResult {
    /// Logged in.
    ///
    /// @param user the name that the server knows
    record Accepted(String user) implements LoginResult {}

    /// Not logged in.
    ///
    /// @param text the server's words. A referral among them is not followed (RFC 2221 §4; ST-25).
    record Rejected(String text) implements LoginResult {}

    /// The server offers no way inside of TLS that a name and a password could go; nothing was sent.
    record NotOffered(Capabilities capabilities) implements LoginResult {}
}
