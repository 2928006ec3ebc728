package org.postern.recordgroups;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Lookup;

/// What DNS says, for those who go there.
final class Addresses {
    private static final int MOST_OF_A_KIND = 2;

    private final BiFunction<DomainName, DnsRecord.Type, Lookup> lookups;

    Addresses(BiFunction<DomainName, DnsRecord.Type, Lookup> lookups) {
        this.lookups = lookups;
    }

    /// Addresses of a host, at least one, and no more than somebody tries.
    ///
    /// @throws IOException where there is none, or no answer, in words
    List<InetAddress> of(DomainName host) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        Lookup four = lookups.apply(host, DnsRecord.Type.A);
        Lookup six = lookups.apply(host, DnsRecord.Type.AAAA);
        Stream.of(four, six)
                .flatMap(lookup ->
                        lookup.records(DnsRecord.Address.class).stream().limit(MOST_OF_A_KIND))
                .map(DnsRecord.Address::address)
                .forEach(addresses::add);
        if (addresses.isEmpty()) {
            requireAnswer(host, four);
            requireAnswer(host, six);
            throw new UnknownHostException(host + " has no address");
        }
        return addresses;
    }

    /// Whether an address is of this machine or of a network that others do not reach.
    static boolean isPrivate(InetAddress address) {
        byte[] octets = address.getAddress();
        return address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()
                || (octets.length == 16 && (octets[0] & 0xfe) == 0xfc) // RFC 4193
                || (octets.length == 4 && octets[0] == 100 && (octets[1] & 0xc0) == 64); // RFC 6598
    }

    boolean isAlias(DomainName host) {
        return !lookups.apply(host, DnsRecord.Type.A).hops().isEmpty();
    }

    /// @throws IOException where there is no answer that can be used, in words
    <T extends DnsRecord> List<T> records(DomainName owner, DnsRecord.Type type, Class<T> kind) throws IOException {
        Lookup lookup = lookups.apply(owner, type);
        requireAnswer(owner, lookup);
        return lookup.records(kind);
    }

    /// TXT records of one kind.
    List<String> texts(DomainName owner, Predicate<String> kind) throws IOException {
        return records(owner, DnsRecord.Type.TXT, DnsRecord.Txt.class).stream()
                .map(DnsRecord.Txt::toString)
                .filter(kind)
                .toList();
    }

    private static void requireAnswer(DomainName owner, Lookup lookup) throws IOException {
        switch (lookup) {
            case Lookup.Secure _, Lookup.Insecure _ -> {}
            case Lookup.Bogus bogus ->
                throw new IOException("what DNS says of " + owner + " does not validate: " + bogus.reason());
            case Lookup.Indeterminate failed ->
                throw new IOException("DNS gives no answer for " + owner + ": " + failed.reason());
        }
    }
}
