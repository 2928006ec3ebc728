package org.postern.session;

/// How many connections there may be at once, over all listeners.
///
/// @param perAddress for one IPv4 address or one IPv6 /64
/// @param handshakes TLS handshakes under way
public record ConnectionLimits(int total, int perAddress, int perAccount, int handshakes) {
    public static final ConnectionLimits DEFAULT = new ConnectionLimits(20_000, 100, 20, 1_000);
}
