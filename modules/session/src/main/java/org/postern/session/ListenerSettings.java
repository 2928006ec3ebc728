package org.postern.session;

import java.net.InetSocketAddress;

/// One port to listen on.
///
/// @param name for logs and messages: the service name of RFC 6335, as `imaps`
/// @param mayBeMissing true where a host without this address family is no error (`::1` on a host without IPv6)
public record ListenerSettings(
        String name,
        InetSocketAddress address,
        Security security,
        Protocol protocol,
        SessionLimits limits,
        boolean mayBeMissing) {
    /// How TLS begins on a listener. There is no third way.
    public enum Security {
        IMPLICIT_TLS,
        STARTTLS
    }
}
