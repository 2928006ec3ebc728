package org.postern.auth;

/// What a SASL exchange wants next (RFC 4422 §3).
public sealed interface SaslStep {
    /// Send this to the client (not yet Base64) and wait for its response.
    record Challenge(byte[] data) implements SaslStep {}

    /// The mechanism has all it needs: have these credentials judged by [Authenticator#login].
    record Attempt(PlainCredentials credentials) implements SaslStep {}

    /// The exchange itself has shown who the client is, or that it is not who it says.
    record Judged(LoginResult result) implements SaslStep {}

    /// The client's response does not follow the mechanism. `reason` may be told to the client.
    record Malformed(String reason) implements SaslStep {}
}
