package org.postern.nameserver;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.dns.RecordSet;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;

/// Whether the zone above has taken over the DS record of a key, and for how long caches may have what was there
/// before. By one thread.
final class ParentDelegation {
    private final ZoneKey key;
    private Duration longest = Duration.ZERO;
    private boolean before; // what was there before was seen

    /// @param key that is waited for from now on
    ParentDelegation(ZoneKey key) {
        this.key = key;
    }

    boolean isOf(ZoneKey other) {
        return key.same(other);
    }

    /// How long a cache may have other DS records (RFC 7583 §3.3.2: the TTL of the old ones), if every server of
    /// the zone above has those of the key, and no others: as long as one has an old one, a cache can still get
    /// it.
    ///
    /// @param usual TTL, for old ones that nobody has seen
    Optional<Duration> seen(List<ServerAnswer> answers, Name origin, Duration usual) {
        boolean all = !answers.isEmpty();
        for (ServerAnswer answer : answers) {
            RecordSet set = answer.found().orElse(null);
            all &= set != null && isAllOf(ZoneText.of(set, origin), origin, key);
            if (set != null && set.timeToLive().compareTo(longest) > 0) {
                longest = set.timeToLive();
            }
        }
        before |= !all && answers.stream().anyMatch(answer -> answer.failure().isEmpty());
        if (!all) {
            return Optional.empty();
        }
        return Optional.of(before || longest.compareTo(usual) > 0 ? longest : usual);
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
