package org.postern.nameserver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postern.dns.Neighbours;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// One zone over time: its keys, its content and the version that is served. What is served is on the disk before.
///
/// Changes are made under its lock, by whoever asks for them; readers take the version that is there.
final class HostedZone {
    private static final String IN_THE_FILE = ", in the file that records names";

    private static final Logger LOG = LoggerFactory.getLogger(HostedZone.class);

    private final Name origin;
    private final Path keyFile;
    private final Path stateFile;
    private final ZoneClock clock;

    private volatile ZoneSettings settings;
    // guarded by this
    private KeyRollover rollover;
    private KeyChange change;
    private ZoneSigner signer;
    private List<ZoneKey> keys;
    private List<Record> others;
    private @Nullable FileTime othersModified;
    private volatile Optional<String> fault = Optional.empty();
    private volatile ZoneState state;
    private Instant renewal;
    private Instant beginning;
    /// How far a change of keys was when the log was told last.
    private Optional<String> told = Optional.empty();

    /// Settings were taken that the version which is served may not show.
    private boolean stale;

    private boolean closed;

    /// Opens a zone, or makes a new one.
    ///
    /// @param directory of all zones
    /// @throws IOException in the operator's words
    /// @throws IllegalArgumentException in the operator's words
    HostedZone(ZoneSettings settings, Path directory, ZoneClock clock) throws IOException {
        this.settings = settings;
        this.origin = Names.of(settings.origin());
        this.clock = clock;
        this.rollover = new KeyRollover(settings);
        this.change = new KeyChange(settings);
        this.signer = new ZoneSigner(settings);
        Path own = place(settings, directory);
        Files.createDirectories(
                own, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        keyFile = own.resolve("keys");
        stateFile = own.resolve("zone");
        keys = openKeys();
        Others read = readOthers(settings);
        others = read.records;
        othersModified = read.modified;
        ZoneClock.Moment now = clock.now();
        Optional<ZoneState> before =
                Files.exists(stateFile) ? Optional.of(ZoneState.read(stateFile, origin, now)) : Optional.empty();
        state = before.isPresent()
                ? before.get()
                : new ZoneState(
                        List.of(),
                        signer.sign(content(settings, others, List.of()), keys, null, now),
                        List.of(),
                        ZoneState.Outlived.NOTHING);
        renewal = signer.renewalOf(state.zone());
        beginning = ZoneSigner.beginningOf(state.zone());
        if (before.isEmpty()) {
            state.write(stateFile);
        }
        refresh(state.published());
    }

    /// Where its files are.
    ///
    /// @param directory of all zones
    static Path place(ZoneSettings settings, Path directory) {
        return directory.resolve(directoryName(settings));
    }

    private static String directoryName(ZoneSettings settings) {
        StringBuilder name = new StringBuilder();
        for (char character : settings.origin().text().toCharArray()) {
            boolean plain = Character.isLetterOrDigit(character) || "-_.".indexOf(character) >= 0;
            name.append(plain ? String.valueOf(character) : "%%%02x".formatted((int) character));
        }
        return settings.origin().isRoot() ? "root" : name.toString();
    }

    private List<ZoneKey> openKeys() throws IOException {
        if (!Files.exists(keyFile)) {
            if (Files.exists(stateFile)) {
                // new keys would not fit the DS record at the parent: everything would be bogus
                throw new IOException(keyFile + " is missing, but the zone is there: restore the keys, or, if " + origin
                        + " has no DS record at its parent any more, move " + stateFile + " away");
            }
            List<ZoneKey> made = rollover.first(clock.now());
            clock.save();
            KeyFile.write(keyFile, made);
            return made;
        }
        ZoneClock.Moment now = clock.now();
        List<ZoneKey> read = KeyFile.read(keyFile, now);
        if (!KeyDuties.areComplete(read)) {
            throw new IOException(keyFile + ": keys are missing in it (restore the file)");
        }
        if (read.stream().anyMatch(key -> isAhead(key, now))) {
            LOG.warn(
                    "{}: its keys are newer than the time that is known to have passed: what waits, waits from now on",
                    settings.origin());
        }
        List<ZoneKey> waiting = read.stream().map(key -> afterStop(key, now)).toList();
        if (!sameKeys(read, waiting)) {
            clock.save();
            KeyFile.write(keyFile, waiting);
        }
        return waiting;
    }

    /// While a primary is down its secondaries get no change. The time counts for a key only if they had got it before.
    private ZoneKey afterStop(ZoneKey key, ZoneClock.Moment now) {
        if (isAhead(key, now)) {
            return key.waitAnew(now);
        }
        Duration up = clock.before().minus(key.counted());
        if (!key.waits() || up.compareTo(settings.timing().propagation()) >= 0) {
            return key;
        }
        return up.isNegative() ? key.waitAnew(now) : key.waitSince(now.counted().minus(up));
    }

    /// The clock's file was lost, or is an older one.
    private static boolean isAhead(ZoneKey key, ZoneClock.Moment now) {
        return key.counted().compareTo(now.counted()) > 0;
    }

    /// What others have in the zone.
    private record Others(List<Record> records, @Nullable FileTime modified) {}

    private Others readOthers(ZoneSettings wanted) throws IOException {
        if (wanted.records().isEmpty()) {
            return new Others(List.of(), null);
        }
        Path file = wanted.records().get();
        FileTime modified = Files.exists(file) ? Files.getLastModifiedTime(file) : null;
        List<Record> read =
                ZoneText.read(file, origin, wanted.timing().timeToLive().toSeconds());
        try {
            new ZoneContent(origin).addAll(read);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
        return new Others(read, modified);
    }

    private ZoneContent content(ZoneSettings wanted, List<Record> beside, List<Record> published) {
        ZoneContent content = new ZoneContent(origin);
        wanted.nameServers()
                .forEach(host -> content.add(new NSRecord(
                        origin, DClass.IN, wanted.timing().timeToLive().toSeconds(), Names.of(host))));
        content.addAll(beside);
        published.stream().filter(record -> !isFollowed(record, beside)).forEach(content::add);
        content.check();
        return content;
    }

    /// RFC 7671 §7: where others have an alias readers of TLSA records go on to its end.
    private static boolean isFollowed(Record record, List<Record> others) {
        return record.getType() == Type.TLSA
                && others.stream()
                        .anyMatch(other ->
                                other.getType() == Type.CNAME && other.getName().equals(record.getName()));
    }

    Zone zone() {
        return state.zone();
    }

    ZoneState state() {
        return state;
    }

    ZoneSettings settings() {
        return settings;
    }

    Name origin() {
        return origin;
    }

    /// Settings that fit the zone.
    record Prepared(
            ZoneSettings settings,
            List<Record> others,
            @Nullable FileTime modified) {}

    /// Whether the zone can be as others say; it stays as it is.
    ///
    /// @throws IOException in the operator's words
    /// @throws IllegalArgumentException in the operator's words
    synchronized Prepared prepare(ZoneSettings next) throws IOException {
        Others read = readOthers(next);
        content(next, read.records, state.published());
        return new Prepared(next, read.records, read.modified);
    }

    /// The zone is as prepared from the next version on, which [#tick] makes.
    synchronized void take(Prepared prepared) {
        settings = prepared.settings;
        rollover = new KeyRollover(settings);
        change = new KeyChange(settings);
        signer = new ZoneSigner(settings);
        others = prepared.others;
        othersModified = prepared.modified;
        fault = Optional.empty();
        stale = true;
    }

    /// Nothing of it is written from now on: another may open its files.
    synchronized void close() {
        closed = true;
    }

    /// Replaces what Postern published.
    ///
    /// @return whether another version is served now
    synchronized boolean publish(List<RecordSet> wanted) throws PublicationException {
        List<Record> records = new ArrayList<>();
        Map<RecordSet.Key, String> refusals = new LinkedHashMap<>();
        try {
            for (RecordSet set : wanted) {
                List<Record> ours = ZoneText.of(set, origin);
                harm(set, ours, wanted)
                        .ifPresentOrElse(
                                harm -> refusals.put(set.key(), set.key() + " is not published: " + harm),
                                () -> records.addAll(ours));
            }
            boolean changed = refresh(records);
            if (!refusals.isEmpty()) {
                throw new PublicationException(refusals);
            }
            return changed;
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new PublicationException("the zone " + settings.origin() + " stays as it is: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new PublicationException(
                    "the zone " + settings.origin() + " stays as it is, it cannot be written: " + e.getMessage(), e);
        }
    }

    /// What keeps a set out of the zone.
    private Optional<String> harm(RecordSet set, List<Record> ours, List<RecordSet> wanted) {
        Record first = ours.getFirst();
        for (Record other : others) {
            boolean alias = first.getType() == Type.CNAME || other.getType() == Type.CNAME;
            if (alias
                    && other.getName().equals(first.getName())
                    && !ours.contains(other)
                    && !isFollowed(first, others)) {
                return Optional.of(Type.string(other.getType()) + " " + other.rdataToString()
                        + " is there, and an alias stands alone" + IN_THE_FILE); // RFC 1034 §3.6.2
            }
        }
        if (set.type() == RecordType.CNAME
                && wanted.stream().anyMatch(each -> each.owner().equals(set.owner()) && each.type() != set.type())) {
            return Optional.of("other records are wanted there, and an alias stands alone");
        }
        return switch (set.type()) {
            // there may be more servers and addresses than Postern's
            case A, AAAA, SRV -> Optional.empty();
            case CAA, CDNSKEY, CDS, CNAME, DNSKEY, DS, MX, NS, SOA, TLSA, TXT ->
                Neighbours.harm(
                                set,
                                others.stream()
                                        .filter(other -> other.sameRRset(first) && !ours.contains(other))
                                        .map(Record::rdataToString)
                                        .toList())
                        .map(harm -> harm + IN_THE_FILE);
        };
    }

    /// Does what is due: takes over the file of others' records, moves keys on, signs again.
    ///
    /// @return whether another version is served now
    synchronized boolean tick() throws IOException {
        if (closed) {
            return false;
        }
        boolean reread = takeOthers();
        ZoneClock.Moment now = clock.now();
        if (KeyDuties.wait(keys)) {
            clock.keep();
        }
        List<ZoneKey> next = advanced(now);
        boolean moved = !sameKeys(keys, next);
        boolean resigned = stale || !now.wall().isBefore(renewal) || now.wall().isBefore(beginning);
        return (reread || moved || resigned) && refresh(state.published());
    }

    private boolean takeOthers() throws IOException {
        if (settings.records().isEmpty()) {
            return false;
        }
        Path file = settings.records().get();
        FileTime modified = Files.exists(file) ? Files.getLastModifiedTime(file) : null;
        if (Objects.equals(modified, othersModified)) {
            return false;
        }
        try {
            Others read = readOthers(settings);
            content(settings, read.records, state.published());
            others = read.records;
            othersModified = read.modified;
            fault = Optional.empty();
            LOG.info("{}: {} read again", settings.origin(), file);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            othersModified = modified; // said once, not with every look
            fault = Optional.of(String.valueOf(e.getMessage()));
            LOG.error("{}: its last good records stay: {}", settings.origin(), e.getMessage());
            return false;
        }
    }

    /// The keys as they are to be now. What waits, waits from when a version shows it: between the keys and that
    /// version there may have been a crash, or a full disk.
    private List<ZoneKey> advanced(ZoneClock.Moment now) {
        List<ZoneKey> shown = KeyDuties.areShown(keys, state.zone())
                ? keys
                : keys.stream()
                        .map(key -> key.waits() ? key.waitAnew(now) : key)
                        .toList();
        return rollover.advance(shown, now, state.longest(now));
    }

    private static boolean sameKeys(List<ZoneKey> one, List<ZoneKey> other) {
        if (one.size() != other.size()) {
            return false;
        }
        for (int index = 0; index < one.size(); index++) {
            if (!isUnmoved(one.get(index), other.get(index))
                    || !one.get(index).counted().equals(other.get(index).counted())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUnmoved(ZoneKey before, ZoneKey key) {
        return before.same(key) && before.state() == key.state();
    }

    private synchronized boolean refresh(List<Record> published) throws IOException {
        requireOpen();
        ZoneClock.Moment now = clock.now();
        ZoneContent content = content(settings, others, published);
        take(advanced(now));
        tellChange(now);
        Zone next = signer.sign(content, keys, state.zone(), now);
        boolean changed = next != state.zone();
        if (changed || !published.equals(state.published())) {
            ZoneState after = changed ? state.next(published, next, now) : state.with(published);
            after.write(stateFile);
            state = after;
        }
        renewal = signer.renewalOf(next);
        beginning = ZoneSigner.beginningOf(next);
        stale = false;
        return changed;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the name server has no zone " + settings.origin() + " any more");
        }
    }

    /// Keys are on the disk before they are in the zone.
    private void take(List<ZoneKey> next) throws IOException {
        if (sameKeys(keys, next)) {
            return;
        }
        clock.save();
        KeyFile.write(keyFile, next);
        for (ZoneKey key : next) {
            if (keys.stream().noneMatch(before -> isUnmoved(before, key))) {
                LOG.info("{}: {} {}: {}", settings.origin(), key.role(), key.tag(origin), KeyDuties.explain(key));
            }
        }
        for (ZoneKey key : keys) {
            if (next.stream().noneMatch(key::sameRecord)) {
                LOG.info("{}: {} {} is gone", settings.origin(), key.role(), key.tag(origin));
            }
        }
        Optional<ZoneKey> awaited = KeyDuties.awaitsDelegation(next);
        if (awaited.isPresent() && keys.stream().noneMatch(before -> isUnmoved(before, awaited.get()))) {
            LOG.info(
                    "{}: the zone above is to have the DS record {}, and no other",
                    settings.origin(),
                    awaited.get()
                            .delegation(origin, settings.timing().delegation().toSeconds()));
        }
        keys = next;
    }

    private void tellChange(ZoneClock.Moment now) {
        Optional<String> under = change.progress(keys, now).map(ZoneStatus.Change::toString);
        if (!under.equals(told)) {
            LOG.info(
                    "{}: {}",
                    settings.origin(),
                    under.map(text -> "the keys change " + text).orElse("the keys are as they are to be"));
            told = under;
        }
    }

    /// @throws IllegalStateException in the operator's words
    synchronized boolean roll(ZoneKey.Role role) throws IOException {
        requireOpen();
        take(rollover.begin(keys, role, clock.now()));
        return refresh(state.published());
    }

    /// The key whose DS record is waited for.
    synchronized Optional<ZoneKey> awaited() {
        return KeyDuties.awaitsDelegation(keys);
    }

    /// The parent has the DS record that was waited for, and no other.
    ///
    /// @param delegation its TTL
    /// @throws IllegalStateException in the operator's words
    synchronized boolean delegated(Duration delegation) throws IOException {
        requireOpen();
        if (KeyDuties.awaitsDelegation(keys).isEmpty()) {
            throw new IllegalStateException("no key of " + settings.origin() + " waits for a DS record");
        }
        ZoneClock.Moment now = clock.now();
        take(rollover.delegated(keys, now, delegation, state.longest(now)));
        return refresh(state.published());
    }

    synchronized ZoneStatus status(List<ZoneStatus.Secondary> secondaries) {
        Zone zone = state.zone();
        long timeToLive = settings.timing().delegation().toSeconds();
        List<ZoneStatus.Key> shown = keys.stream()
                .map(key -> new ZoneStatus.Key(
                        key.tag(origin),
                        key.role().name(),
                        key.algorithm().name(),
                        KeyDuties.explain(key),
                        key.since(),
                        key.isEntryPoint()
                                ? Optional.of(key.delegation(origin, timeToLive).toString())
                                : Optional.empty()))
                .toList();
        List<String> wished = KeyDuties.wished(keys).stream()
                .map(key -> key.delegation(origin, timeToLive).toString())
                .toList();
        Instant end = zone.earliestExpiry()
                .map(signature -> ((RRSIGRecord) signature).getExpire())
                .orElse(Instant.EPOCH);
        return new ZoneStatus(
                settings.origin(),
                zone.serial(),
                zone.records().size(),
                end,
                shown,
                wished,
                KeyDuties.awaitsDelegation(keys).isEmpty(),
                change.progress(keys, clock.now()),
                fault,
                secondaries);
    }

    /// The keys that a validator may begin with.
    synchronized List<DNSKEYRecord> anchors() {
        return KeyDuties.anchors(keys).stream()
                .map(key -> key.record(origin, settings.timing().timeToLive().toSeconds()))
                .toList();
    }
}
