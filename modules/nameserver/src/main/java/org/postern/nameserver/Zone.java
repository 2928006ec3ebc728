package org.postern.nameserver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/// A signed zone at one serial, as it is served. Immutable, for any number of threads.
final class Zone {
    private final Name origin;
    private final NavigableMap<Name, Node> nodes; // in canonical order (RFC 4034 §6.1)
    private final Map<Name, Node> byName;
    private final NavigableMap<Name, SignedSet> hashed; // NSEC3 by owner; empty where the zone has NSEC
    private final List<Record> records;

    private Zone(Name origin, NavigableMap<Name, Node> nodes, NavigableMap<Name, SignedSet> hashed) {
        this.origin = origin;
        this.nodes = nodes;
        this.byName = new HashMap<>(nodes);
        this.hashed = hashed;
        List<Record> all = new ArrayList<>();
        nodes.values().forEach(node -> node.sets().values().forEach(set -> addAll(set, all)));
        hashed.values().forEach(set -> addAll(set, all));
        this.records = List.copyOf(all);
    }

    private static void addAll(SignedSet set, List<Record> all) {
        all.addAll(set.records());
        all.addAll(set.signatures());
    }

    /// Puts records in order: all of a zone, with signatures and NSEC or NSEC3.
    static Zone of(Name origin, Collection<? extends Record> records) {
        Map<Name, SortedMap<Integer, List<Record>>> sets = new TreeMap<>();
        Map<Name, SortedMap<Integer, List<RRSIGRecord>>> signatures = new TreeMap<>();
        for (Record record : records) {
            if (record instanceof RRSIGRecord signature) {
                signatures
                        .computeIfAbsent(record.getName(), _ -> new TreeMap<>())
                        .computeIfAbsent(signature.getTypeCovered(), _ -> new ArrayList<>())
                        .add(signature);
            } else {
                sets.computeIfAbsent(record.getName(), _ -> new TreeMap<>())
                        .computeIfAbsent(record.getType(), _ -> new ArrayList<>())
                        .add(record);
            }
        }
        Map<Name, SortedMap<Integer, SignedSet>> signed = new LinkedHashMap<>();
        NavigableMap<Name, SignedSet> hashed = new TreeMap<>();
        sets.forEach((name, types) -> types.forEach((type, set) -> {
            List<RRSIGRecord> over =
                    signatures.getOrDefault(name, new TreeMap<>()).getOrDefault(type, List.of());
            SignedSet whole = new SignedSet(set, over);
            if (type == Type.NSEC3) {
                hashed.put(name, whole);
            } else {
                signed.computeIfAbsent(name, _ -> new TreeMap<>()).put(type, whole);
            }
        }));
        return new Zone(origin, nodes(origin, signed), hashed);
    }

    private static NavigableMap<Name, Node> nodes(Name origin, Map<Name, SortedMap<Integer, SignedSet>> sets) {
        NavigableMap<Name, Node> nodes = new TreeMap<>();
        sets.forEach((name, types) -> {
            Node.Standing standing = Node.Standing.AUTHORITATIVE;
            for (Name above = name; above.labels() > origin.labels(); above = Names.without(above, 1)) {
                SortedMap<Integer, SignedSet> there = sets.get(above);
                if (there != null && there.containsKey(Type.NS)) {
                    // the highest cut counts: go on to the apex
                    standing = above.equals(name) ? Node.Standing.DELEGATION : Node.Standing.OCCLUDED;
                }
            }
            nodes.put(name, new Node(name, types, standing));
        });
        // RFC 4592 §2.2.2: names in between exist, too; not those that only glue is below
        List<Node> named = List.copyOf(nodes.values());
        for (Node node : named) {
            if (node.standing() != Node.Standing.OCCLUDED) {
                for (Name above = node.name(); above.labels() > origin.labels(); above = Names.without(above, 1)) {
                    nodes.computeIfAbsent(
                            above, empty -> new Node(empty, new TreeMap<>(), Node.Standing.AUTHORITATIVE));
                }
            }
        }
        return nodes;
    }

    Name origin() {
        return origin;
    }

    @Nullable
    Node node(Name name) {
        return byName.get(name);
    }

    Node apex() {
        return Objects.requireNonNull(byName.get(origin), "a zone has an apex");
    }

    SignedSet soaSet() {
        return Objects.requireNonNull(apex().set(Type.SOA), "a zone has a SOA record");
    }

    SOARecord soa() {
        return (SOARecord) soaSet().first();
    }

    long serial() {
        return soa().getSerial();
    }

    boolean isHashed() {
        return !hashed.isEmpty();
    }

    /// Everything, in canonical order, signatures behind what they are over.
    List<Record> records() {
        return records;
    }

    /// In canonical order, glue and empty non-terminals included.
    Collection<Node> nodes() {
        return nodes.values();
    }

    /// The names that exist and that the zone speaks for, cuts included.
    List<Node> authoritative() {
        return nodes.values().stream()
                .filter(node -> node.standing() != Node.Standing.OCCLUDED)
                .toList();
    }

    /// The highest zone cut at the name or above it.
    Optional<Node> cut(Name name) {
        for (int labels = origin.labels() + 1; labels <= name.labels(); labels++) {
            Node node = byName.get(Names.without(name, name.labels() - labels));
            if (node != null && node.standing() == Node.Standing.DELEGATION) {
                return Optional.of(node);
            }
        }
        return Optional.empty();
    }

    /// The longest name above that exists (RFC 4592 §3.3.1).
    Name closestEncloser(Name name) {
        Name encloser = name;
        while (!byName.containsKey(encloser)) {
            encloser = Names.without(encloser, 1);
        }
        return encloser;
    }

    /// The NSEC record whose span the name is in, or that is at the name.
    SignedSet spanOf(Name name) {
        for (Map.Entry<Name, Node> entry = nodes.floorEntry(name);
                entry != null;
                entry = nodes.lowerEntry(entry.getKey())) {
            SignedSet set = entry.getValue().set(Type.NSEC);
            if (set != null) {
                return set;
            }
        }
        throw new IllegalStateException("no NSEC record before " + name);
    }

    /// The NSEC3 record whose span the hash is in, or that is at the hash.
    SignedSet hashedSpanOf(Name hash) {
        Map.Entry<Name, SignedSet> entry = hashed.floorEntry(hash);
        return (entry == null ? hashed.lastEntry() : entry).getValue();
    }

    Optional<Record> earliestExpiry() {
        return records.stream()
                .filter(RRSIGRecord.class::isInstance)
                .min(Comparator.comparing(record -> ((RRSIGRecord) record).getExpire()));
    }
}
