package org.postern.imap;

import java.util.List;

/// What SEARCH looks for (RFC 3501 §6.4.4), as a tree. Dates are days since 1970-01-01. Strings are decoded.
/// Keys that are opposites of others (UNSEEN, NEW, OLD) are read as [Not] and [And].
sealed interface SearchKey {
    record All() implements SearchKey {}

    record And(List<SearchKey> keys) implements SearchKey {}

    record Or(SearchKey left, SearchKey right) implements SearchKey {}

    record Not(SearchKey key) implements SearchKey {}

    record Sequence(SequenceSet numbers) implements SearchKey {}

    record Uid(SequenceSet uids) implements SearchKey {}

    /// A bit of [org.postern.store.Flags].
    record SystemFlag(long bit) implements SearchKey {}

    record Keyword(String name) implements SearchKey {}

    record Recent() implements SearchKey {}

    record Larger(long octets) implements SearchKey {}

    record Smaller(long octets) implements SearchKey {}

    record Before(int day) implements SearchKey {}

    record On(int day) implements SearchKey {}

    record Since(int day) implements SearchKey {}

    record SentBefore(int day) implements SearchKey {}

    record SentOn(int day) implements SearchKey {}

    record SentSince(int day) implements SearchKey {}

    /// A substring of a decoded header field; an empty text asks only whether the field is there.
    record Header(String field, String text) implements SearchKey {}

    /// A substring of the decoded body.
    record Body(String text) implements SearchKey {}

    /// A substring of header or body.
    record Text(String text) implements SearchKey {}
}
