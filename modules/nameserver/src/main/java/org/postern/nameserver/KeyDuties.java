package org.postern.nameserver;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneKey.State;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// What the keys of a zone are there for, by their states: which are in the DNSKEY set, which sign what, and of which
/// the parent is to have a DS record.
///
/// While the algorithm changes there are keys of two; then each set is signed with both (RFC 4035 §2.2).
final class KeyDuties {
    private KeyDuties() {}

    /// The DNSKEY set.
    static List<ZoneKey> inKeySet(List<ZoneKey> keys) {
        return keys.stream().filter(ZoneKey::isInKeySet).toList();
    }

    /// Those that sign the DNSKEY, CDS and CDNSKEY sets: all that a DS record may lead to (RFC 7344 §4.1), and, as with
    /// every other set, one of each algorithm that a cached DNSKEY set may have.
    static List<ZoneKey> signersOfKeys(List<ZoneKey> keys) {
        return keys.stream().filter(ZoneKey::isEntryPoint).toList();
    }

    /// Those that sign the records: one of each algorithm.
    static List<ZoneKey> signersOfRecords(List<ZoneKey> keys) {
        return keys.stream()
                .map(ZoneKey::algorithm)
                .distinct()
                .map(algorithm -> keys.stream()
                        .filter(key -> key.algorithm() == algorithm && key.role() != Role.KSK)
                        .min(Comparator.comparingInt(KeyDuties::rank))
                        .orElseThrow(() -> new IllegalStateException("no key signs the records")))
                .toList();
    }

    /// The lowest signs.
    private static int rank(ZoneKey key) {
        boolean split = key.role() == Role.ZSK;
        return switch (key.state()) {
            case ACTIVE -> split ? 0 : 2;
            case READY -> 1; // of two CSKs the newer one, as soon as every cache may know it
            case SIGNING, PUBLISHED, RETIRED, WITHDRAWN -> split ? 3 : 4; // of an algorithm that comes or goes
        };
    }

    /// The key whose DS record the parent is to have, and is not known to have.
    static Optional<ZoneKey> awaitsDelegation(List<ZoneKey> keys) {
        return keys.stream().filter(key -> key.state() == State.READY).findFirst();
    }

    /// Those whose DS records the parent is to have (RFC 7344 §4.1: what CDS records say).
    static List<ZoneKey> wished(List<ZoneKey> keys) {
        return awaitsDelegation(keys)
                .map(List::of)
                .orElseGet(() -> keys.stream()
                        .filter(key -> key.isEntryPoint() && key.state() == State.ACTIVE)
                        .toList());
    }

    /// Those that a validator may begin with. An algorithm among them has to be in every DNSKEY set, cached ones too.
    static List<ZoneKey> anchors(List<ZoneKey> keys) {
        Set<ZoneSettings.Algorithm> established = keys.stream()
                .filter(ZoneKey::isEstablished)
                .map(ZoneKey::algorithm)
                .collect(Collectors.toSet());
        return keys.stream()
                .filter(key -> key.isEntryPoint() && key.isInKeySet() && established.contains(key.algorithm()))
                .toList();
    }

    /// Whether time is of the essence: a key waits until caches have learned or forgotten something.
    static boolean wait(List<ZoneKey> keys) {
        return keys.stream().anyMatch(ZoneKey::waits);
    }

    /// Whether the parent can lead to them, and they sign everything.
    static boolean areComplete(List<ZoneKey> keys) {
        return keys.stream().anyMatch(ZoneKey::isEstablished)
                && keys.stream()
                        .allMatch(key -> keys.stream()
                                .anyMatch(other -> other.algorithm() == key.algorithm() && other.role() != Role.KSK));
    }

    /// Whether a version of the zone was made with them as they are.
    static boolean areShown(List<ZoneKey> keys, Zone zone) {
        SignedSet set = zone.apex().set(Type.DNSKEY);
        Set<Record> inSet =
                inKeySet(keys).stream().map(key -> key.record(zone.origin(), 0)).collect(Collectors.toSet());
        return set != null
                && inSet.equals(new HashSet<>(set.records())) // regardless of TTL
                && tags(set).equals(tags(signersOfKeys(keys), zone))
                && tags(zone.soaSet()).equals(tags(signersOfRecords(keys), zone));
    }

    private static Set<Integer> tags(SignedSet set) {
        return set.signatures().stream().map(RRSIGRecord::getFootprint).collect(Collectors.toSet());
    }

    private static Set<Integer> tags(List<ZoneKey> keys, Zone zone) {
        return keys.stream().map(key -> key.tag(zone.origin())).collect(Collectors.toSet());
    }

    /// In words.
    static String explain(ZoneKey key) {
        return switch (key.state()) {
            case SIGNING -> "signs, waits until every record that a cache may have is signed with it";
            case PUBLISHED -> "published, waits until every cache may know it";
            case READY -> "in use, the parent's DS record is waited for";
            case ACTIVE -> "in use";
            case RETIRED -> "retired, stays until caches have forgotten what needs it";
            case WITHDRAWN -> "withdrawn, signs until every cache has forgotten it";
        };
    }
}
