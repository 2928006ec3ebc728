package org.postern.session;

/// Why a session ended. The first that is set stays.
public enum EndReason {
    /// The client said goodbye, and closed TLS with close_notify or after our own.
    ORDERLY,
    /// The client closed the connection in order but without the protocol's goodbye.
    CLOSED,
    /// TCP ended without close_notify: what the client sent last may be cut off.
    TRUNCATED,
    /// A deadline of the session's phase passed.
    TIMEOUT,
    /// The client did not read what it asked for.
    CLIENT_DOES_NOT_READ,
    /// The handshake failed or took too long.
    HANDSHAKE_FAILED,
    /// The client knows only versions or cipher suites of TLS that are retired, and was told so (R8314-37).
    TLS_RETIRED,
    /// Plaintext after STARTTLS (ST-1).
    PLAINTEXT_INJECTED,
    /// A connection limit was reached.
    TOO_MANY_CONNECTIONS,
    /// The listener takes no connections from the client's address.
    ADDRESS_NOT_ALLOWED,
    /// The client broke the protocol too often, or does not speak it.
    PROTOCOL_ABUSE,
    /// The account was disabled or deleted, its credentials changed, or an operator ended the session.
    REVOKED,
    /// The server is stopping.
    SERVER_STOPPING,
    /// A fault of ours.
    INTERNAL_ERROR
}
