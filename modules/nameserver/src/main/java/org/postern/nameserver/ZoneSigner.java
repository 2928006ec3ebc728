package org.postern.nameserver;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/// Makes the next version of a zone: its content, keys and denials, signed. What is the same as before, and signed for
/// long enough, keeps its signature, so that a small change is a small transfer.
final class ZoneSigner {
    /// Clocks of validators may be behind.
    private static final Duration SKEW = Duration.ofHours(1);

    private final ZoneSettings settings;
    private final Name origin;

    ZoneSigner(ZoneSettings settings) {
        this.settings = settings;
        this.origin = Names.of(settings.origin());
    }

    /// The zone as it is to be now; `before` itself where nothing changes.
    ///
    /// @param before the version that is served; null for a new zone
    Zone sign(ZoneContent content, List<ZoneKey> keys, @Nullable Zone before, ZoneClock.Moment now) {
        List<Record> unsigned = new ArrayList<>();
        content.forEach((_, set) -> unsigned.addAll(set));
        long timeToLive = settings.timing().timeToLive().toSeconds();
        for (ZoneKey key : KeyDuties.inKeySet(keys)) {
            unsigned.add(key.record(origin, timeToLive));
        }
        for (ZoneKey key : KeyDuties.wished(keys)) { // RFC 7344 §4
            unsigned.add(key.childDelegation(origin, timeToLive));
            unsigned.add(key.childKey(origin, timeToLive));
        }
        if (settings.denial() == ZoneSettings.Denial.NSEC3) {
            unsigned.add(
                    new NSEC3PARAMRecord(origin, DClass.IN, 0, NSEC3Record.Digest.SHA1, 0, 0, null)); // RFC 9276 §3.1
        }
        unsigned.add(before == null ? soa(0) : soa(before.serial()));
        Zone bare = Zone.of(origin, unsigned);
        long denial = Math.min(timeToLive, settings.timing().negative().toSeconds()); // RFC 9077 §3
        unsigned.addAll(
                switch (settings.denial()) {
                    case NSEC -> Denial.chain(bare, denial);
                    case NSEC3 -> Denial.hashedChain(bare, denial);
                });
        Zone whole = signAll(Zone.of(origin, unsigned), keys, before, now);
        if (before != null && same(whole, before)) {
            return before;
        }
        long serial = next(before == null ? Optional.empty() : Optional.of(before.serial()), now.wall());
        List<Record> records = new ArrayList<>(whole.records());
        records.removeIf(record ->
                record.getName().equals(origin) && (record.getType() == Type.SOA || covers(record, Type.SOA)));
        SignedSet signed = sign(List.of(soa(serial)), KeyDuties.signersOfRecords(keys), null, now);
        records.addAll(signed.records());
        records.addAll(signed.signatures());
        return Zone.of(origin, records);
    }

    private static boolean covers(Record record, int type) {
        return record instanceof RRSIGRecord signature && signature.getTypeCovered() == type;
    }

    private static boolean same(Zone one, Zone other) {
        List<Record> records = one.records();
        List<Record> others = other.records();
        if (records.size() != others.size()) {
            return false;
        }
        for (int index = 0; index < records.size(); index++) {
            if (!Wire.Key.of(records.get(index)).equals(Wire.Key.of(others.get(index)))) {
                return false;
            }
        }
        return true;
    }

    /// Serials are the time where that is more than one: a zone that was lost and made anew, or came out of an old
    /// backup, goes on above what secondaries have (RFC 1982).
    static long next(Optional<Long> before, Instant now) {
        long time = now.getEpochSecond() & 0xffff_ffffL;
        if (before.isEmpty()) {
            return time == 0 ? 1 : time;
        }
        long least = (before.get() + 1) & 0xffff_ffffL;
        long next = Serials.isAfter(time, before.get()) ? time : least;
        return next == 0 ? 1 : next;
    }

    private SOARecord soa(long serial) {
        ZoneSettings.Timing timing = settings.timing();
        Name primary = settings.nameServers().isEmpty()
                ? origin
                : Names.of(settings.nameServers().getFirst());
        // RFC 6781 §4.4.1: a secondary that is cut off gives up before its signatures end
        Duration expire = timing.renewal().dividedBy(2);
        Duration refresh = timing.propagation();
        return new SOARecord(
                origin,
                DClass.IN,
                timing.timeToLive().toSeconds(),
                primary,
                Names.of(settings.contact()),
                serial,
                refresh.toSeconds(),
                Math.max(1, refresh.dividedBy(6).toSeconds()),
                Math.max(1, expire.toSeconds()),
                timing.negative().toSeconds());
    }

