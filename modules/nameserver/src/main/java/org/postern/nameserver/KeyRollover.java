package org.postern.nameserver;

import static org.postern.nameserver.ZoneKey.State.ACTIVE;
import static org.postern.nameserver.ZoneKey.State.PUBLISHED;
import static org.postern.nameserver.ZoneKey.State.READY;
import static org.postern.nameserver.ZoneKey.State.RETIRED;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneKey.State;

/// When one key follows another: what is due at an instant. Pure functions over the list of a zone's keys.
///
/// A ZSK is published first, signs when every cache may know it, and its predecessor stays until no cache can hold a
/// signature of it (RFC 6781 §4.1.1.1, RFC 7583 §3.2.1).
///
/// A KSK or CSK signs the DNSKEY set beside its predecessor; when every cache may know both, the parent is asked to
/// change its DS record (CDS, CDNSKEY); when the parent has, and no cache can hold the old DS record, the predecessor
/// goes (RFC 6781 §4.1.2, RFC 7583 §3.3.2). So no validator is ever without a way from the DS record to each signature.
final class KeyRollover {
    private final ZoneSettings settings;

    KeyRollover(ZoneSettings settings) {
        this.settings = settings;
    }

    /// The keys of a new zone. Nobody knows it yet: they are in use at once.
    List<ZoneKey> first(ZoneClock.Moment now) {
        return switch (settings.keys()) {
            case CSK -> List.of(ZoneKey.make(Role.CSK, READY, settings.algorithm(), now));
            case KSK_AND_ZSK ->
                List.of(
                        ZoneKey.make(Role.KSK, READY, settings.algorithm(), now),
                        ZoneKey.make(Role.ZSK, ACTIVE, settings.algorithm(), now));
        };
    }

    /// The keys as they are to be now.
    ///
    /// @param longest TTL of the zone's records
    List<ZoneKey> advance(List<ZoneKey> keys, ZoneClock.Moment now, Duration longest) {
        Duration known = settings.timing().timeToLive().plus(settings.timing().propagation());
        Duration gone = longest.plus(settings.timing().propagation());
        List<ZoneKey> next = new ArrayList<>();
        boolean activates = keys.stream()
                .anyMatch(key -> key.role() == Role.ZSK && key.state() == PUBLISHED && isOver(key, known, now));
        for (ZoneKey key : keys) {
            switch (key.state()) {
                case PUBLISHED -> {
                    if (isOver(key, known, now)) {
                        next.add(key.become(key.isEntryPoint() ? READY : ACTIVE, now));
                    } else {
                        next.add(key);
                    }
                }
                case ACTIVE -> next.add(key.role() == Role.ZSK && activates ? key.retire(now, gone) : key);
                case READY -> next.add(key);
                case RETIRED -> {
                    if (!isOver(key, key.remain(), now)) {
                        next.add(key);
                    }
                }
            }
        }
        Duration life = settings.timing().zoneSigningKey();
        boolean dueZoneSigningKey = !life.isZero()
                && next.stream()
                        .anyMatch(key ->
                                key.role() == Role.ZSK && key.state() == ACTIVE && isDue(key, life.minus(known), now));
        if (dueZoneSigningKey && !inProgress(next, Role.ZSK)) {
            next.add(ZoneKey.make(Role.ZSK, PUBLISHED, settings.algorithm(), now));
        }
        return next;
    }

    /// By counted time: a clock that is set shortens no wait.
    private static boolean isOver(ZoneKey key, Duration wait, ZoneClock.Moment now) {
        return now.counted().compareTo(key.counted().plus(wait)) >= 0;
    }

    /// Whether time is of the essence: a key waits until caches have learned or forgotten something.
    static boolean waits(List<ZoneKey> keys) {
        return keys.stream().anyMatch(key -> key.state() == PUBLISHED || key.state() == RETIRED);
    }

