package org.postern.dns;

import java.time.Duration;
import java.util.List;
import org.postern.resolver.DomainName;

/// One RRset (RFC 2181 §5). Its data stand in one notation, whoever wrote them: sets with the same records are equal.
///
/// @param data of each record in presentation form (RFC 1035 §5.1), names absolute: `0 1 993 mail.example.org.`
public record RecordSet(DomainName owner, RecordType type, Duration timeToLive, List<String> data) {
    /// @throws IllegalArgumentException if there are no data, or some that no record of the type can have
    public RecordSet {
        data = data.stream()
                .map(text -> Wire.normal(type, text))
                .distinct()
                .sorted()
                .toList();
        if (data.isEmpty()) {
            throw new IllegalArgumentException("no " + type + " record at " + owner);
        }
    }

    /// Owner and type: there is one set of each.
    public record Key(DomainName owner, RecordType type) {
        @Override
        public String toString() {
            return owner + " " + type;
        }
    }

    public Key key() {
        return new Key(owner, type);
    }

    /// Whether it says the same, be it for how long it may.
    public boolean saysTheSameAs(RecordSet other) {
        return key().equals(other.key()) && data.equals(other.data);
    }

    public RecordSet withTimeToLive(Duration other) {
        return new RecordSet(owner, type, other, data);
    }
}