    private Zone signAll(Zone zone, List<ZoneKey> keys, @Nullable Zone before, ZoneClock.Moment now) {
        List<ZoneKey> forKeys = KeyDuties.signersOfKeys(keys);
        List<ZoneKey> forRecords = KeyDuties.signersOfRecords(keys);
        List<Record> records = new ArrayList<>();
        for (Record record : zone.records()) {
            if (record.getType() == Type.NSEC3) {
                SignedSet old = before == null || !before.isHashed() ? null : before.hashedSpanOf(record.getName());
                add(sign(List.of(record), forRecords, matching(old, record.getName()), now), records);
            }
        }
        for (Node node : zone.nodes()) {
            Node old = before == null ? null : before.node(node.name());
            node.sets().forEach((type, set) -> {
                boolean signed = switch (node.standing()) {
                    case AUTHORITATIVE -> true;
                    case DELEGATION -> type == Type.DS || type == Type.NSEC; // RFC 4035 §2.2
                    case OCCLUDED -> false;
                };
                if (signed) {
                    // RFC 7344 §4.1: CDS records are signed by what the parent trusts
                    boolean ofKeys = type == Type.DNSKEY || type == Type.CDS || type == Type.CDNSKEY;
                    add(
                            sign(set.records(), ofKeys ? forKeys : forRecords, old == null ? null : old.set(type), now),
                            records);
                } else {
                    records.addAll(set.records());
                }
            });
        }
        return Zone.of(origin, records);
    }

    private static @Nullable SignedSet matching(@Nullable SignedSet set, Name owner) {
        return set != null && set.first().getName().equals(owner) ? set : null;
    }

    private static void add(SignedSet set, List<Record> records) {
        records.addAll(set.records());
        records.addAll(set.signatures());
    }

    private SignedSet sign(List<Record> set, List<ZoneKey> signers, @Nullable SignedSet before, ZoneClock.Moment now) {
        boolean unchanged = before != null && sameRecords(set, before.records());
        List<RRSIGRecord> signatures = new ArrayList<>();
        for (ZoneKey key : signers) {
            Optional<RRSIGRecord> kept = unchanged && before != null ? kept(before, key, now.wall()) : Optional.empty();
            signatures.add(kept.orElseGet(() -> fresh(set, key, now)));
        }
        return new SignedSet(set, signatures);
    }

    private static boolean sameRecords(List<Record> one, List<Record> other) {
        return one.stream()
                .map(Wire.Key::of)
                .toList()
                .equals(other.stream().map(Wire.Key::of).toList());
    }

    private Optional<RRSIGRecord> kept(SignedSet before, ZoneKey key, Instant now) {
        int tag = key.tag(origin);
        return before.signatures().stream()
                .filter(signature ->
                        signature.getFootprint() == tag && signature.getAlgorithm() == key.algorithm().number)
                .filter(signature ->
                        signature.getExpire().isAfter(now.plus(settings.timing().renewal())))
                .filter(signature -> !signature.getTimeSigned().isAfter(now)) // the clock was set back
                .findFirst();
    }

    private RRSIGRecord fresh(List<Record> set, ZoneKey key, ZoneClock.Moment now) {
        // Ends are spread a little, by name, so that a large zone is not signed all at once later on.
        Duration whole = settings.timing().signatures();
        Duration spare = whole.minus(settings.timing().renewal()).dividedBy(4);
        Name owner = set.getFirst().getName();
        long spread = spare.isZero()
                ? 0
                : Math.floorMod(owner.hashCode() * 31 + set.getFirst().getType(), Math.max(1, spare.toSeconds()));
        return key.sign(
                new RRset(set.toArray(new Record[0])),
                origin,
                now.earliest().minus(SKEW), // if somebody has set this clock wrong, others have the right time
                now.wall().plus(whole).minusSeconds(spread));
    }

    /// When the first signature has to be made again.
    Instant renewalOf(Zone zone) {
        return zone.earliestExpiry()
                .map(signature -> ((RRSIGRecord) signature)
                        .getExpire()
                        .minus(settings.timing().renewal()))
                .orElse(Instant.EPOCH);
    }

    /// When the newest signature begins. Before that a clock was set back, and no validator believes it.
    static Instant beginningOf(Zone zone) {
        return zone.records().stream()
                .filter(RRSIGRecord.class::isInstance)
                .map(signature -> ((RRSIGRecord) signature).getTimeSigned())
                .max(Instant::compareTo)
                .orElse(Instant.EPOCH);
    }

    /// The longest TTL in the zone.
    static Duration longest(Zone zone) {
        return Duration.ofSeconds(
                zone.records().stream().mapToLong(Record::getTTL).max().orElse(0));
    }
}
