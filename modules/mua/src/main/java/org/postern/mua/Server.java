package org.postern.mua;

import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postern.identity.ReferenceIdentifier;
import org.postern.identity.ReferenceIdentifiers;
import org.postern.resolver.DomainName;

/// One server that a client may connect to: from its settings, or from SRV records ([Discovery]).
///
/// @param host a name in A-labels, or an IP address that the user typed
/// @param mailDomain the domain of the account's address; null where a host alone is configured
/// @param timeToLive of the SRV records; zero for what is configured
public record Server(
        Service service,
        String host,
        int port,
        Origin origin,
        @Nullable DomainName mailDomain,
        Duration timeToLive) {
    /// How the client came to this host.
    public enum Origin {
        /// the user, or the account's settings
        CONFIGURED,
        /// an SRV record, every step to it validated by DNSSEC
        SECURE_SRV,
        /// an SRV record that anybody on the way may have written; its target is no name to look for (RFC 9525
        /// §6.1.1)
        INSECURE_SRV,
        /// such a one, and the user has said that the target is right (RFC 8314 §5.1)
        CONFIRMED_SRV
    }

    public Server {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("not a port: " + port);
        }
        host = name(host);
        if (mailDomain == null && origin != Origin.CONFIGURED) {
            throw new IllegalArgumentException("a server that SRV records name has a mail domain");
        }
    }

    private static String name(String host) {
        return switch (ReferenceIdentifiers.forHost(host).all().getFirst()) {
            case ReferenceIdentifier.DnsId dns -> dns.name();
            case ReferenceIdentifier.IpId ip -> ip.address();
            case ReferenceIdentifier.SrvId _ -> throw new IllegalArgumentException("not a host: " + host);
        };
    }

    /// A host that the user typed, with the registered port.
    ///
    /// @throws IllegalArgumentException if it is neither a host name nor an IP address
    public static Server configured(Service service, String host) {
        return configured(service, host, service.port());
    }

    public static Server configured(Service service, String host, int port) {
        return new Server(service, host, port, Origin.CONFIGURED, null, Duration.ZERO);
    }

    /// Also looks for the domain of the mail address in the certificate (RFC 7817 §3 (1)).
    public Server forMailDomain(DomainName domain) {
        return new Server(service, host, port, origin, domain, timeToLive);
    }

    /// Host, port and service, whoever names them.
    public boolean sameAs(Server other) {
        return service == other.service && host.equals(other.host) && port == other.port;
    }

    Server confirmed() {
        return new Server(service, host, port, Origin.CONFIRMED_SRV, mailDomain, timeToLive);
    }

    boolean literal() {
        return ReferenceIdentifiers.forHost(host).all().getFirst() instanceof ReferenceIdentifier.IpId;
    }

    /// Whom a certificate has to name: made before connecting, of nothing that the server says.
    ReferenceIdentifiers references() {
        DomainName domain = mailDomain;
        if (domain == null) {
            return ReferenceIdentifiers.forHost(host);
        }
        ReferenceIdentifiers bySrv = ReferenceIdentifiers.forService(service.label(), domain.text());
        return switch (origin) {
            case CONFIGURED -> ReferenceIdentifiers.forHost(host).withMailDomain(domain.text());
            case SECURE_SRV -> bySrv.withSecureName(host);
            case INSECURE_SRV -> bySrv; // RFC 9525 §6.1.1
            case CONFIRMED_SRV ->
                new ReferenceIdentifiers(
                        Stream.concat(bySrv.all().stream(), ReferenceIdentifiers.forHost(host).all().stream())
                                .toList());
        };
    }

    /// The name in SNI. Where nobody vouches for the target the client asks for the domain that it trusts (RFC 7673
    /// §4.1), otherwise for the host (RFC 7671 §10.2). Addresses have no name there (RFC 6066 §3).
    Optional<String> serverName() {
        DomainName domain = mailDomain;
        if (literal()) {
            return Optional.empty();
        }
        return Optional.of(origin == Origin.INSECURE_SRV && domain != null ? domain.text() : host);
    }

    @Override
    public String toString() {
        return service.label() + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
