package org.postern.mua;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postern.identity.ReferenceIdentifier;
import org.postern.identity.ReferenceIdentifiers;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Hop;
import org.postern.resolver.Lookup;

/// The SRV records of one service of a domain, as looked up.
///
/// @param usable those that a client may follow
/// @param faults of records that it may not, in words
public record SrvSet(
        Service service, DomainName owner, Lookup lookup, List<DnsRecord.Srv> usable, List<String> faults) {
    public SrvSet {
        usable = List.copyOf(usable);
        faults = List.copyOf(faults);
    }

    static SrvSet lookUp(Service service, DomainName domain, Lookups lookups) {
        DomainName owner = service.owner(domain);
        Lookup lookup = lookups.lookup(owner, DnsRecord.Type.SRV);
        List<DnsRecord.Srv> records = lookup.records(DnsRecord.Srv.class);
        List<DnsRecord.Srv> usable = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        boolean denied = records.stream().anyMatch(record -> record.target().isRoot());
        if (denied && records.size() > 1) {
            faults.add("\".\" stands beside other targets: the service counts as not offered (RFC 2782)");
        }
        for (DnsRecord.Srv record : records) {
            if (denied) {
                continue;
            }
            if (record.port() == 0) {
                faults.add(record.target() + ": port 0");
            } else if (!isHost(record.target())) {
                faults.add(record.target() + ": not a host name");
            } else {
                usable.add(record);
            }
        }
        return new SrvSet(service, owner, lookup, usable, faults);
    }

    private static boolean isHost(DomainName target) {
        try {
            return ReferenceIdentifiers.forHost(target.text()).all().getFirst() instanceof ReferenceIdentifier.DnsId;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /// No answer that may be used: bogus or indeterminate.
    public boolean failed() {
        return lookup.security() == Hop.Security.BOGUS || lookup.security() == Hop.Security.INDETERMINATE;
    }

    public boolean secure() {
        return lookup.security() == Hop.Security.SECURE;
    }

    /// The domain says that it has no such service (RFC 6186 §3.4).
    public boolean notOffered() {
        return lookup.records(DnsRecord.Srv.class).stream()
                .anyMatch(record -> record.target().isRoot());
    }

    /// The domain says nothing of the service.
    public boolean absent() {
        return !failed() && lookup.records(DnsRecord.Srv.class).isEmpty();
    }

    Server serverOf(DnsRecord.Srv record, DomainName domain) {
        return new Server(
                service,
                record.target().text(),
                record.port(),
                secure() ? Server.Origin.SECURE_SRV : Server.Origin.INSECURE_SRV,
                domain,
                switch (lookup) {
                    case Lookup.Secure answer -> answer.timeToLive();
                    case Lookup.Insecure answer -> answer.timeToLive();
                    case Lookup.Bogus _, Lookup.Indeterminate _ -> Duration.ZERO;
                });
    }
}
