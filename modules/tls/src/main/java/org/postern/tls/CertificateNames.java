package org.postern.tls;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;

/// What a server's certificate has to name.
///
/// @param hosts names that clients connect to, A-labels; the first one is the subject's common name
/// @param addresses IP addresses that clients connect to without a name
/// @param mailDomains domains whose clients find the hosts by SRV records (RFC 6186), A-labels
/// @param services services offered to them, without underscore: `imaps`, `submissions` …
public record CertificateNames(
        List<String> hosts, List<String> addresses, List<String> mailDomains, List<String> services) {
    public CertificateNames {
        hosts = List.copyOf(hosts);
        addresses = addresses.stream()
                .map(address -> InetAddress.ofLiteral(address).getHostAddress()) // one notation
                .toList();
        mailDomains = List.copyOf(mailDomains);
        services = List.copyOf(services);
    }

    /// DNS-IDs of hosts and mail domains, IP-IDs, an SRV-ID for each service of each mail domain (R7817-9, SEED-41).
    public PresentedIdentifiers identifiers() {
        List<PresentedIdentifier> identifiers = new ArrayList<>();
        dnsNames().forEach(name -> identifiers.add(new PresentedIdentifier.DnsId(name)));
        addresses.forEach(address -> identifiers.add(new PresentedIdentifier.IpId(address)));
        for (String domain : mailDomains) {
            for (String service : services) {
                identifiers.add(new PresentedIdentifier.SrvId(service, domain));
            }
        }
        return new PresentedIdentifiers(identifiers);
    }

    SequencedSet<String> dnsNames() {
        SequencedSet<String> names = new LinkedHashSet<>(hosts);
        names.addAll(mailDomains);
        return names;
    }
}
