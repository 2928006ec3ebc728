package org.postern.nameserver;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.zip.CRC32C;
import org.postern.files.DurableFile;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;

/// A zone as it lasts: what Postern published in it, the signed version that is served, and how it came from earlier
/// ones. One file, so that all three agree after a crash.
///
/// @param changes the oldest first; each begins where the one before it ends, the last ends at `zone`
/// @param outlived what earlier versions may have left in caches
record ZoneState(List<Record> published, Zone zone, List<Change> changes, Outlived outlived) {
    private static final int MAGIC = 0x50_5a_53_31; // PZS1
    private static final int MOST_CHANGES = 200;

    /// Of all records of earlier versions those that live longest.
    ///
    /// @param counted when they were served last, in counted time ([ZoneClock])
    record Outlived(Duration counted, Duration timeToLive) {
        static final Outlived NOTHING = new Outlived(Duration.ZERO, Duration.ZERO);

        /// How long a cache may still have them; all their time where the clock's file was lost since.
        Duration left(ZoneClock.Moment now) {
            Duration left = counted.plus(timeToLive).minus(now.counted());
            return left.isNegative() ? Duration.ZERO : left.compareTo(timeToLive) > 0 ? timeToLive : left;
        }
    }

    ZoneState {
        published = List.copyOf(published);
        changes = List.copyOf(changes);
    }

    /// The next version, with how it came about. The oldest changes go where they would be larger than the zone: a
    /// whole transfer is shorter then (RFC 1995 §5).
    ZoneState next(List<Record> nowPublished, Zone next, ZoneClock.Moment now) {
        List<Change> kept = new ArrayList<>(changes);
        kept.add(Change.between(zone, next));
        int size = 0;
        int first = kept.size();
        while (first > 0 && kept.size() - first < MOST_CHANGES) {
            size += kept.get(first - 1).size();
            if (size > next.records().size()) {
                break;
            }
            first--;
        }
        Duration longest = ZoneSigner.longest(zone);
        Outlived after = outlived.left(now).compareTo(longest) > 0 ? outlived : new Outlived(now.counted(), longest);
        return new ZoneState(nowPublished, next, kept.subList(first, kept.size()), after);
    }

    /// The same version, of which something else is Postern's.
    ZoneState with(List<Record> nowPublished) {
        return new ZoneState(nowPublished, zone, changes, outlived);
    }

    /// How long a record lives at most that a cache has got until now, or gets as long as this version is served.
    Duration longest(ZoneClock.Moment now) {
        Duration served = ZoneSigner.longest(zone);
        Duration left = outlived.left(now);
        return served.compareTo(left) > 0 ? served : left;
    }

    void write(Path file) throws IOException {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(octets);
        out.writeInt(MAGIC);
        write(published, out);
        write(zone.records(), out);
        out.writeInt(changes.size());
        for (Change change : changes) {
            write(List.of(change.from(), change.to()), out);
            write(change.removed(), out);
            write(change.added(), out);
        }
        out.writeLong(outlived.counted().toMillis());
        out.writeLong(outlived.timeToLive().toSeconds());
        CRC32C check = new CRC32C();
        check.update(octets.toByteArray());
        out.writeInt((int) check.getValue());
        DurableFile.replace(file, octets.toByteArray());
    }

    private static void write(Collection<? extends Record> records, DataOutputStream out) throws IOException {
        out.writeInt(records.size());
        for (Record record : records) {
            byte[] octets = Wire.of(record);
            out.writeInt(octets.length);
            out.write(octets);
        }
    }

    /// @throws IOException in the operator's words
    static ZoneState read(Path file, Name origin, ZoneClock.Moment now) throws IOException {
        byte[] octets = Files.readAllBytes(file);
        try {
            if (octets.length < 8) {
                throw new IOException("too short");
            }
            CRC32C check = new CRC32C();
            check.update(octets, 0, octets.length - 4);
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(octets));
            int found = new DataInputStream(
                            new ByteArrayInputStream(Arrays.copyOfRange(octets, octets.length - 4, octets.length)))
                    .readInt();
            if (in.readInt() != MAGIC || found != (int) check.getValue()) {
                throw new IOException("its checksum is wrong");
            }
            List<Record> published = read(in);
            Zone zone = Zone.of(origin, read(in));
            List<Change> changes = new ArrayList<>();
            for (int count = in.readInt(); count > 0; count--) {
                List<Record> ends = read(in);
                List<Record> removed = read(in);
                changes.add(new Change((SOARecord) ends.getFirst(), removed, (SOARecord) ends.getLast(), read(in)));
            }
            boolean outlives = in.available() > Integer.BYTES; // the first versions of this file end here
            Outlived outlived = outlives
                    ? new Outlived(Duration.ofMillis(in.readLong()), Duration.ofSeconds(in.readLong()))
                    : new Outlived(now.counted(), longestRemoved(changes));
            return new ZoneState(published, zone, changes, outlived);
        } catch (IOException | RuntimeException e) {
            throw new IOException(
                    file + " is damaged (" + e.getMessage()
                            + "): restore it, or move it away: the zone is made anew then,"
                            + " with the same keys and a higher serial",
                    e);
        }
    }

    private static Duration longestRemoved(List<Change> changes) {
        return Duration.ofSeconds(changes.stream()
                .flatMap(change -> change.removed().stream())
                .mapToLong(Record::getTTL)
                .max()
                .orElse(0));
    }

    private static List<Record> read(DataInputStream in) throws IOException {
        int count = in.readInt();
        List<Record> records = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            byte[] octets = new byte[in.readInt()];
            in.readFully(octets);
            records.add(Wire.record(octets));
        }
        return records;
    }
}
