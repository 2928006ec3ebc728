package org.postern.dns;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// A host that clients are sent to: the target of SRV records.
///
/// @param weight its share of the clients beside other front ends (RFC 2782)
/// @param addresses whose records are published; empty where they are somebody else's business
/// @param tlsaAt the one place of its TLSA records, to which an alias leads from each port; empty where each port
///     has them
public record FrontEnd(DomainName host, int weight, List<InetAddress> addresses, Optional<DomainName> tlsaAt) {
    public FrontEnd {
        if (weight < 0 || weight > 65_535) {
            throw new IllegalArgumentException("not the weight of an SRV record: " + weight);
        }
        addresses = List.copyOf(addresses);
    }

    /// With TLSA records at each port.
    public FrontEnd(DomainName host, int weight, List<InetAddress> addresses) {
        this(host, weight, addresses, Optional.empty());
    }

    /// Where the TLSA records of a port are asked for (RFC 7673 §3.3): below the host, never below the mail domain.
    public DomainName tlsaOwner(int port) {
        return host.child("_" + port + "._tcp");
    }
}
