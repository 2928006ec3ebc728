package org.postern.mua;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.identity.ReferenceIdentifiers;
import org.postern.identity.TlsaRecord;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Hop;
import org.postern.resolver.Lookup;

/// A server and all that DNS says of it, gathered before connecting.
///
/// @param addressLookups A and AAAA; none for an address literal
/// @param addressSecurity the worst of them
/// @param tlsaBase the name whose TLSA records were found, or that was asked last; empty where none may be asked
/// @param tlsa the TLSA lookups, in their order
/// @param tlsaRecords the records of a secure TLSA RRset; never of any other
/// @param references whom PKIX has to find in the certificate
/// @param serverName for SNI
public record Target(
        Server server,
        List<InetAddress> addresses,
        List<Lookup> addressLookups,
        Hop.Security addressSecurity,
        Optional<DomainName> tlsaBase,
        List<Lookup> tlsa,
        Facts.Tlsa tlsaState,
        List<TlsaRecord> tlsaRecords,
        ReferenceIdentifiers references,
        Optional<String> serverName) {
    public Target {
        addresses = List.copyOf(addresses);
        addressLookups = List.copyOf(addressLookups);
        tlsa = List.copyOf(tlsa);
        tlsaRecords = List.copyOf(tlsaRecords);
    }

    /// Looks addresses and TLSA records up.
    public static Target resolve(Server server, Lookups lookups) {
        if (server.literal()) {
            return new Target(
                    server,
                    List.of(InetAddress.ofLiteral(server.host())),
                    List.of(),
                    Hop.Security.INSECURE,
                    Optional.empty(),
                    List.of(),
                    Facts.Tlsa.NOT_QUERIED,
                    List.of(),
                    server.references(),
                    server.serverName());
        }
        DomainName host = new DomainName(server.host());
        List<Lookup> found = List.of(lookups.lookup(host, DnsRecord.Type.AAAA), lookups.lookup(host, DnsRecord.Type.A));
        Set<InetAddress> addresses = new LinkedHashSet<>();
        Hop.Security security = Hop.Security.SECURE;
        for (Lookup lookup : found) {
            lookup.records(DnsRecord.Address.class).forEach(record -> addresses.add(record.address()));
            security = security.compareTo(lookup.security()) >= 0 ? security : lookup.security();
        }
        List<Lookup> tlsa = new ArrayList<>();
        Optional<DomainName> base = Optional.empty();
        Facts.Tlsa state = Facts.Tlsa.NOT_QUERIED; // RFC 7673 §3.2: not behind addresses that are not secure
        if (security == Hop.Security.SECURE) {
            // RFC 7671 §7: the name at the end of secure aliases first, then the one that the client began with
            for (DomainName name : new LinkedHashSet<>(List.of(found.getLast().canonicalName(), host))) {
                Lookup lookup = lookups.lookup(name.child("_" + server.port() + "._tcp"), DnsRecord.Type.TLSA);
                tlsa.add(lookup);
                base = Optional.of(name);
                Facts.Tlsa one = state(lookup);
                state = one == Facts.Tlsa.ABSENT && state == Facts.Tlsa.INSECURE ? state : one;
                if (one != Facts.Tlsa.ABSENT && one != Facts.Tlsa.INSECURE) {
                    break;
                }
            }
        }
        List<TlsaRecord> records =
                state == Facts.Tlsa.USABLE || state == Facts.Tlsa.UNUSABLE ? records(tlsa.getLast()) : List.of();
        ReferenceIdentifiers references = server.references();
        Optional<String> serverName = server.serverName();
        boolean named = server.origin() != Server.Origin.INSECURE_SRV;
        if (named && security == Hop.Security.SECURE) {
            for (Lookup lookup : found) {
                // an alias counts where every step of it is validated (RFC 7671 §7)
                if (!lookup.hops().isEmpty()) {
                    references = withName(references, lookup.canonicalName());
                }
            }
            if (!records.isEmpty()) {
                serverName = base.map(DomainName::text); // RFC 7671 §10.2
            }
        }
        return new Target(
                server, List.copyOf(addresses), found, security, base, tlsa, state, records, references, serverName);
    }

    private static ReferenceIdentifiers withName(ReferenceIdentifiers references, DomainName name) {
        try {
            return references.withSecureName(name.text());
        } catch (IllegalArgumentException e) {
            return references; // an alias to what is no host name: no certificate could carry it
        }
    }

    private static Facts.Tlsa state(Lookup lookup) {
        boolean none = lookup.records(DnsRecord.Tlsa.class).isEmpty();
        return switch (lookup) {
            case Lookup.Bogus _ -> Facts.Tlsa.BOGUS;
            case Lookup.Indeterminate _ -> Facts.Tlsa.INDETERMINATE;
            case Lookup.Insecure _ -> none ? Facts.Tlsa.ABSENT : Facts.Tlsa.INSECURE;
            case Lookup.Secure _ -> {
                if (none) {
                    yield Facts.Tlsa.ABSENT;
                }
                yield records(lookup).stream()
                                .anyMatch(record -> record.unusable().isEmpty())
                        ? Facts.Tlsa.USABLE
                        : Facts.Tlsa.UNUSABLE;
            }
        };
    }

    private static List<TlsaRecord> records(Lookup lookup) {
        return lookup.records(DnsRecord.Tlsa.class).stream()
                .map(record -> new TlsaRecord(record.usage(), record.selector(), record.matchingType(), record.data()))
                .toList();
    }

    /// Whether DNS alone says that nothing may be connected to (DT-7, DT-8, DT-10).
    boolean forbidden() {
        return addressSecurity == Hop.Security.BOGUS
                || addressSecurity == Hop.Security.INDETERMINATE
                || tlsaState == Facts.Tlsa.BOGUS
                || tlsaState == Facts.Tlsa.INDETERMINATE;
    }

    /// Whom usages 0 to 2 of TLSA have to find: the base domain and the mail domain (RFC 7671 §10.2, RFC 7673
    /// §4.1). That the base domain is an unsigned SRV target is for the outcome table to judge (DT-29).
    ReferenceIdentifiers daneReferences() {
        return tlsaBase.map(name -> withName(references, name)).orElse(references);
    }
}
