package org.postern.nameserver;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/// From one version of a zone to the next (RFC 1995 §4). The SOA records are not among the others.
record Change(SOARecord from, List<Record> removed, SOARecord to, List<Record> added) {
    static Change between(Zone before, Zone after) {
        Map<Wire.Key, Record> removed = new LinkedHashMap<>();
        before.records().forEach(record -> removed.put(Wire.Key.of(record), record));
        List<Record> added = new ArrayList<>();
        for (Record record : after.records()) {
            if (removed.remove(Wire.Key.of(record)) == null && record.getType() != Type.SOA) {
                added.add(record);
            }
        }
        removed.values().removeIf(record -> record.getType() == Type.SOA);
        return new Change(before.soa(), List.copyOf(removed.values()), after.soa(), List.copyOf(added));
    }

    int size() {
        return removed.size() + added.size() + 2;
    }
}
