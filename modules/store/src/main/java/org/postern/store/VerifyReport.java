package org.postern.store;

import java.util.Map;
import java.util.SortedMap;

/// What was looked at, and how much was found.
///
/// @param messages in mailboxes; each copy counts
/// @param blobs whose octets were read
/// @param octets of these
/// @param findings how many of each kind; of one kind the first 1,000 are told one by one
/// @param complete false where it was ended early
public record VerifyReport(
        long accounts,
        long mailboxes,
        long messages,
        long blobs,
        long octets,
        SortedMap<Finding.Kind, Long> findings,
        boolean complete) {
    /// True where nothing is wrong: notes are no fault.
    public boolean clean() {
        return complete && count(Finding.Severity.MENDABLE) == 0 && count(Finding.Severity.DAMAGE) == 0;
    }

    public long count(Finding.Severity severity) {
        return findings.entrySet().stream()
                .filter(each -> each.getKey().severity() == severity)
                .mapToLong(Map.Entry::getValue)
                .sum();
    }
}
