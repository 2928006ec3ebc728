package org.postern.tls;

/// Whose TLS is spoken. What clients see is the same but for what stands here.
public enum TlsEngine {
    /// The JDK's: no native code, the least memory for an idle connection, and the exporter (RFC 9266) for logins that
    /// are bound to their connection.
    JDK,
    /// BoringSSL, as native code: less work for a handshake, and X25519MLKEM768. It has no exporter.
    BORINGSSL
}
