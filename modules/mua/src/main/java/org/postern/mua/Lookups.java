package org.postern.mua;

import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;

/// Where answers of DNS come from: `resolver::lookup` of a [org.postern.resolver.Resolver].
@FunctionalInterface
public interface Lookups {
    Lookup lookup(DomainName name, DnsRecord.Type type);
}
