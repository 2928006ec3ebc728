package org.postern.nameserver;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.dns.RecordSet;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/// Whether the zone above has taken over a DS record.
final class ParentDelegation {
    private ParentDelegation() {}

    /// The TTL of the DS records, if every server of the zone above has those of the key, and no others: as long as
    /// one has the old one, a cache can still get it.
    static Optional<Duration> seen(List<ServerAnswer> answers, Name origin, ZoneKey key) {
        Duration longest = Duration.ZERO;
        for (ServerAnswer answer : answers) {
            RecordSet set = answer.found().orElse(null);
            if (set == null || !isAllOf(ZoneText.of(set, origin), origin, key)) {
                return Optional.empty();
            }
            longest = set.timeToLive().compareTo(longest) > 0 ? set.timeToLive() : longest;
        }
        return answers.isEmpty() ? Optional.empty() : Optional.of(longest);
    }

    private static boolean isAllOf(List<Record> records, Name origin, ZoneKey key) {
        boolean good = false;
        for (Record record : records) {
            DSRecord delegation = (DSRecord) record;
            if (delegation.getFootprint() != key.tag(origin) || delegation.getAlgorithm() != key.algorithm().number) {
                return false;
            }
            // one in another digest may stand beside it; it is the same key's, or the parent forges
            good |= delegation.equals(key.delegation(origin, delegation.getTTL()));
        }
        return good;
    }
}
