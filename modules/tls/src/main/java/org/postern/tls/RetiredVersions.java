package org.postern.tls;

/// What becomes of a client that knows TLS 1.0 or 1.1 only (RFC 8314 §4.1, RFC 8997).
public enum RetiredVersions {
    /// Its ClientHello is refused. The client's user reads whatever the client makes of that.
    REFUSE,
    /// The handshake is completed so that the user can be told why; nothing that may hold a password is read.
    EXPLAIN
}
