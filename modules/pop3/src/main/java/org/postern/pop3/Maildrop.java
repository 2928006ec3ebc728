package org.postern.pop3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.OptionalLong;
import java.util.Set;
import org.postern.auth.AccountId;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.MailboxException;
import org.postern.store.MailboxName;
import org.postern.store.Mailboxes;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;

/// An account's INBOX as it was when the session logged in, locked against other POP3 sessions. What
/// others do to it meanwhile changes neither numbers nor sizes: new messages wait for the next session,
/// expunged ones cannot be retrieved.
///
/// Messages are known by their place here, message-number - 1. For the session's thread.
final class Maildrop implements AutoCloseable {
    private static final int BATCH = 256;
    private static final long UNKNOWN = -1;

    private final OpenMailbox inbox;
    private final Runnable unlock;
    private final MessageSizes measured;

    // one element for each message
    private final int[] uids;
    private final long[] contents; // the store's numbers
    private final long[] stored; // octets as the store has them
    private final long[] sizes; // as they are told, once they are

    private final BitSet seenBefore = new BitSet();
    private final BitSet deleted = new BitSet();
    private final BitSet retrieved = new BitSet();

    private Maildrop(OpenMailbox inbox, MessageSizes measured, Runnable unlock) {
        this.inbox = inbox;
        this.measured = measured;
        this.unlock = unlock;
        int[] all = inbox.uids();
        int[] found = new int[all.length];
        contents = new long[all.length];
        stored = new long[all.length];
        int count = 0;
        var rows = new MessageRows(BATCH);
        for (int from = 0; from < all.length; from += BATCH) {
            inbox.read(all, from, Math.min(all.length, from + BATCH), rows);
            for (int row = 0; row < rows.count; row++) {
                if (rows.present[row]) { // not expunged since the first line of this method
                    found[count] = rows.uid[row];
                    contents[count] = rows.message[row];
                    stored[count] = Integer.toUnsignedLong(rows.size[row]);
                    seenBefore.set(count, (rows.flags[row] & Flags.SEEN) != 0);
                    count++;
                }
            }
        }
        uids = Arrays.copyOf(found, count);
        sizes = new long[count];
        Arrays.fill(sizes, UNKNOWN);
    }

    /// Opens and locks an account's maildrop.
    ///
    /// @throws CommandRefused IN-USE where another session has it
    static Maildrop open(AccountId account, Mailboxes mailboxes, MaildropLocks locks, MessageSizes measured) {
        if (!locks.acquire(account)) { // RFC 1939 §4, RFC 2449 §8.1.2
            throw CommandRefused.refused(
                    CommandRefused.Code.IN_USE, "The maildrop is open in another session; try again later");
        }
        OpenMailbox inbox = null;
        try {
            inbox = mailboxes.open(account, MailboxName.INBOX, false, () -> {}); // no change needs to wake this session
            return new Maildrop(inbox, measured, () -> locks.release(account));
        } catch (RuntimeException failed) {
            if (inbox != null) {
                inbox.close();
            }
            locks.release(account);
            throw failed;
        }
    }

    /// How many messages there were at login, marked as deleted or not.
    int count() {
        return uids.length;
    }

    boolean isDeleted(int index) {
        return deleted.get(index);
    }

    /// RFC 1939 §7: UIDVALIDITY and UID, which together name one message of this maildrop for ever.
    String uniqueId(int index) {
        return inbox.uidValidity() + "-" + Integer.toUnsignedString(uids[index]);
    }

    /// What RETR sends, without the dots that it stuffs in. The same at every call.
    long size(int index) {
        if (sizes[index] == UNKNOWN) {
            try {
                sizes[index] = measured.of(contents[index], stored[index], () -> inbox.content(contents[index]));
            } catch (MailboxException gone) {
                sizes[index] = stored[index]; // expunged before anybody asked: nobody will see the difference
            }
        }
        return sizes[index];
    }

    /// The message's octets as they are stored.
    ///
    /// @throws CommandRefused where another session has expunged it
    InputStream open(int index) {
        var row = new MessageRows(1);
        inbox.read(uids, index, index + 1, row);
        if (!row.present[0]) {
            throw expunged();
        }
        try {
            MessageContent content = inbox.content(contents[index]);
            return content.open(0, content.size());
        } catch (MailboxException e) {
            throw e.reason() == MailboxException.Reason.GONE ? expunged() : e;
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the store's: nothing here speaks to the client
        }
    }

    private static CommandRefused expunged() {
        return CommandRefused.refused("Another session has removed that message");
    }

    // ---- marks; only `update` makes them true

    void markDeleted(int index) {
        deleted.set(index);
    }

    void markRetrieved(int index) {
        retrieved.set(index);
    }

    /// RFC 1939 §5: RSET. What was retrieved is forgotten with it, as Dovecot does.
    void reset() {
        deleted.clear();
        retrieved.clear();
    }

    /// The UPDATE state (RFC 1939 §6): durable on return. What is deleted goes in one commit: whoever is killed in it
    /// leaves
    /// all of it, and no mark that an IMAP client would expunge by.
    void update() {
        retrieved.andNot(deleted);
        retrieved.andNot(seenBefore);
        int[] read = uids(retrieved);
        if (read.length > 0) {
            inbox.updateFlags(read, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.SEEN, Set.of()), OptionalLong.empty());
        }
        int[] removed = uids(deleted);
        if (removed.length > 0) {
            inbox.remove(removed);
        }
    }

    private int[] uids(BitSet marked) {
        return marked.stream().map(index -> uids[index]).toArray();
    }

    /// Lets go of mailbox and lock; marks that `update` did not make true are gone.
    @Override
    public void close() {
        try {
            inbox.close();
        } finally {
            unlock.run();
        }
    }
}
