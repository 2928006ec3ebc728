package org.postern.dns;

import java.time.Duration;
import java.util.List;
import org.postern.resolver.DomainName;

/// One RRset (RFC 2181 §5).
///
/// @param data of each record in presentation form (RFC 1035 §5.1), names absolute: `0 1 993 mail.example.org.`
public record RecordSet(DomainName owner, RecordType type, Duration timeToLive, List<String> data) {
    public RecordSet {
        data = data.stream().distinct().sorted().toList();
        if (data.isEmpty()) {
            throw new IllegalArgumentException("no " + type + " record at " + owner);
        }
    }
}
