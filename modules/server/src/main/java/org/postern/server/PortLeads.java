package org.postern.server;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;

/// Which ports records lead to: as long as one may be in a cache, its port is to be open.
final class PortLeads {
    private PortLeads() {}

    /// The ports, and the longest time to live of the sets that lead there.
    static Map<Integer, Duration> of(List<RecordSet> sets) {
        Map<Integer, Duration> leads = new TreeMap<>();
        for (RecordSet set : sets) {
            ports(set)
                    .forEach(port -> leads.merge(
                            port, set.timeToLive(), (one, other) -> one.compareTo(other) < 0 ? other : one));
        }
        return leads;
    }

    private static List<Integer> ports(RecordSet set) {
        if (set.type() == RecordType.SRV) {
            return set.data().stream()
                    .map(data -> data.split(" ", 4))
                    .filter(fields -> !fields[3].equals(".")) // RFC 2782: not offered
                    .map(fields -> Integer.valueOf(fields[2]))
                    .toList();
        }
        String owner = set.owner().text();
        int end = owner.indexOf("._tcp.");
        return (set.type() == RecordType.TLSA || set.type() == RecordType.CNAME)
                        && end > 1
                        && owner.substring(1, end).chars().allMatch(Character::isDigit)
                ? List.of(Integer.valueOf(owner.substring(1, end)))
                : List.of();
    }
}
