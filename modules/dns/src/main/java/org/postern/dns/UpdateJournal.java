package org.postern.dns;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.zip.CRC32C;
import org.postern.dns.UpdateRecords.Place;
import org.postern.files.DurableFile;
import org.xbill.DNS.Record;

/// What was sent to a primary server, and what became of it; and so which records there are Postern's. On the
/// disk before anything is sent.
///
/// One line for each entry: a checksum, time, number, kind, text, changes (`+` or `-` and a record), with tabs
/// between them. A last line that a crash has cut is dropped: what it says was not sent. Bounded: when the file
/// has grown, it is written anew with the last entries and, as [Kind#OWNED], what is Postern's. Not for several
/// threads.
final class UpdateJournal implements AutoCloseable {
    private static final int ENTRIES_KEPT = 200; // when it is written anew; up to five times as many in between
    private static final int CHANGES_KEPT = 2_000; // of them, so that few large entries do not fill it
    private static final int RECORDS_IN_LINE = 100;
    private static final String FIELD = "\t";

    /// What an entry says.
    enum Kind {
        /// these changes are about to be sent
        SENT,
        /// the server said that it has done it
        ACCEPTED,
        /// asked again, the server has it
        CONFIRMED,
        /// the server said that it has not done it
        REFUSED,
        /// no answer, or none that can be believed
        UNKNOWN,
        /// what became of an unknown one: `+` what is there and Postern's, `-` what is not
        SETTLED,
        /// somebody else took these away
        GONE,
        /// a person said that these are Postern's
        ADOPTED,
        /// records of others stand beside Postern's
        STRANGERS,
        /// where the file was written anew: these are Postern's; the first one forgets all before it
        OWNED
    }

    /// @param number of what was sent; 0 where it is about nothing that was sent
    /// @param changes `+` or `-`, and a record as `owner TTL type data`
    record Entry(Instant time, long number, Kind kind, String text, List<String> changes) {
        Entry {
            changes = List.copyOf(changes);
        }
    }

    /// Sent, and it is not known what became of it.
    private record Pending(Set<Record> add, Set<Record> remove) {}

    private final Path file;
    private final Clock clock;
    private final Deque<Entry> entries = new ConcurrentLinkedDeque<>(); // without OWNED; read by any thread
    private final Map<Place, Set<Record>> owned = new LinkedHashMap<>();
    private final TreeMap<Long, Pending> pending = new TreeMap<>();
    private boolean forgetting; // whether the next OWNED line is the first of its kind
    private long last; // number
    private FileChannel channel;
    private boolean broken;

