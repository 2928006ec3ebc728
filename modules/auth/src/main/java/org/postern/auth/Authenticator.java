package org.postern.auth;

import java.net.InetAddress;

/// Judges credentials: on bounded hashing threads, with a cache of verified logins, in the same time for unknown
/// users and wrong passwords. Safe for use by all sessions.
public final class Authenticator implements AutoCloseable {
    /// Waits until the attempt is judged, and wipes the password.
    public LoginResult login(PlainCredentials credentials, InetAddress source) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
