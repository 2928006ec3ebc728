package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes away, in small batches behind the sessions' backs, the rows of what was expunged and of mailboxes that were
/// deleted: entries, then messages that no entry names, then blobs that no message names.
final class Removals implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Removals.class);
    private static final int BATCH = 500;

    private final Database database;
    private final Runnable blobRemoved;
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private volatile boolean closed;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("removals").factory());

    /// @param blobRemoved runs when a blob may have lost its last message
    Removals(Database database, Runnable blobRemoved) {
        this.database = database;
        this.blobRemoved = blobRemoved;
    }

    /// There is something to take away.
    void consider() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                thread.execute(this::run);
            } catch (RejectedExecutionException e) {
                LOG.debug("closing: what is expunged is taken away after the next start");
            }
        }
    }

    /// Waits until everything that was asked for is taken away.
    void finish() {
        CompletableFuture.runAsync(() -> {}, thread).join();
    }

    private void run() {
        scheduled.set(false);
        try {
            boolean more = true;
            while (more && !closed) {
                more = database.inTransaction(Removals::oneBatch);
                if (more) {
                    blobRemoved.run();
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("expunged rows could not be taken away; the next change tries again", e);
        }
    }

    private static boolean oneBatch(Connection connection) throws SQLException {
        return expungedBatch(connection) || removedMailboxBatch(connection);
    }

    private static boolean expungedBatch(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                        "select mailbox, modseq, uids from removal order by mailbox, modseq fetch first 1 rows only");
                ResultSet row = select.executeQuery()) {
            if (!row.next()) {
                return false;
            }
            long mailbox = row.getLong(1);
            long modSeq = row.getLong(2);
            int[] uids = UidSet.decode(row.getBytes(3));
            int count = Math.min(BATCH, uids.length);
            removeEntries(connection, mailbox, Arrays.copyOf(uids, count));
            if (count == uids.length) {
                MailboxRows.update(connection, "delete from removal where mailbox = ? and modseq = ?", mailbox, modSeq);
            } else {
                try (PreparedStatement update =
                        connection.prepareStatement("update removal set uids = ? where mailbox = ? and modseq = ?")) {
                    update.setBytes(1, UidSet.encode(Arrays.copyOfRange(uids, count, uids.length)));
                    update.setLong(2, mailbox);
                    update.setLong(3, modSeq);
                    update.executeUpdate();
                }
            }
            return true;
        }
    }

    private static boolean removedMailboxBatch(Connection connection) throws SQLException {
        long mailbox;
        try (PreparedStatement select = connection.prepareStatement(
                        "select id from mailbox where removed = true fetch first 1 rows only");
                ResultSet row = select.executeQuery()) {
            if (!row.next()) {
                return false;
            }
            mailbox = row.getLong(1);
        }
        var uids = new UidSet.Builder();
        try (PreparedStatement select = connection.prepareStatement(
                "select id from entry where id between ? and ? order by id fetch first " + BATCH + " rows only")) {
            select.setLong(1, EntryId.first(mailbox));
            select.setLong(2, EntryId.last(mailbox));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    uids.add(EntryId.uid(row.getLong(1)));
                }
            }
        }
        int[] batch = uids.toArray();
        removeEntries(connection, mailbox, batch);
        if (batch.length < BATCH) {
            for (String table : List.of("journal", "snapshot_chunk", "keyword", "removal")) {
                MailboxRows.update(connection, "delete from " + table + " where mailbox = ?", mailbox);
            }
            MailboxRows.update(connection, "delete from mailbox where id = ?", mailbox);
        }
        return true;
    }

    private static void removeEntries(Connection connection, long mailbox, int[] uids) throws SQLException {
        List<Long> messages = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("select message from entry where id = ?");
                PreparedStatement delete = connection.prepareStatement("delete from entry where id = ?");
                PreparedStatement count = connection.prepareStatement(
                        "update message set reference_count = reference_count - 1 where id = ?")) {
            for (int uid : uids) {
                long entry = EntryId.of(mailbox, uid);
                select.setLong(1, entry);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next()) {
                        continue; // taken away before a crash undid the note of it
                    }
                    messages.add(row.getLong(1));
                }
                delete.setLong(1, entry);
                delete.addBatch();
                count.setLong(1, messages.getLast());
                count.addBatch();
            }
            if (!messages.isEmpty()) {
                delete.executeBatch();
                count.executeBatch();
            }
        }
        for (long message : messages) {
            removeIfUnused(connection, message);
        }
    }

    private static void removeIfUnused(Connection connection, long message) throws SQLException {
        long blob;
        try (PreparedStatement select =
                connection.prepareStatement("select blob from message where id = ? and reference_count <= 0")) {
            select.setLong(1, message);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return;
                }
                blob = row.getLong(1);
            }
        }
        MailboxRows.update(connection, "delete from message where id = ?", message);
        MailboxRows.update(connection, "update blob set reference_count = reference_count - 1 where id = ?", blob);
        MailboxRows.update(connection, "delete from blob where id = ? and reference_count <= 0", blob);
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdown();
        try {
            if (!thread.awaitTermination(30, TimeUnit.SECONDS)) {
                LOG.warn("rows are still being taken away");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
