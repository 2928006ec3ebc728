package org.postern.nameserver;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.postern.dns.RecordSet;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// Records out of text: a file in zone file form (RFC 1035 §5.1), or the record sets of the house.
final class ZoneText {
    private ZoneText() {}

    /// Names are relative to the zone. Other files are not included.
    ///
    /// @throws IOException naming file and line
    static List<Record> read(Path file, Name origin, long timeToLive) throws IOException {
        List<Record> records = new ArrayList<>();
        try (Master master = new Master(file.toString(), origin, timeToLive)) {
            master.disableIncludes(true);
            for (Record record = master.nextRecord(); record != null; record = master.nextRecord()) {
                records.add(record);
            }
        } catch (IOException | RuntimeException e) {
            String said = String.valueOf(e.getMessage());
            throw new IOException(said.contains(file.toString()) ? said : file + ": " + said, e);
        }
        return records;
    }

    /// @throws IllegalArgumentException naming the record
    static List<Record> of(RecordSet set, Name origin) {
        Name owner = Names.of(set.owner());
        int type = Type.value(set.type().name());
        List<Record> records = new ArrayList<>();
        for (String data : set.data()) {
            try {
                records.add(Record.fromString(
                        owner, type, DClass.IN, set.timeToLive().toSeconds(), data, origin));
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        set.owner() + " " + set.type() + " " + data + ": " + e.getMessage(), e);
            }
        }
        return records;
    }
}
