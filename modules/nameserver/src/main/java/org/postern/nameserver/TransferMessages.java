package org.postern.nameserver;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/// Zones on their way to a secondary: a row of messages, each of them signed (RFC 5936, RFC 1995, RFC 8945 §5.3.1).
/// Names are not compressed: so they keep their letters (RFC 5936 §3.4), and no message takes long to make.
final class TransferMessages {
    private static final int MOST_OCTETS = 16_000;

    private final Question.Asked asked;
    private final Record subject;
    private final TSIG key;
    private @Nullable TSIGRecord before;
    private boolean first = true;

    TransferMessages(Question.Asked asked, Record subject, TSIG key) {
        this.asked = asked;
        this.subject = subject;
        this.key = key;
        this.before = asked.signature();
    }

    interface Sink {
        void send(byte[] message) throws IOException;
    }

    /// RFC 5936 §2.2: everything, between two copies of the SOA record.
    static List<Record> whole(Zone zone) {
        List<Record> records = new ArrayList<>(zone.records().size() + 1);
        records.add(zone.soa());
        zone.records().stream().filter(record -> record.getType() != Type.SOA).forEach(records::add);
        records.add(zone.soa());
        return records;
    }

    /// RFC 1995 §4: each change between the SOA records of before and after; whole where what the client has is not
    /// known any more.
    static List<Record> since(ZoneState state, long serial) {
        Zone zone = state.zone();
        if (!Serials.isAfter(zone.serial(), serial)) {
            return List.of(zone.soa()); // RFC 1995 §2: it is up to date
        }
        List<Change> changes = state.changes();
        for (int index = 0; index < changes.size(); index++) {
            if (changes.get(index).from().getSerial() == serial) {
                List<Record> records = new ArrayList<>();
                records.add(zone.soa());
                for (Change change : changes.subList(index, changes.size())) {
                    records.add(change.from());
                    records.addAll(change.removed());
                    records.add(change.to());
                    records.addAll(change.added());
                }
                records.add(zone.soa());
                return records;
            }
        }
        return whole(zone);
    }

    void send(List<Record> records, Sink sink) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int count = 0;
        for (Record record : records) {
            byte[] octets = Wire.of(record);
            if (count > 0 && body.size() + octets.length > MOST_OCTETS) {
                sink.send(message(body.toByteArray(), count));
                body.reset();
                count = 0;
            }
            body.writeBytes(octets);
            count++;
        }
        sink.send(message(body.toByteArray(), count));
    }

    private byte[] message(byte[] body, int count) {
        Header header = new Header(asked.id());
        header.setFlag(Flags.QR);
        header.setFlag(Flags.AA);
        ByteArrayOutputStream octets = new ByteArrayOutputStream(body.length + 300);
        octets.writeBytes(header.toWire());
        byte[] question = question();
        if (first) { // RFC 5936 §2.2.1: later ones need none
            octets.writeBytes(question);
        }
        octets.writeBytes(body);
        byte[] message = octets.toByteArray();
        ByteBuffer counts = ByteBuffer.wrap(message);
        counts.putShort(4, (short) (first ? 1 : 0));
        counts.putShort(6, (short) count);
        Message carrier = new Message(asked.id()); // the generator takes its identifier from it, nothing else
        TSIGRecord signature = key.generate(carrier, message, Rcode.NOERROR, before, first);
        byte[] trailer = signature.toWire(Section.ADDITIONAL);
        byte[] signed = java.util.Arrays.copyOf(message, message.length + trailer.length);
        System.arraycopy(trailer, 0, signed, message.length, trailer.length);
        ByteBuffer.wrap(signed).putShort(10, (short) 1);
        before = signature;
        first = false;
        return signed;
    }

    private byte[] question() {
        try {
            ByteArrayOutputStream octets = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(octets);
            out.write(subject.getName().toWire());
            out.writeShort(subject.getType());
            out.writeShort(DClass.IN);
            return octets.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // in memory
        }
    }
}