    UpdateJournal(Path file, Clock clock) throws PublicationException {
        this.file = file.toAbsolutePath();
        this.clock = clock;
        try {
            Files.createDirectories(
                    java.util.Objects.requireNonNull(this.file.getParent(), "a file is in a directory"));
            if (!Files.exists(this.file)) {
                DurableFile.replace(this.file, "");
            }
            channel = open();
            read();
        } catch (IOException | UncheckedIOException e) {
            throw new PublicationException("the journal " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private FileChannel open() throws IOException {
        FileChannel opened = FileChannel.open(file, StandardOpenOption.WRITE);
        opened.position(opened.size());
        return opened;
    }

    private void read() throws IOException, PublicationException {
        byte[] octets = Files.readAllBytes(file);
        int start = 0;
        forgetting = true;
        for (int line = 1; start < octets.length; line++) {
            int end = start;
            while (end < octets.length && octets[end] != '\n') {
                end++;
            }
            String text = new String(octets, start, end - start, US_ASCII);
            Entry entry = end < octets.length ? parse(text) : null;
            if (entry == null) {
                if (end < octets.length - 1) {
                    throw new PublicationException(file + ", line " + line
                            + ": the journal is damaged, so it is not known which records are Postern's. Take it from a"
                            + " backup; or move it away, and tell Postern what is its own by \"postern dns adopt\".");
                }
                channel.truncate(start); // cut by a crash: it was not on the disk when anything was sent
                channel.force(true);
                return;
            }
            apply(entry);
            start = end + 1;
        }
    }

    private static @org.jspecify.annotations.Nullable Entry parse(String line) {
        String[] fields = line.split(FIELD, -1);
        if (fields.length < 5 || !fields[0].equals(checksum(line.substring(Math.min(line.length(), 9))))) {
            return null;
        }
        try {
            return new Entry(
                    Instant.parse(fields[1]),
                    Long.parseLong(fields[2]),
                    Kind.valueOf(fields[3]),
                    fields[4],
                    Arrays.asList(fields).subList(5, fields.length));
        } catch (DateTimeParseException | IllegalArgumentException e) {
            return null;
        }
    }

    private static String line(Entry entry) {
        StringBuilder line = new StringBuilder()
                .append(entry.time)
                .append(FIELD)
                .append(entry.number)
                .append(FIELD)
                .append(entry.kind)
                .append(FIELD)
                .append(entry.text.replaceAll("[^ -~]", "?"));
        entry.changes.forEach(change -> line.append(FIELD).append(change));
        return checksum(line.toString()) + FIELD + line + "\n";
    }

    private static String checksum(String text) {
        CRC32C checksum = new CRC32C();
        checksum.update(text.getBytes(US_ASCII));
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    /// Everything that is known follows from the entries alone.
    private void apply(Entry entry) {
        last = Math.max(last, entry.number);
        if (entry.kind == Kind.OWNED) {
            if (forgetting) {
                owned.clear();
                pending.clear();
                forgetting = false;
            }
        } else {
            forgetting = true;
            entries.add(entry);
        }
        switch (entry.kind) {
            case SENT -> pending.put(entry.number, new Pending(records(entry, '+'), records(entry, '-')));
            case CONFIRMED -> {
                Pending done = pending.remove(entry.number);
                if (done != null) {
                    disown(done.remove); // first: some may be added again, with another time to live
                    own(done.add);
                }
            }
            case REFUSED -> pending.remove(entry.number);
            case SETTLED -> {
                pending.remove(entry.number);
                disown(records(entry, '-'));
                own(records(entry, '+'));
            }
            case GONE -> disown(records(entry, '-'));
            case ADOPTED, OWNED -> own(records(entry, '+'));
            case ACCEPTED, UNKNOWN, STRANGERS -> {}
        }
    }

    private static Set<Record> records(Entry entry, char sign) {
        Set<Record> records = new LinkedHashSet<>();
        for (String change : entry.changes) {
            if (change.charAt(0) == sign) {
                records.add(UpdateRecords.read(change.substring(1)));
            }
        }
        return records;
    }

    private void own(Set<Record> records) {
        records.forEach(record -> owned.computeIfAbsent(Place.of(record), _ -> new LinkedHashSet<>())
                .add(record));
    }

    private void disown(Set<Record> records) {
        for (Record record : records) {
            owned.computeIfPresent(Place.of(record), (_, set) -> {
                set.remove(record);
                return set.isEmpty() ? null : set;
            });
        }
    }

    /// Where Postern has, or may have, records.
    Set<Place> places() {
        Set<Place> places = new LinkedHashSet<>(owned.keySet());
        pending.values().forEach(sent -> sent.add.forEach(record -> places.add(Place.of(record))));
        return places;
    }

    /// What Postern has there; what may be there, too.
    Set<Record> ours(Place place) {
        Set<Record> ours = new LinkedHashSet<>(owned.getOrDefault(place, Set.of()));
        for (Pending sent : pending.values()) {
            sent.add.stream().filter(record -> Place.of(record).equals(place)).forEach(ours::add);
        }
        return ours;
    }

    /// The last entries, oldest first; for any thread.
    List<Entry> entries() {
        return List.copyOf(entries);
    }

    /// Before it is sent; returns its number.
    long sent(Collection<UpdatePlan.Change> changes, String server) throws PublicationException {
        List<String> lines = new ArrayList<>();
        for (UpdatePlan.Change change : changes) {
            change.remove().forEach(record -> lines.add("-" + UpdateRecords.text(record)));
            change.add().forEach(record -> lines.add("+" + UpdateRecords.text(record)));
        }
        long number = last + 1;
        write(new Entry(now(), number, Kind.SENT, "to " + server, lines));
        return number;
    }

    void outcome(long number, Kind kind, String text) throws PublicationException {
        write(new Entry(now(), number, kind, text, List.of()));
    }

    /// After a look: what was not known before is known now, and what is not there any more is not Postern's. A
    /// record that others put back later is theirs.
    void settle(Map<Place, UpdateLook.Held> held) throws PublicationException {
        for (Map.Entry<Long, Pending> sent : List.copyOf(pending.entrySet())) {
            List<String> known = new ArrayList<>();
            Pending each = sent.getValue();
            each.add.forEach(record -> known.add((isThere(record, held) ? "+" : "-") + UpdateRecords.text(record)));
            each.remove.stream()
                    .filter(record -> !isThere(record, held))
                    .forEach(record -> known.add("-" + UpdateRecords.text(record)));
            write(new Entry(now(), sent.getKey(), Kind.SETTLED, "by asking", known));
        }
        List<String> gone = new ArrayList<>();
        held.forEach((place, there) -> owned.getOrDefault(place, Set.of()).stream()
                .filter(record -> !there.records().contains(record))
                .forEach(record -> gone.add("-" + UpdateRecords.text(record))));
        if (!gone.isEmpty()) {
            write(new Entry(now(), 0, Kind.GONE, "taken away by somebody else", gone));
        }
    }

    private static boolean isThere(Record record, Map<Place, UpdateLook.Held> held) {
        return held.getOrDefault(Place.of(record), UpdateLook.Held.NOTHING)
                .records()
                .contains(record);
    }

    void adopt(Set<Record> records) throws PublicationException {
        List<String> lines = new ArrayList<>();
        records.forEach(record -> lines.add("+" + UpdateRecords.text(record)));
        write(new Entry(now(), 0, Kind.ADOPTED, "a person said so", lines));
    }

    /// Once, as long as it stays the same.
    void strangers(String text) throws PublicationException {
        String clean = text.replaceAll("[^ -~]", "?");
        boolean told = entries.stream().anyMatch(entry -> entry.kind == Kind.STRANGERS && entry.text.equals(clean));
        if (!told) {
            write(new Entry(now(), 0, Kind.STRANGERS, clean, List.of()));
        }
    }

    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.SECONDS);
    }

    private void write(Entry entry) throws PublicationException {
        if (broken) {
            throw new PublicationException("the journal " + file + " could not be written; Postern must be restarted");
        }
        ByteBuffer octets = ByteBuffer.wrap(line(entry).getBytes(US_ASCII));
        try {
            long before = channel.size();
            try {
                while (octets.hasRemaining()) {
                    channel.write(octets);
                }
                channel.force(true);
            } catch (IOException e) {
                broken = true; // unless the half of a line can be taken away again
                channel.truncate(before);
                channel.force(true);
                broken = false;
                throw e;
            }
        } catch (IOException e) {
            throw new PublicationException(
                    "the journal " + file + " cannot be written, so nothing is sent: " + e.getMessage(), e);
        }
        apply(entry);
    }

    /// Writes the file anew where it has grown; nothing may be pending.
    void bound() throws PublicationException {
        int changes = entries.stream().mapToInt(entry -> entry.changes.size()).sum();
        if (!pending.isEmpty() || (entries.size() <= 5 * ENTRIES_KEPT && changes <= 5 * CHANGES_KEPT)) {
            return;
        }
        while (entries.size() > ENTRIES_KEPT || (changes > CHANGES_KEPT && entries.size() > 1)) {
            changes -= entries.removeFirst().changes.size();
        }
        StringBuilder text = new StringBuilder();
        entries.forEach(entry -> text.append(line(entry)));
        List<String> records = new ArrayList<>();
        owned.values().forEach(set -> set.forEach(record -> records.add("+" + UpdateRecords.text(record))));
        int first = 0;
        do { // one line at least: it forgets what the entries before it add up to
            List<String> some = records.subList(first, Math.min(records.size(), first + RECORDS_IN_LINE));
            text.append(line(new Entry(now(), last, Kind.OWNED, "", some)));
            first += RECORDS_IN_LINE;
        } while (first < records.size());
        try {
            DurableFile.replace(file, text.toString());
            channel.close();
            channel = open();
        } catch (IOException | UncheckedIOException e) {
            broken = true;
            throw new PublicationException("the journal " + file + " cannot be written: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
