package org.postern.nameserver;

import static org.postern.nameserver.ZoneKey.State.ACTIVE;
import static org.postern.nameserver.ZoneKey.State.PUBLISHED;
import static org.postern.nameserver.ZoneKey.State.READY;
import static org.postern.nameserver.ZoneKey.State.WITHDRAWN;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.postern.nameserver.ZoneKey.Role;

/// When one key follows another: what is due at an instant. Pure functions over the list of a zone's keys.
///
/// A ZSK is published first, signs when every cache may know it, and its predecessor stays until no cache can hold a
/// signature of it (RFC 6781 §4.1.1.1, RFC 7583 §3.2.1).
///
/// A KSK or CSK signs the DNSKEY set beside its predecessor; when every cache may know both, the parent is asked to
/// change its DS record (CDS, CDNSKEY); when the parent has, and no cache can hold the old DS record, the predecessor
/// goes (RFC 6781 §4.1.2, RFC 7583 §3.3.2). So no validator is ever without a way from the DS record to each signature.
///
/// Keys of another algorithm or of another kind come by [KeyChange], and are moved on here with the others.
final class KeyRollover {
    private final ZoneSettings settings;
    private final KeyChange change;

    KeyRollover(ZoneSettings settings) {
        this.settings = settings;
        this.change = new KeyChange(settings);
    }

    /// The keys of a new zone. Nobody knows it yet: they are in use at once.
    List<ZoneKey> first(ZoneClock.Moment now) {
        List<ZoneKey> keys = new ArrayList<>();
        for (Role role : change.roles()) {
            keys.add(change.make(role, role == Role.ZSK ? ACTIVE : READY, keys, now, Duration.ZERO));
        }
        return List.copyOf(keys);
    }

    /// The keys as they are to be now.
    ///
    /// @param longest that a record lives in a cache that is got now, or was before
    List<ZoneKey> advance(List<ZoneKey> keys, ZoneClock.Moment now, Duration longest) {
        List<ZoneKey> next = moved(change.turned(keys, now, longest), now, longest);
        Duration life = settings.timing().zoneSigningKey();
        boolean due = !life.isZero()
                && next.stream()
                        .anyMatch(key -> key.role() == Role.ZSK
                                && key.state() == ACTIVE
                                && isDue(key, life.minus(settings.timing().known()), now));
        if (due && !inProgress(next, Role.ZSK) && change.progress(next, now).isEmpty()) {
            next.add(change.make(Role.ZSK, PUBLISHED, next, now, Duration.ZERO));
        }
        return next;
    }

    /// What time has brought.
    private List<ZoneKey> moved(List<ZoneKey> keys, ZoneClock.Moment now, Duration longest) {
        Predicate<ZoneKey> hasWaited = key -> key.hasWaited(settings.timing(), now);
        boolean ready =
                keys.stream().anyMatch(key -> key.isEntryPoint() && key.state() == PUBLISHED && hasWaited.test(key));
        Set<ZoneSettings.Algorithm> activates = keys.stream()
                .filter(key -> key.role() == Role.ZSK && key.state() == PUBLISHED && hasWaited.test(key))
                .map(ZoneKey::algorithm)
                .collect(Collectors.toSet());
        Set<ZoneSettings.Algorithm> established = keys.stream()
                .filter(ZoneKey::isEstablished)
                .map(ZoneKey::algorithm)
                .collect(Collectors.toSet());
        List<ZoneKey> next = new ArrayList<>();
        for (ZoneKey each : keys) {
            // a CSK is a KSK as soon as a ZSK signs in its stead
            ZoneKey key = each.role() == Role.CSK && activates.contains(each.algorithm()) ? each.as(Role.KSK) : each;
            switch (key.state()) {
                case SIGNING -> next.add(hasWaited.test(key) ? key.become(PUBLISHED, now) : key);
                case PUBLISHED ->
                    next.add(hasWaited.test(key) ? key.become(key.isEntryPoint() ? READY : ACTIVE, now) : key);
                // the parent was never seen to have its DS record, and need not any more
                case READY -> next.add(ready ? key.become(ACTIVE, now) : key);
                case ACTIVE ->
                    next.add(
                            key.role() == Role.ZSK && activates.contains(key.algorithm())
                                    ? key.retire(now, gone(longest))
                                    : key);
                case RETIRED -> {
                    if (!hasWaited.test(key)) {
                        next.add(key);
                    } else if (!established.contains(key.algorithm())) {
                        next.add(key.become(WITHDRAWN, now));
                    }
                }
                case WITHDRAWN -> {
                    if (!hasWaited.test(key)) {
                        next.add(key);
                    }
                }
            }
        }
        return next;
    }

    private Duration gone(Duration longest) {
        return longest.plus(settings.timing().propagation());
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
        change.progress(keys, now).ifPresent(under -> {
            throw new IllegalStateException("the keys of " + settings.origin() + " are being changed from "
                    + under.from() + " to " + under.to() + "; a roll can begin when that is over");
        });
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
        next.add(change.make(role, PUBLISHED, keys, now, Duration.ZERO));
        return next;
    }

    /// The parent has the DS record of the key that waited for it, and no other any more.
    ///
    /// @param delegation TTL of the parent's DS records
    List<ZoneKey> delegated(List<ZoneKey> keys, ZoneClock.Moment now, Duration delegation, Duration longest) {
        Duration least = gone(delegation.compareTo(longest) > 0 ? delegation : longest);
        Set<ZoneSettings.Algorithm> stays = keys.stream()
                .filter(key -> key.state() == READY)
                .map(ZoneKey::algorithm)
                .collect(Collectors.toSet());
        return keys.stream()
                .map(key -> switch (key.state()) {
                    case READY -> key.become(ACTIVE, now);
                    case ACTIVE ->
                        key.isEntryPoint() || !stays.contains(key.algorithm()) ? key.retire(now, least) : key;
                    case SIGNING, PUBLISHED, RETIRED, WITHDRAWN -> key;
                })
                .toList();
    }
}
