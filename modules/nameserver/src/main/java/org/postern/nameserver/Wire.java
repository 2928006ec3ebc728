package org.postern.nameserver;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/// Records as octets, without compression, letters as they were written.
final class Wire {
    private Wire() {}

    static byte[] of(Record record) {
        return record.toWire(Section.ANSWER);
    }

    static Record record(byte[] octets) throws IOException {
        return Record.fromWire(octets, Section.ANSWER);
    }

    /// The same record with another TTL.
    static Record with(Record record, long timeToLive) {
        if (record.getTTL() == timeToLive) {
            return record;
        }
        byte[] octets = of(record);
        ByteBuffer.wrap(octets).putInt(record.getName().length() + 4, (int) timeToLive); // behind type and class
        try {
            return record(octets);
        } catch (IOException e) {
            throw new IllegalStateException(e); // it was a record
        }
    }

    /// A record to be looked up by all that goes over the wire.
    record Key(ByteBuffer octets) {
        static Key of(Record record) {
            return new Key(ByteBuffer.wrap(Wire.of(record)));
        }
    }
}
