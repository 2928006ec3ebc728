package org.postern.store;

/// How a store is verified.
///
/// @param bodies true to read every message body; false for rows and files alone
/// @param octetsPerSecond at which bodies are read; 0 for as fast as it goes
public record VerifyOptions(boolean bodies, long octetsPerSecond) {
    /// Beside a server's clients.
    public static final VerifyOptions BESIDE_CLIENTS = new VerifyOptions(true, 64L << 20);

    public static final VerifyOptions ALL = new VerifyOptions(true, 0);
    public static final VerifyOptions QUICK = new VerifyOptions(false, 0);
}