    /// By the wall clock: to begin early or late harms nobody.
    private static boolean isDue(ZoneKey key, Duration life, ZoneClock.Moment now) {
        return !now.wall().isBefore(key.since().plus(life));
    }

    private static boolean inProgress(List<ZoneKey> keys, Role role) {
        return keys.stream().filter(key -> key.role() == role).count() > 1;
    }

    /// A new key of this role is to follow.
    ///
    /// @throws IllegalStateException in the operator's words
    List<ZoneKey> begin(List<ZoneKey> keys, Role role, ZoneClock.Moment now) {
        List<ZoneKey> present = keys.stream().filter(key -> key.role() == role).toList();
        if (present.isEmpty()) {
            throw new IllegalStateException(settings.origin() + " has no " + role + ": it is signed by "
                    + keys.stream().map(ZoneKey::role).distinct().toList());
        }
        if (present.size() > 1) {
            throw new IllegalStateException("the " + role + " of " + settings.origin()
                    + " is being rolled already; the next roll can begin when that one is over");
        }
        if (present.getFirst().state() == READY) {
            throw new IllegalStateException(
                    "the parent's DS record of the " + role + " of " + settings.origin() + " is not confirmed yet");
        }
        List<ZoneKey> next = new ArrayList<>(keys);
        next.add(ZoneKey.make(role, PUBLISHED, settings.algorithm(), now));
        return next;
    }

    /// The key whose DS record the parent is to have, and is not known to have.
    static Optional<ZoneKey> awaitsDelegation(List<ZoneKey> keys) {
        return keys.stream().filter(key -> key.state() == READY).findFirst();
    }

    /// The parent has the DS record of the key that waited for it, and no other any more.
    ///
    /// @param delegation TTL of the parent's DS records
    List<ZoneKey> delegated(List<ZoneKey> keys, ZoneClock.Moment now, Duration delegation, Duration longest) {
        Duration least = (delegation.compareTo(longest) > 0 ? delegation : longest)
                .plus(settings.timing().propagation());
        return keys.stream()
                .map(key -> {
                    if (key.state() == READY) {
                        return key.become(ACTIVE, now);
                    }
                    return key.isEntryPoint() && key.state() == ACTIVE ? key.retire(now, least) : key;
                })
                .toList();
    }

    /// Those that sign the DNSKEY, CDS and CDNSKEY sets: all of them, so that every DS record leads to a signature.
    static List<ZoneKey> signersOfKeys(List<ZoneKey> keys) {
        return keys.stream().filter(ZoneKey::isEntryPoint).toList();
    }

    /// The one that signs the records.
    static ZoneKey signerOfRecords(List<ZoneKey> keys) {
        boolean split = keys.stream().anyMatch(key -> key.role() == Role.ZSK);
        // of two CSKs the newer one, as soon as every cache may know it: READY comes before ACTIVE
        for (State state : split ? List.of(ACTIVE) : List.of(READY, ACTIVE)) {
            for (ZoneKey key : keys) {
                if (key.state() == state && key.role() == (split ? Role.ZSK : Role.CSK)) {
                    return key;
                }
            }
        }
        throw new IllegalStateException("no key signs the records");
    }

    /// Those whose DS records the parent is to have (RFC 7344 §4.1: what CDS records say).
    static List<ZoneKey> wished(List<ZoneKey> keys) {
        return awaitsDelegation(keys)
                .map(List::of)
                .orElseGet(() -> keys.stream()
                        .filter(key -> key.isEntryPoint() && key.state() == ACTIVE)
                        .toList());
    }

    /// States are known to this class alone; the rest asks in words.
    static String explain(ZoneKey key) {
        return switch (key.state()) {
            case PUBLISHED -> "published, waits until every cache may know it";
            case READY -> "in use, the parent's DS record is waited for";
            case ACTIVE -> "in use";
            case RETIRED -> "retired, stays until caches have forgotten what needs it";
        };
    }
}
