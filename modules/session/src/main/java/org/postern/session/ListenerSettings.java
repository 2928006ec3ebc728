package org.postern.session;

import java.net.InetSocketAddress;

/// One place to listen.
///
/// @param name for logs and messages: the service name of RFC 6335, as `imaps`
public record ListenerSettings(
        String name, Endpoint endpoint, Security security, Protocol protocol, SessionLimits limits) {
    /// A port that everybody may connect to.
    public ListenerSettings(
            String name,
            InetSocketAddress address,
            Security security,
            Protocol protocol,
            SessionLimits limits,
            boolean mayBeMissing) {
        this(name, new Endpoint.Port(address, Network.EVERYWHERE, mayBeMissing), security, protocol, limits);
    }

    /// How TLS begins on a listener. There is no third way.
    public enum Security {
        IMPLICIT_TLS,
        STARTTLS
    }
}
