package org.postern.nameserver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// What a zone says, before it is signed: from the settings, from the file of others, and from Postern. The SOA record
/// is not in it.
final class ZoneContent {
    /// These are made by the signer.
    private static final Set<Integer> MADE =
            Set.of(Type.RRSIG, Type.NSEC, Type.NSEC3, Type.NSEC3PARAM, Type.DNSKEY, Type.CDS, Type.CDNSKEY, Type.SOA);

    private final Name origin;
    private final SortedMap<Name, SortedMap<Integer, List<Record>>> sets = new TreeMap<>();

    ZoneContent(Name origin) {
        this.origin = origin;
    }

    /// Adds a record to its set. The shortest TTL of a set is the set's (RFC 2181 §5.2).
    ///
    /// @throws IllegalArgumentException in the operator's words
    void add(Record record) {
        String what = record.getName() + " " + Type.string(record.getType());
        if (record.getDClass() != DClass.IN) {
            throw new IllegalArgumentException(what + ": its class is not IN");
        }
        if (!record.getName().subdomain(origin)) {
            throw new IllegalArgumentException(what + " is not in the zone " + origin);
        }
        if (MADE.contains(record.getType())) {
            throw new IllegalArgumentException(what + ": Postern makes these records itself");
        }
        if (record.getType() == Type.DNAME) {
            throw new IllegalArgumentException(what + ": DNAME records are not supported");
        }
        if (record.getType() == Type.DS && record.getName().equals(origin)) {
            throw new IllegalArgumentException(what + ": the zone above has this record");
        }
        if (!Type.isRR(record.getType())) {
            throw new IllegalArgumentException(what + " is no type of a record");
        }
        SortedMap<Integer, List<Record>> node = sets.computeIfAbsent(record.getName(), _ -> new TreeMap<>());
        List<Record> set = node.computeIfAbsent(record.getType(), _ -> new ArrayList<>());
        if (!set.contains(record)) { // regardless of TTL, and of case where case does not count
            set.add(record);
        }
        // RFC 1034 §3.6.2: an alias is alone
        if (node.containsKey(Type.CNAME) && (node.size() > 1 || set.size() > 1)) {
            throw new IllegalArgumentException(record.getName() + " has a CNAME record and others beside it");
        }
    }

    void addAll(Collection<? extends Record> records) {
        records.forEach(this::add);
    }

    /// @throws IllegalArgumentException in the operator's words, if the zone cannot be served like that
    void check() {
        List<Record> servers = sets.getOrDefault(origin, new TreeMap<>()).getOrDefault(Type.NS, List.of());
        if (servers.isEmpty()) {
            throw new IllegalArgumentException(origin + " has no NS record at its top");
        }
        for (Record record : servers) {
            Name target = ((NSRecord) record).getTarget();
            SortedMap<Integer, List<Record>> there = sets.get(target);
            if (there != null && there.containsKey(Type.CNAME)) { // RFC 2181 §10.3
                throw new IllegalArgumentException("the name server " + target + " of " + origin + " is an alias");
            }
        }
    }

    boolean isEmpty() {
        return sets.isEmpty();
    }

    /// Every set, with one TTL.
    void forEach(BiConsumer<Name, List<Record>> consumer) {
        for (Map.Entry<Name, SortedMap<Integer, List<Record>>> node : sets.entrySet()) {
            for (List<Record> set : node.getValue().values()) {
                consumer.accept(node.getKey(), withOneTimeToLive(set));
            }
        }
    }

    private static List<Record> withOneTimeToLive(List<Record> set) {
        long shortest = set.stream().mapToLong(Record::getTTL).min().orElse(0);
        return set.stream().sorted().map(record -> Wire.with(record, shortest)).toList();
    }
}
