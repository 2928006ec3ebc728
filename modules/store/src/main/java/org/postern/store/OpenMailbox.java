package org.postern.store;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;

/// A mailbox that a session has open: its durable state, its change feed, and the changes the session makes.
/// What this shows never lies above the durable watermark; what a change method has returned is durable and visible.
/// UIDs travel as ints read unsigned (1 to 2³²-1), always ascending. Safe for the session's thread only; the watcher
/// given at opening is called from other threads.
public interface OpenMailbox extends AutoCloseable {
    MailboxName name();

    boolean readOnly();

    long uidValidity();

    MailboxStatus status();

    /// Keyword names by index; see [Flags].
    List<String> keywords();

    /// True while new keywords can be made (`\*` in PERMANENTFLAGS).
    boolean acceptsKeywords();

    /// All UIDs, ascending: a copy for the caller to keep. Drops changes queued up to now.
    int[] uids();

    /// RFC 3501 §2.3.2: the first UID that this session sees as `\Recent`; 0 for none. Decided at opening for what was
    /// there; messages that arrive later and are recent to this session are reported by `claimRecent`.
    long firstRecentUid();

    /// Makes the messages of an Added change recent to this session if no other session has got them; returns the
    /// number claimed. Read-only sessions see recent messages without claiming.
    int claimRecent(int[] uids);

    /// Takes the queued changes in order; empty if there are none. Does not wait.
    List<MailboxChange> takeChanges();

    /// Fills `rows` with metadata for `uids[from..to)`, at most `rows.capacity()`.
    void read(int[] uids, int from, int to, MessageRows rows);

    /// Which of all messages have MODSEQ above `since`: ascending UIDs.
    int[] changedSince(long since);

    /// The content of a row's message.
    /// @throws MailboxException GONE where it was expunged and its content removed since
    MessageContent content(long message) throws IOException;

    /// Changes flags; durable on return.
    /// @param unchangedSince only messages whose MODSEQ is not above it (RFC 7162 §3.1.3)
    /// @return the UIDs that were not changed for that reason
    int[] updateFlags(int[] uids, FlagUpdate update, OptionalLong unchangedSince);

    /// Removes those of `uids` that are marked `\Deleted` now; durable on return. Returns the UIDs removed.
    int[] expunge(int[] uids);

    /// Removes `uids`, marked or not, in one transaction; durable on return. Returns the UIDs removed.
    int[] remove(int[] uids);

    /// Copies rows, never bodies; all or nothing; durable on return.
    CopyResult copy(int[] uids, MailboxName target);

    /// RFC 6851: copy and remove in one transaction.
    CopyResult move(int[] uids, MailboxName target);

    @Override
    void close();
}
