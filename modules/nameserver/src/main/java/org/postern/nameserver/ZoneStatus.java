package org.postern.nameserver;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// How a zone stands: for people, meters and the command line.
///
/// @param signaturesEnd when the first signature of the zone ends
/// @param awaited the parent is to have DS records of these and no others; empty where it is known to
/// @param fault what is wrong with the file of others' records: its last good content is served
public record ZoneStatus(
        DomainName zone,
        long serial,
        int records,
        Instant signaturesEnd,
        List<Key> keys,
        List<String> awaited,
        Optional<String> fault,
        List<Secondary> secondaries) {
    /// One of its keys.
    ///
    /// @param tag RFC 4034 Appendix B
    /// @param state in words
    /// @param delegation its DS record in zone file form; empty for a ZSK
    public record Key(
            int tag, String role, String algorithm, String state, Instant since, Optional<String> delegation) {}

    /// One that is told of changes.
    ///
    /// @param confirmed the last serial whose announcement it has answered; empty where it has answered none
    public record Secondary(InetSocketAddress address, Optional<Long> confirmed) {}

    public ZoneStatus {
        keys = List.copyOf(keys);
        awaited = List.copyOf(awaited);
        secondaries = List.copyOf(secondaries);
    }
}
