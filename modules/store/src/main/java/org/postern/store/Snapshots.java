package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes the folded state of mailboxes in the background, and trims the journal behind it.
final class Snapshots implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final int TRIM = 500;
    /// What was expunged is remembered this long for clients that come back (RFC 7162 §3.2).
    private static final long EXPUNGES_KEPT = TimeUnit.DAYS.toMillis(90);

    private final Database database;
    private final MailboxViews views;
    private final Set<Long> scheduled = ConcurrentHashMap.newKeySet();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("snapshots").factory());

    Snapshots(Database database, MailboxViews views) {
        this.database = database;
        this.views = views;
    }

    /// Has a snapshot written soon if the journal's tail has grown long. Cheap; called after each change.
    void consider(MailboxState state) {
        if (state.wantsSnapshot() && scheduled.add(state.id)) {
            try {
                thread.execute(() -> {
                    scheduled.remove(state.id);
                    writeQuietly(state.id);
                });
            } catch (RejectedExecutionException e) {
                scheduled.remove(state.id); // closing: the journal alone is enough
            }
        }
    }

    private void writeQuietly(long mailbox) {
        try (MailboxViews.Lease lease = views.acquire(mailbox)) {
            write(lease.state());
        } catch (MailboxException e) {
            LOG.debug("mailbox {} went before its snapshot", mailbox);
        } catch (RuntimeException e) {
            LOG.warn("mailbox {}: no snapshot; its journal stays as it is", mailbox, e);
        }
    }

    private void write(MailboxState state) {
        MailboxState.Dirty dirty = state.takeDirty();
        try {
            database.change(connection -> {
                writeChunks(connection, state.id, dirty);
            });
            state.snapshotWritten(dirty);
        } catch (RuntimeException e) {
            state.snapshotFailed(dirty);
            throw e;
        }
        trim(state.id, "kind = 1 and modseq <= " + dirty.modSeq());
        trim(
                state.id,
                "kind = 2 and modseq <= " + dirty.modSeq() + " and happened < "
                        + (System.currentTimeMillis() - EXPUNGES_KEPT));
    }

    private static void writeChunks(Connection connection, long mailbox, MailboxState.Dirty dirty) throws SQLException {
        try (PreparedStatement delete =
                        connection.prepareStatement("delete from snapshot_chunk where mailbox = ? and chunk = ?");
                PreparedStatement insert = connection.prepareStatement(
                        "insert into snapshot_chunk (mailbox, chunk, state) values (?, ?, ?)")) {
            for (MailboxState.Chunk chunk : dirty.chunks()) {
                delete.setLong(1, mailbox);
                delete.setInt(2, chunk.number());
                delete.addBatch();
                if (chunk.state().length > 0) {
                    insert.setLong(1, mailbox);
                    insert.setInt(2, chunk.number());
                    insert.setBytes(3, chunk.state());
                    insert.addBatch();
                }
            }
            delete.executeBatch();
            insert.executeBatch();
        }
        MailboxRows.update(
                connection,
                "update mailbox set snapshot_uid = ?, snapshot_modseq = ? where id = ?",
                dirty.lastUid(),
                dirty.modSeq(),
                mailbox);
    }

    /// In small transactions, so that no writer waits long behind one.
    private void trim(long mailbox, String which) {
        int trimmed;
        do {
            trimmed = database.inTransaction(connection -> MailboxRows.update(
                    connection,
                    "delete from journal where mailbox = ? and modseq in (select modseq from journal where mailbox = ?"
                            + " and " + which + " order by modseq fetch first " + TRIM + " rows only)",
                    mailbox,
                    mailbox));
        } while (trimmed == TRIM);
    }

    /// Writes what changed since the last snapshots, so that the next start finds short journals.
    @Override
    public void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(30, TimeUnit.SECONDS)) {
                LOG.warn("a snapshot is still being written");
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        writeChanged();
    }

    /// Writes the snapshots of all mailboxes in memory that differ from theirs; returns when they are written.
    void writeAll() {
        CompletableFuture.runAsync(this::writeChanged, thread).join();
    }

    private void writeChanged() {
        for (long mailbox : views.loaded()) {
            try (MailboxViews.Lease lease = views.acquire(mailbox)) {
                if (lease.state().differsFromSnapshot()) {
                    write(lease.state());
                }
            } catch (MailboxException e) {
                LOG.debug("mailbox {} went before its snapshot", mailbox);
            }
        }
    }
}
