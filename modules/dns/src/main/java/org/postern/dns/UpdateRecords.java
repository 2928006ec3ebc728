package org.postern.dns;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.postern.resolver.DomainName;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// Between our records and dnsjava's. A `Record` is equal to another of the same owner, type and data, whatever
/// its time to live and the case of its names.
final class UpdateRecords {
    /// Where an RRset is.
    record Place(DomainName owner, RecordType type) {
        static Place of(RecordSet set) {
            return new Place(set.owner(), set.type());
        }

        static Place of(Record record) {
            return new Place(
                    new DomainName(record.getName().toString()), RecordType.valueOf(Type.string(record.getType())));
        }

        int number() {
            return Type.value(type.name());
        }

        @Override
        public String toString() {
            return type + " at " + owner;
        }
    }

    private UpdateRecords() {}

    static Name name(DomainName name) {
        try {
            return name.isRoot() ? Name.root : Name.fromString(name.text() + ".", Name.root);
        } catch (TextParseException e) {
            throw new IllegalStateException(e); // the constructor of a domain name has read it
        }
    }

    static Set<Record> of(RecordSet set) {
        Set<Record> records = new LinkedHashSet<>();
        for (String data : set.data()) {
            records.add(read(Place.of(set), set.timeToLive().toSeconds(), data));
        }
        return records;
    }

    /// The reverse of [#of]. At least one record.
    static RecordSet set(Place place, Collection<Record> records) {
        long timeToLive = records.iterator().next().getTTL();
        return new RecordSet(place.owner(), place.type(), Duration.ofSeconds(timeToLive), data(records));
    }

    static List<String> data(Collection<Record> records) {
        return records.stream().map(Record::rdataToString).toList();
    }

    private static Record read(Place place, long timeToLive, String data) {
        try {
            return Record.fromString(name(place.owner()), place.number(), DClass.IN, timeToLive, data, Name.root);
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "not the data of a " + place + ": " + data + " (" + e.getMessage() + ")", e);
        }
    }

    /// `owner TTL type data`, ASCII on one line.
    static String text(Record record) {
        return record.getName() + " " + record.getTTL() + " " + Type.string(record.getType()) + " "
                + record.rdataToString();
    }

    /// The reverse of [#text].
    ///
    /// @throws IllegalArgumentException if it cannot be read
    static Record read(String text) {
        String[] words = text.split(" ", 4);
        if (words.length < 4) {
            throw new IllegalArgumentException("not a record: " + text);
        }
        return read(
                new Place(new DomainName(words[0]), RecordType.valueOf(words[2])), Long.parseLong(words[1]), words[3]);
    }
}
