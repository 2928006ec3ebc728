package org.postern.nameserver;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.zip.CRC32C;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;

/// A zone as it lasts: what Postern published in it, the signed version that is served, and how it came from earlier
/// ones. One file, so that all three agree after a crash.
///
/// @param changes the oldest first; each begins where the one before it ends, the last ends at `zone`
record ZoneState(List<Record> published, Zone zone, List<Change> changes) {
    private static final int MAGIC = 0x50_5a_53_31; // PZS1
    private static final int MOST_CHANGES = 200;

    ZoneState {
        published = List.copyOf(published);
        changes = List.copyOf(changes);
    }

    /// The next version, with how it came about. The oldest changes go where they would be larger than the zone: a
    /// whole transfer is shorter then (RFC 1995 §5).
    ZoneState next(List<Record> nowPublished, Zone next) {
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
        return new ZoneState(nowPublished, next, kept.subList(first, kept.size()));
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
        CRC32C check = new CRC32C();
        check.update(octets.toByteArray());
        out.writeInt((int) check.getValue());
        AtomicFile.write(file, octets.toByteArray());
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
    static ZoneState read(Path file, Name origin) throws IOException {
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
            return new ZoneState(published, zone, changes);
        } catch (IOException | RuntimeException e) {
            throw new IOException(
                    file + " is damaged (" + e.getMessage()
                            + "): restore it, or move it away: the zone is made anew then,"
                            + " with the same keys and a higher serial",
                    e);
        }
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
