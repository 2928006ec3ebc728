package org.postern.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Makes a data directory of one generation of a backup.
public final class Restore {
    /// So many UIDs, MODSEQs, UIDVALIDITYs and row numbers may have been given after the backup.
    static final long GAP = 1_000_000;

    /// What clients were told after the backup was made.
    public enum Numbers {
        /// Nothing, as where the server was stopped before it: the numbers are those of the backup.
        AS_THEY_WERE,
        /// UIDs of messages that the backup does not have, and changes that it does not know. New messages
        /// get UIDs far above, so that none ever means two messages; and each message that is there counts as
        /// changed now: a client that knows later flags, or an expunge, learns what holds (RFC 7162).
        /// UIDs, UIDVALIDITY, flags and octets are those of the backup.
        MOVED_ON
    }

    /// What was restored.
    ///
    /// @param octets of the restored directory
    public record Report(Instant time, long octets) {}

    private Restore() {}

    /// Makes a data directory that a server can be started on.
    ///
    /// @param at the moment that is wanted: the last backup made then or before; empty for the last one
    /// @param directory is made; it must not exist, or be empty
    public static Report restore(
            BackupDirectory backup, Optional<Instant> at, Path directory, Numbers numbers, WorkProgress progress)
            throws IOException {
        requireEmpty(directory);
        BackupManifest manifest = backup.manifest(at);
        Path unfinished = directory.resolveSibling(directory.getFileName() + ".restoring");
        BackupFiles.removeTree(unfinished); // of a restore that did not finish
        BackupFiles.makeDirectories(unfinished);
        Path generation = backup.generation(BackupDirectory.name(manifest.time()));
        long total = manifest.ranges().stream()
                .mapToLong(BackupManifest.Range::length)
                .sum();
        long octets = total;
        for (BackupManifest.Stored file : manifest.files()) {
            progress.report("database and keys", 0, 0, WorkProgress.Unit.OCTETS);
            BackupFiles.copy(generation.resolve(file.path()), unfinished.resolve(file.path()), file.digest());
            octets += file.length();
        }
        BackupFiles.makeDirectories(unfinished.resolve("blobs"));
        long[] copied = {0};
        for (BackupManifest.Range range : manifest.ranges()) {
            Path source = backup.segments().resolve(range.file());
            Path target = unfinished.resolve("blobs").resolve(range.segment() + ".segment");
            try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
                    FileChannel to = BackupFiles.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                String digest = BackupFiles.copyRange(from, to, range.from(), range.length(), count -> {
                    copied[0] += count;
                    progress.report("message bodies", copied[0], total, WorkProgress.Unit.OCTETS);
                });
                if (!digest.equals(range.digest())) {
                    throw new IOException(source + " is damaged: the SHA-256 of its octets from " + range.from()
                            + " to " + range.end() + " does not match");
                }
                to.force(true);
            }
        }
        if (numbers == Numbers.MOVED_ON) {
            moveOn(unfinished);
        }
        DatabaseFile.noteClosed(unfinished);
        BackupFiles.forceDirectory(unfinished.resolve("blobs"));
        BackupFiles.forceDirectory(unfinished);
        Files.deleteIfExists(directory);
        Files.move(unfinished, directory);
        BackupFiles.forceDirectory(BackupFiles.parent(directory));
        return new Report(manifest.time(), octets);
    }

    private static void requireEmpty(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                if (files.findAny().isPresent()) {
                    throw new IOException(
                            directory
                                    + " is not empty: move it away first (nothing of it is used, and you may want to look at it)");
                }
            }
        }
    }

    private static void moveOn(Path directory) throws IOException {
        try (Database database = Database.openH2(directory.resolve("database"))) {
            database.change(connection -> {
                for (String table : List.of("account", "mailbox", "message", "blob")) {
                    long next = highest(connection, table) + GAP;
                    try (PreparedStatement alter = connection.prepareStatement(
                            "alter table " + table + " alter column id restart with " + next)) {
                        alter.executeUpdate();
                    }
                }
            });
            database.change(connection -> {
                MailboxRows.update(connection, "update account set uid_validity = uid_validity + ?", GAP);
                MailboxRows.update(connection, "update retired set uid_validity = uid_validity + ?", GAP);
                MailboxRows.update(connection, "update retired_account set uid_validity = uid_validity + ?", GAP);
                MailboxRows.update(
                        connection,
                        "update retired_mailbox set uid_next = least(uid_next + ?, 4294967294), modseq = modseq + ?",
                        GAP,
                        GAP);
                // an import may have given any of them since
                MailboxRows.update(connection, "delete from import_reservation");
                for (long mailbox : mailboxes(connection)) {
                    moveOn(connection, mailbox);
                }
            });
            database.checkpoint();
        }
    }

    private static long highest(Connection connection, String table) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select coalesce(max(id), 0) from " + table);
                ResultSet row = select.executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private static List<Long> mailboxes(Connection connection) throws SQLException {
        List<Long> all = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("select id from mailbox where removed = false");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                all.add(row.getLong(1));
            }
        }
        return all;
    }

    /// A change that changes no flag, with a MODSEQ that nobody can have seen.
    private static void moveOn(Connection connection, long mailbox) throws SQLException {
        Optional<MailboxState> state = MailboxRows.load(connection, mailbox);
        if (state.isEmpty()) {
            return;
        }
        long modSeq = state.get().headModSeq + GAP;
        for (int[] piece : MailboxWriter.pieces(state.get().uids())) {
            MailboxRows.insertFlagged(connection, mailbox, new Mutation.Flagged(modSeq++, piece, 0, 0, null));
        }
        MailboxRows.update(
                connection,
                "update mailbox set uid_next = least(uid_next + ?, 4294967295), modseq = ? where id = ?",
                GAP,
                modSeq,
                mailbox);
    }
}
