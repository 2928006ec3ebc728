package org.postern.session;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/// One place to listen.
///
/// @param name for logs and messages: the service name of RFC 6335, as `imaps`
/// @param proxies who says first, by the PROXY protocol, whose connection it is, and is believed
public record ListenerSettings(
        String name,
        Endpoint endpoint,
        Security security,
        Protocol protocol,
        SessionLimits limits,
        List<Network> proxies) {
    public ListenerSettings(
            String name, Endpoint endpoint, Security security, Protocol protocol, SessionLimits limits) {
        this(name, endpoint, security, protocol, limits, List.of());
    }

    boolean isProxy(InetAddress address) {
        return proxies.stream().anyMatch(network -> network.contains(address));
    }

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
