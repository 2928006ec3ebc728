package org.postern.imap;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One thing that FETCH asks for (RFC 3501 §6.4.5). Macros are expanded by the reader.
sealed interface FetchItem {
    enum Attribute implements FetchItem {
        BODY,
        BODYSTRUCTURE,
        ENVELOPE,
        FLAGS,
        INTERNALDATE,
        RFC822_SIZE,
        UID
    }

    /// `BODY[…]<…>`, `BODY.PEEK[…]<…>`, and the RFC822 forms, which differ in their label only.
    ///
    /// `label` is how the answer names the item, partial origin left out: `BODY[1.MIME]`, `RFC822.TEXT`
    record Body(Section section, @Nullable Partial partial, boolean peek, String label) implements FetchItem {}

    /// `BINARY[…]<…>` and `BINARY.PEEK[…]<…>` (RFC 3516): a part, its transfer encoding undone.
    record Binary(List<Integer> part, @Nullable Partial partial, boolean peek) implements FetchItem {}

    /// `BINARY.SIZE[…]`: how many octets that would be.
    record BinarySize(List<Integer> part) implements FetchItem {}

    /// The octets from `origin` on, at most `length`.
    record Partial(long origin, long length) {}

    /// The part's numbers; empty for the message itself
    record Section(List<Integer> part, Text text) {}

    /// What of a part (or of the message) is meant.
    sealed interface Text {
        /// The part's body, or the whole message.
        record Whole() implements Text {}

        record Header() implements Text {}

        /// HEADER.FIELDS, or with `not` HEADER.FIELDS.NOT.
        record HeaderFields(List<String> names, boolean not) implements Text {}

        record Body() implements Text {}

        record Mime() implements Text {}
    }
}
