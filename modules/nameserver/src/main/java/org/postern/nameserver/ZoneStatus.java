package org.postern.nameserver;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// How a zone stands: for people, meters and the command line.
///
/// @param signaturesEnd when the first signature of the zone ends
/// @param delegation the DS records that the zone above is to have, and no others, in zone file form
/// @param delegated whether it is known to have them
/// @param change to another algorithm or other kinds of keys, while one is under way
/// @param fault what is wrong with the file of others' records: its last good content is served
public record ZoneStatus(
        DomainName zone,
        long serial,
        int records,
        Instant signaturesEnd,
        List<Key> keys,
        List<String> delegation,
        boolean delegated,
        Optional<Change> change,
        Optional<String> fault,
        List<Secondary> secondaries) {
    /// One of its keys.
    ///
    /// @param tag RFC 4034 Appendix B
    /// @param state in words
    /// @param delegation its DS record in zone file form; empty for a ZSK
    public record Key(
            int tag, String role, String algorithm, String state, Instant since, Optional<String> delegation) {}

    /// From one algorithm, or kind of keys, to another.
    ///
    /// @param from as the configuration says it: `csk ecdsa-p256`
    /// @param step from 1 on; 0 before it begins
    /// @param state in words
    /// @param until when it goes on at the earliest; empty where it does not go on by time
    public record Change(String from, String to, int step, int steps, String state, Optional<Instant> until) {
        /// Without what time changes.
        @Override
        public String toString() {
            return "from %s to %s, step %d of %d: %s".formatted(from, to, step, steps, state);
        }
    }

    /// One that is told of changes.
    ///
    /// @param confirmed the last serial whose announcement it has answered; empty where it has answered none
    public record Secondary(InetSocketAddress address, Optional<Long> confirmed) {}

    public ZoneStatus {
        keys = List.copyOf(keys);
        delegation = List.copyOf(delegation);
        secondaries = List.copyOf(secondaries);
    }
}
