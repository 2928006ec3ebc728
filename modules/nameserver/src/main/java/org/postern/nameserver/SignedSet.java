package org.postern.nameserver;

import java.util.List;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Record;

/// An RRset with the signatures over it.
record SignedSet(List<Record> records, List<RRSIGRecord> signatures) {
    SignedSet {
        records = List.copyOf(records);
        signatures = List.copyOf(signatures);
    }

    Record first() {
        return records.getFirst();
    }
}
