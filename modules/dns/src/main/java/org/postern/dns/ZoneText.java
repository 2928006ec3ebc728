package org.postern.dns;

import java.util.List;

/// Record sets as a zone file has them (RFC 1035 §5.1), one record a line, every name absolute: to be included in a
/// zone, or pasted into the form of a provider.
public final class ZoneText {
    private ZoneText() {}

    public static String of(List<RecordSet> sets) {
        StringBuilder text = new StringBuilder();
        sets.forEach(set -> lines(set).forEach(line -> text.append(line).append('\n')));
        return text.toString();
    }

    /// One line for each record: `_imaps._tcp.example.org. 3600 IN SRV 0 0 993 mail.example.org.`
    public static List<String> lines(RecordSet set) {
        String owner = set.owner().isRoot() ? "." : set.owner() + ".";
        return set.data().stream()
                .map(data -> owner + " " + set.timeToLive().toSeconds() + " IN " + set.type() + " " + data)
                .toList();
    }
}
