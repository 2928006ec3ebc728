package org.postern.dns;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.postern.resolver.DomainName;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// Between dnsjava's types and ours.
final class Wire {
    private Wire() {}

    static Name name(DomainName name) {
        try {
            return name.isRoot() ? Name.root : Name.fromString(name.text() + ".");
        } catch (TextParseException e) {
            throw new IllegalStateException(e); // DomainName has read it
        }
    }

    static DomainName name(Name name) {
        String text = name.toString(true).toLowerCase(Locale.ROOT);
        return name.equals(Name.root) ? DomainName.ROOT : new DomainName(text);
    }

    static int number(RecordType type) {
        return Type.value(type.name());
    }

    static Record question(DomainName name, RecordType type) {
        return Record.newRecord(name(name), number(type), DClass.IN);
    }

    /// One notation: lower case where case means nothing, addresses and white space as dnsjava has them.
    static String normal(RecordType type, String data) {
        return data(type, record(DomainName.ROOT, type, Duration.ZERO, data));
    }

    static Record record(DomainName owner, RecordType type, Duration timeToLive, String data) {
        try {
            return Record.fromString(name(owner), number(type), DClass.IN, timeToLive.toSeconds(), data, Name.root);
        } catch (IOException | RuntimeException e) { // dnsjava throws others too
            throw new IllegalArgumentException("not the data of a " + type + " record: " + data, e);
        }
    }

    private static String data(RecordType type, Record record) {
        String text = record.rdataToString();
        return switch (type) {
            // host names and hexadecimal digits
            case A, AAAA, CDS, CNAME, DS, MX, NS, SOA, SRV, TLSA -> text.toLowerCase(Locale.ROOT);
            case CAA, CDNSKEY, DNSKEY, TXT -> text;
        };
    }

    static List<Record> records(RecordSet set) {
        return set.data().stream()
                .map(data -> record(set.owner(), set.type(), set.timeToLive(), data))
                .toList();
    }

    /// The set that answers a question; empty where there is none.
    static Optional<RecordSet> answer(Message message, DomainName owner, RecordType type) {
        List<String> data = new ArrayList<>();
        long timeToLive = Integer.MAX_VALUE;
        for (Record record : message.getSection(Section.ANSWER)) {
            if (record.getType() == number(type) && record.getName().equals(name(owner))) {
                data.add(record.rdataToString());
                timeToLive = Math.min(timeToLive, record.getTTL());
            }
        }
        return data.isEmpty()
                ? Optional.empty()
                : Optional.of(new RecordSet(owner, type, Duration.ofSeconds(timeToLive), data));
    }
}
