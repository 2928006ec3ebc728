package org.postern.dns;

import java.net.InetAddress;
import java.util.List;
import org.postern.resolver.DomainName;

/// A host that clients are sent to: the target of SRV records.
///
/// @param weight its share of the clients beside other front ends (RFC 2782)
/// @param addresses whose records are published; empty where they are somebody else's business
public record FrontEnd(DomainName host, int weight, List<InetAddress> addresses) {
    public FrontEnd {
        if (weight < 0 || weight > 65_535) {
            throw new IllegalArgumentException("not the weight of an SRV record: " + weight);
        }
        addresses = List.copyOf(addresses);
    }

    /// The owner of the TLSA records of a port (RFC 7673 §3.3): below the host, never below the mail domain.
    public DomainName tlsaOwner(int port) {
        return host.child("_" + port + "._tcp");
    }
}
