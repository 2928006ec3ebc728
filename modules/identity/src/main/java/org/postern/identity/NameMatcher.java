package org.postern.identity;

import java.util.ArrayList;
import java.util.List;

/// RFC 9525 §6 with the choices of RFC 7817 §3: SRV-ID and DNS-ID yes, URI-ID and CN-ID no.
final class NameMatcher {
    private NameMatcher() {}

    static NameMatch match(ReferenceIdentifiers references, PresentedIdentifiers presented) {
        List<NameMatch.Comparison> misses = new ArrayList<>();
        for (ReferenceIdentifier reference : references.all()) {
            for (PresentedIdentifier identifier : presented.all()) {
                Rule rule = compare(reference, identifier);
                if (accepts(rule)) {
                    return new NameMatch.Matched(reference, identifier, rule);
                }
                if (misses.size() < NameMatch.MAXIMUM_EVIDENCE) {
                    misses.add(new NameMatch.Comparison(reference, identifier, rule));
                }
            }
        }
        // OTHER_KIND says least, so it is the reason only where there is no better one
        Rule nearest = misses.stream()
                .map(NameMatch.Comparison::rule)
                .filter(rule -> rule != Rule.OTHER_KIND)
                .findFirst()
                .orElse(misses.isEmpty() ? Rule.NOTHING_PRESENTED : Rule.OTHER_KIND);
        return new NameMatch.Unmatched(nearest, misses);
    }

    private static boolean accepts(Rule rule) {
        return rule == Rule.DNS_ID_EQUAL
                || rule == Rule.DNS_ID_WILDCARD
                || rule == Rule.SRV_ID_EQUAL
                || rule == Rule.IP_ID_EQUAL;
    }

    private static Rule compare(ReferenceIdentifier reference, PresentedIdentifier presented) {
        return switch (presented) {
            case PresentedIdentifier.UriId _ -> Rule.URI_ID_NEVER; // R7817-5
            case PresentedIdentifier.DnsId dns ->
                reference instanceof ReferenceIdentifier.DnsId name
                        ? compareNames(dns.pattern(), name.name())
                        : Rule.OTHER_KIND; // R9525-2: an address never against a DNS-ID
            case PresentedIdentifier.SrvId srv ->
                reference instanceof ReferenceIdentifier.SrvId service
                        ? compareServices(srv, service)
                        : Rule.OTHER_KIND;
            case PresentedIdentifier.IpId ip ->
                reference instanceof ReferenceIdentifier.IpId address
                        ? (ip.address().equals(address.address()) ? Rule.IP_ID_EQUAL : Rule.IP_ID_DIFFERS)
                        : Rule.OTHER_KIND;
        };
    }

    /// R9525-3: no wildcard in SRV-IDs, and no service without its domain.
    private static Rule compareServices(PresentedIdentifier.SrvId presented, ReferenceIdentifier.SrvId reference) {
        return presented.service().equals(reference.service())
                        && presented.domain().equals(reference.domain())
                ? Rule.SRV_ID_EQUAL
                : Rule.SRV_ID_DIFFERS;
    }

    /// RFC 9525 §6.3, R7817-7.
    static Rule compareNames(String pattern, String reference) {
        int star = pattern.indexOf('*');
        if (star < 0) {
            if (!DomainNames.isName(pattern)) {
                return Rule.NAME_MALFORMED; // NUL, a dot at the end, U-labels, an address
            }
            return pattern.equals(reference) ? Rule.DNS_ID_EQUAL : Rule.DNS_ID_DIFFERS;
        }
        if (!pattern.startsWith("*.") || pattern.indexOf('*', 1) >= 0) {
            return pattern.equals("*") ? Rule.WILDCARD_TOO_WIDE : Rule.WILDCARD_NOT_WHOLE_LABEL;
        }
        String parent = pattern.substring(2);
        if (!DomainNames.isName(parent)) {
            return Rule.NAME_MALFORMED;
        }
        if (parent.indexOf('.') < 0) {
            return Rule.WILDCARD_TOO_WIDE; // every domain below `org`
        }
        int dot = reference.indexOf('.');
        return dot > 0 && reference.substring(dot + 1).equals(parent) ? Rule.DNS_ID_WILDCARD : Rule.DNS_ID_DIFFERS;
    }
}
