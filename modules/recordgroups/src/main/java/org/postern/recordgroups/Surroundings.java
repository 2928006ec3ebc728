package org.postern.recordgroups;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.postern.dns.FrontEnd;
import org.postern.dns.MailService;
import org.postern.identity.TrustAnchors;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;

/// What there is to ask.
///
/// @param host this server's own name, as it introduces itself
/// @param lookups DNS
/// @param mailDomains of this server
/// @param mailboxes whether mail to an address in one of them arrives
/// @param frontEnds where clients are sent to
/// @param services ports of the services that are offered
/// @param publicAnchors who vouches for servers that everybody goes to
/// @param anchors who vouches for those that this server's own clients go to
/// @param ports of others' servers
public record Surroundings(
        DomainName host,
        BiFunction<DomainName, DnsRecord.Type, Lookup> lookups,
        Set<DomainName> mailDomains,
        Predicate<String> mailboxes,
        List<FrontEnd> frontEnds,
        Map<MailService, Integer> services,
        TrustAnchors publicAnchors,
        TrustAnchors anchors,
        Ports ports) {
    public Surroundings {
        mailDomains = Set.copyOf(mailDomains);
        frontEnds = List.copyOf(frontEnds);
        services = Map.copyOf(services);
    }

    /// Ports that no record names.
    public record Ports(int smtp, int https, int http) {
        public static final Ports USUAL = new Ports(25, 443, 80);
    }
}
