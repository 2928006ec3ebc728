package org.postern.nameserver;

import static org.postern.nameserver.ZoneKey.State.ACTIVE;
import static org.postern.nameserver.ZoneKey.State.PUBLISHED;
import static org.postern.nameserver.ZoneKey.State.READY;
import static org.postern.nameserver.ZoneKey.State.SIGNING;
import static org.postern.nameserver.ZoneKey.State.WITHDRAWN;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneKey.State;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.KeyScheme;

/// From one algorithm to another, and between one key and two: what the configuration wants of a zone that has other
/// keys. Pure functions over the list of a zone's keys; time moves them on in [KeyRollover].
///
/// Another algorithm comes in five steps (RFC 6781 §4.1.4, the conservative way), for validators that want each set to
/// be signed with each algorithm of the DNSKEY set or of the DS records that they have (RFC 4035 §2.2):
///
/// 1. new keys sign everything, until no cache has a record without that;
/// 2. they are in the DNSKEY set, until no cache has that set without them;
/// 3. the parent changes its DS record;
/// 4. the old keys stay as they are until no cache has the old DS record;
/// 5. they leave the DNSKEY set, and sign until no cache has that set with them.
///
/// At each step the way back is as safe: keys that were in the DNSKEY set leave it by step 5, and once the parent was
/// asked for a new DS record, it is asked for the old one, and those of the new algorithm go by steps 4 and 5.
///
/// Between one key and two nothing changes for the parent: the CSK becomes the KSK when the new ZSK is known to every
/// cache, and a KSK, which all of them know, becomes the CSK at once, while the ZSK stays for its signatures.
///
/// There is one change at a time, of an algorithm, of kinds or of a key; the next one waits.
final class KeyChange {
    private static final int STEPS = 5;

    private final ZoneSettings settings;

    KeyChange(ZoneSettings settings) {
        this.settings = settings;
    }

    /// The kinds of keys that are wanted.
    List<Role> roles() {
        return switch (settings.keys()) {
            case CSK -> List.of(Role.CSK);
            case KSK_AND_ZSK -> List.of(Role.KSK, Role.ZSK);
        };
    }

    /// A new key of the algorithm that is wanted. Its tag is its own, so that a signature tells whose it is.
    ZoneKey make(Role role, State state, List<ZoneKey> present, ZoneClock.Moment now, Duration remain) {
        while (true) {
            ZoneKey made = ZoneKey.make(role, state, settings.algorithm(), now, remain);
            if (present.stream().noneMatch(other -> tag(other) == tag(made))) {
                return made;
            }
        }
    }

    private int tag(ZoneKey key) {
        return key.tag(Names.of(settings.origin()));
    }

    /// The keys on their way to what is wanted: those that are missing begin, those that are not wanted turn back.
    List<ZoneKey> turned(List<ZoneKey> keys, ZoneClock.Moment now, Duration longest) {
        List<ZoneKey> wanted = wanted(keys);
        List<ZoneKey> others = others(keys);
        if (others.isEmpty()) {
            return ofKinds(keys, now, longest);
        }
        if (!wanted.isEmpty()) {
            return turned(wanted, others, keys, now);
        }
        if (!isSteady(keys)) {
            return keys;
        }
        Duration forgotten = longest.plus(settings.timing().propagation());
        List<ZoneKey> next = new ArrayList<>(keys);
        for (Role role : roles()) {
            next.add(make(role, SIGNING, next, now, forgotten));
        }
        return next;
    }

    private List<ZoneKey> wanted(List<ZoneKey> keys) {
        return keys.stream()
                .filter(key -> key.algorithm() == settings.algorithm())
                .toList();
    }

    private List<ZoneKey> others(List<ZoneKey> keys) {
        return keys.stream()
                .filter(key -> key.algorithm() != settings.algorithm())
                .toList();
    }

    /// Nothing is under way.
    private static boolean isSteady(List<ZoneKey> keys) {
        return keys.stream().noneMatch(ZoneKey::waits)
                && keys.stream().filter(ZoneKey::isEntryPoint).count() == 1;
    }

