package org.postern.identity;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Pattern;

/// The reference identifiers of one connection, the preferred one first.
///
/// | the client has | call |
/// | --- | --- |
/// | a host from its settings, or an address literal | [#forHost] |
/// | a mail address and an SRV record (RFC 6186) | [#forService] |
/// | … whose SRV record is validated by DNSSEC | then [#withSecureName] for its target |
///
/// Names that came out of DNS unvalidated (CNAME, SRV, MX) have no way in: whoever forges DNS would choose what is
/// compared (R9525-1).
public record ReferenceIdentifiers(List<ReferenceIdentifier> all) {
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    /// RFC 6335 §5.1
    private static final Pattern SERVICE = Pattern.compile("(?=.{1,15}$)[a-z0-9]+(-[a-z0-9]+)*");

    public ReferenceIdentifiers {
        all = List.copyOf(new LinkedHashSet<>(all));
    }

    /// For a host name (U-labels or A-labels) or an address literal, with or without brackets.
    ///
    /// @throws IllegalArgumentException if it is neither
    public static ReferenceIdentifiers forHost(String host) {
        return new ReferenceIdentifiers(List.of(host(host)));
    }

    private static ReferenceIdentifier host(String text) {
        String host = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
        if ((host.indexOf(':') >= 0 && host.indexOf('%') < 0)
                || IPV4.matcher(host).matches()) {
            try {
                return new ReferenceIdentifier.IpId(
                        InetAddress.ofLiteral(host).getHostAddress(), ReferenceIdentifier.Origin.CONFIGURED_HOST);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("not an IP address: \"" + text + "\"", e);
            }
        }
        return new ReferenceIdentifier.DnsId(name(host), ReferenceIdentifier.Origin.CONFIGURED_HOST);
    }

    /// For a service that was found by the SRV records of a mail domain: its SRV-ID and the domain itself as a
    /// DNS-ID (RFC 7817 §3 (1)(2)). The SRV target is not among them.
    ///
    /// @param service the SRV label without underscore: `imaps`
    /// @throws IllegalArgumentException if the domain is no name or the service no service name
    public static ReferenceIdentifiers forService(String service, String mailDomain) {
        String label = DomainNames.lower(service);
        if (!SERVICE.matcher(label).matches()) {
            throw new IllegalArgumentException(
                    "not a service name: \"" + service + "\" (expected one as \"imaps\", without underscore)");
        }
        String domain = name(mailDomain);
        return new ReferenceIdentifiers(List.of(
                new ReferenceIdentifier.SrvId(label, domain, ReferenceIdentifier.Origin.MAIL_DOMAIN),
                new ReferenceIdentifier.DnsId(domain, ReferenceIdentifier.Origin.MAIL_DOMAIN)));
    }

    /// Also accepts a name that DNSSEC vouches for in every step: the target of a secure SRV record, the end of a
    /// secure chain of aliases, a TLSA base domain (RFC 7817 §3, RFC 7671 §7, RFC 7673 §4.1). The caller has
    /// checked that.
    public ReferenceIdentifiers withSecureName(String name) {
        return with(new ReferenceIdentifier.DnsId(name(name), ReferenceIdentifier.Origin.SECURE_DNS));
    }

    /// Also accepts the mail domain where the user typed the host (RFC 7817 §3 (1)).
    public ReferenceIdentifiers withMailDomain(String mailDomain) {
        return with(new ReferenceIdentifier.DnsId(name(mailDomain), ReferenceIdentifier.Origin.MAIL_DOMAIN));
    }

    private ReferenceIdentifiers with(ReferenceIdentifier further) {
        List<ReferenceIdentifier> more = new ArrayList<>(all);
        more.add(further);
        return new ReferenceIdentifiers(more);
    }

    private static String name(String text) {
        return DomainNames.toALabels(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "not a host name: \"" + text + "\" (expected a name as mail.example.org, or an IP address)"));
    }
}
