package org.postern.store;

/// The key of an entry row: the id of its mailbox times 2^32, and its UID. It is one number, since H2 keeps only such
/// rows themselves in the order of their key: those of a mailbox lie together, and no index has to be written with
/// each message.
final class EntryId {
    /// The mailbox of an entry row, in SQL.
    static final String MAILBOX = "(entry.id / 4294967296)";

    private static final int UID_BITS = 32; // RFC 9051 §2.3.1.1
    private static final long HIGHEST_MAILBOX = Integer.MAX_VALUE;

    private EntryId() {}

    /// @param uid unsigned
    static long of(long mailbox, int uid) {
        if (mailbox < 0 || mailbox > HIGHEST_MAILBOX) {
            throw new StoreFailure("mailbox row " + mailbox + " cannot have messages: " + HIGHEST_MAILBOX
                    + " is the last one that can");
        }
        return (mailbox << UID_BITS) | Integer.toUnsignedLong(uid);
    }

    /// The lowest that is possible in a mailbox.
    static long first(long mailbox) {
        return of(mailbox, 0);
    }

    /// The highest that is possible in a mailbox.
    static long last(long mailbox) {
        return of(mailbox, -1);
    }

    /// The UID of an entry row, unsigned.
    static int uid(long id) {
        return (int) id;
    }

    static long mailbox(long id) {
        return id >> UID_BITS;
    }
}