    /// All keys of an algorithm go together.
    private static State stateOf(List<ZoneKey> group) {
        return group.stream()
                .filter(ZoneKey::isEntryPoint)
                .map(ZoneKey::state)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("an algorithm without a key that the parent can trust"));
    }

    private static List<ZoneKey> turned(
            List<ZoneKey> wanted, List<ZoneKey> others, List<ZoneKey> keys, ZoneClock.Moment now) {
        State other = stateOf(others);
        return switch (stateOf(wanted)) {
            case SIGNING, PUBLISHED -> keys; // on its way
            case READY, ACTIVE ->
                switch (other) {
                    case SIGNING -> wanted; // nobody was told of it
                    case PUBLISHED -> with(keys, others, WITHDRAWN, now);
                    // the parent may have taken over its DS record already
                    case READY, ACTIVE ->
                        stateOf(wanted) == READY ? keys : with(with(keys, others, ACTIVE, now), wanted, READY, now);
                    case RETIRED, WITHDRAWN -> keys;
                };
            case RETIRED -> with(keys, wanted, READY, now); // every cache knows it still
            case WITHDRAWN -> with(keys, wanted, PUBLISHED, now); // its signatures were never away
        };
    }

    /// A ZSK has no DS record to wait for.
    private static List<ZoneKey> with(List<ZoneKey> keys, List<ZoneKey> group, State state, ZoneClock.Moment now) {
        return keys.stream()
                .map(key -> {
                    State next = state == READY && !key.isEntryPoint() ? ACTIVE : state;
                    boolean moves = key.state() != next && group.stream().anyMatch(key::same);
                    return moves ? key.become(next, now) : key;
                })
                .toList();
    }

    private List<ZoneKey> ofKinds(List<ZoneKey> keys, ZoneClock.Moment now, Duration longest) {
        boolean split = keys.stream().anyMatch(key -> key.role() == Role.ZSK);
        return switch (settings.keys()) {
            case KSK_AND_ZSK -> {
                boolean comes = keys.stream()
                        .anyMatch(key -> key.role() == Role.ZSK && (key.state() == PUBLISHED || key.state() == ACTIVE));
                List<ZoneKey> next = new ArrayList<>(keys);
                if (!comes) {
                    next.add(make(Role.ZSK, PUBLISHED, keys, now, Duration.ZERO));
                }
                yield next;
            }
            case CSK ->
                split ? keys.stream().flatMap(key -> joined(key, now, longest)).toList() : keys;
        };
    }

    /// A key where a CSK takes over from a KSK and a ZSK.
    private Stream<ZoneKey> joined(ZoneKey key, ZoneClock.Moment now, Duration longest) {
        return switch (key.role()) {
            case CSK -> Stream.of(key);
            case KSK -> Stream.of(key.as(Role.CSK));
            case ZSK ->
                switch (key.state()) {
                    case SIGNING, PUBLISHED -> Stream.empty(); // no signature of it is anywhere
                    case ACTIVE ->
                        Stream.of(key.retire(now, longest.plus(settings.timing().propagation())));
                    case READY, RETIRED, WITHDRAWN -> Stream.of(key);
                };
        };
    }

    /// How far the change is that is under way.
    Optional<ZoneStatus.Change> progress(List<ZoneKey> keys, ZoneClock.Moment now) {
        List<ZoneKey> wanted = wanted(keys);
        List<ZoneKey> others = others(keys);
        if (others.isEmpty()) {
            return progressOfKinds(keys, now);
        }
        String from = words(scheme(others), others.getFirst().algorithm());
        if (wanted.isEmpty()) {
            return Optional.of(new ZoneStatus.Change(
                    from,
                    words(settings.keys(), settings.algorithm()),
                    0,
                    STEPS,
                    isSteady(keys)
                            ? "it is about to begin"
                            : "it begins when the roll of a key that is under way is over",
                    Optional.empty()));
        }
        String to = words(scheme(wanted), settings.algorithm());
        if (stateOf(others) == WITHDRAWN) {
            return step(from, to, 5, others, now);
        }
        return switch (stateOf(wanted)) {
            case SIGNING -> step(from, to, 1, wanted, now);
            case PUBLISHED, WITHDRAWN -> step(from, to, 2, wanted, now);
            case READY -> step(from, to, 3, wanted, now);
            case ACTIVE, RETIRED -> step(from, to, 4, others, now);
        };
    }

    private Optional<ZoneStatus.Change> step(
            String from, String to, int step, List<ZoneKey> waiting, ZoneClock.Moment now) {
        String state = switch (step) {
            case 1 -> "everything is signed by the new keys too, until no cache has a record without that";
            case 2 -> "the new keys are published, until every cache may know them";
            case 3 -> "the zone above is to have the DS record of the new key, and no other";
            case 4 -> "the old keys stay, until no cache has their DS record";
            default -> "the old keys are withdrawn, and sign until every cache has forgotten them";
        };
        return Optional.of(new ZoneStatus.Change(from, to, step, STEPS, state, until(waiting, now)));
    }

    /// When the first of them has waited, if no clock is set meanwhile and the machine stays up.
    private Optional<Instant> until(List<ZoneKey> waiting, ZoneClock.Moment now) {
        return waiting.stream()
                .filter(ZoneKey::waits)
                .findFirst()
                .map(key -> now.wall()
                        .plus(key.counted().plus(key.wait(settings.timing())).minus(now.counted())));
    }

    private Optional<ZoneStatus.Change> progressOfKinds(List<ZoneKey> keys, ZoneClock.Moment now) {
        List<ZoneKey> forRecords =
                keys.stream().filter(key -> key.role() == Role.ZSK).toList();
        boolean one = keys.stream().anyMatch(key -> key.role() == Role.CSK);
        return switch (settings.keys()) {
            case CSK ->
                forRecords.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new ZoneStatus.Change(
                                words(KeyScheme.KSK_AND_ZSK, settings.algorithm()),
                                words(KeyScheme.CSK, settings.algorithm()),
                                1,
                                1,
                                "the old ZSK stays, until no cache has a signature of it",
                                until(forRecords, now)));
            case KSK_AND_ZSK ->
                one
                        ? Optional.of(new ZoneStatus.Change(
                                words(KeyScheme.CSK, settings.algorithm()),
                                words(KeyScheme.KSK_AND_ZSK, settings.algorithm()),
                                1,
                                1,
                                "the new ZSK is published, until every cache may know it",
                                until(forRecords, now)))
                        : Optional.empty();
        };
    }

    private static KeyScheme scheme(List<ZoneKey> keys) {
        return keys.stream().anyMatch(key -> key.role() == Role.ZSK) ? KeyScheme.KSK_AND_ZSK : KeyScheme.CSK;
    }

    /// As the configuration says it.
    static String words(KeyScheme scheme, Algorithm algorithm) {
        String kinds = switch (scheme) {
            case CSK -> "csk";
            case KSK_AND_ZSK -> "ksk-zsk";
        };
        return kinds + " "
                + switch (algorithm) {
                    case ECDSA_P256 -> "ecdsa-p256";
                    case ED25519 -> "ed25519";
                };
    }
}
