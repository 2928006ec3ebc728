package org.postern.store;

import java.io.IOException;
import java.nio.ByteBuffer;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.postern.message.MessageExtract;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `store repair`: puts in order what can be, on a directory that no server uses, and names what is lost. A
/// message that cannot be read stays where it is unless it is to be given up; then it is expunged as a client
/// would, so that clients see it go, and what can be read of it is kept in `lost+found`.
public final class StoreRepair {
    private static final Logger AUDIT = LoggerFactory.getLogger("org.postern.audit");
    private static final List<String> OF_A_MAILBOX = List.of("journal", "snapshot_chunk", "keyword", "removal");
    private static final int COLUMN_LIMIT = 1_000_000;

    private final Path directory;
    private final Database database;
    private final Segments segments;
    private final boolean expungeUnreadable;
    private final WorkProgress progress;
    private final List<RepairReport.Mended> mended = new ArrayList<>();
    private final List<RepairReport.Lost> lost = new ArrayList<>();

    private StoreRepair(
            Path directory, Database database, Segments segments, boolean expungeUnreadable, WorkProgress progress) {
        this.directory = directory;
        this.database = database;
        this.segments = segments;
        this.expungeUnreadable = expungeUnreadable;
        this.progress = progress;
    }

    /// Repairs a data directory that no server uses.
    ///
    /// @param expungeUnreadable true to take messages that cannot be read out of their mailboxes
    /// @param remaining is told what `verify` finds afterwards
    public static RepairReport repair(
            Path directory, boolean expungeUnreadable, Consumer<Finding> remaining, WorkProgress progress)
            throws IOException {
        Path file = directory.resolve(DatabaseFile.PATH);
        if (!Files.exists(file)) {
            throw new StoreFailure(file + " is not there: restore it from a backup");
        }
        Path before = file.resolveSibling("before-repair-" + BackupDirectory.name(Instant.now()) + ".mv.db");
        BackupFiles.write(before, out -> Files.copy(file, out));
        DatabaseFile.forgetClosed(directory, Disk.LOCAL);
        VerifyReport after;
        StoreRepair repair;
        try (Database database = Database.openH2(directory.resolve("database"));
                Segments segments = new Segments(directory.resolve("blobs"), PosternStore.NODE)) {
            repair = new StoreRepair(directory, database, segments, expungeUnreadable, progress);
            repair.run();
            database.checkpoint();
            after = StoreVerifier.verify(directory, database, segments, VerifyOptions.ALL, remaining, progress);
        }
        DatabaseFile.noteClosed(directory);
        return new RepairReport(before, repair.mended, repair.lost, after);
    }

    private void mend(Finding.Place where, String what) {
        mended.add(new RepairReport.Mended(where, what));
        AUDIT.info("repair: {}: {}", where, what);
    }

    private void run() throws IOException {
        database.change(connection -> {
            removeOrphans(connection);
        });
        database.change(connection -> {
            repairTrees(connection);
        });
        database.change(connection -> {
            repairSizes(connection);
        });
        for (MailboxVerifier.Row row : database.read(StoreRepair::mailboxes)) {
            database.change(connection -> {
                repairMailbox(connection, row);
            });
        }
        repairContents();
        database.change(connection -> {
            repairReferences(connection);
        });
        database.change(connection -> {
            repairQuotas(connection);
        });
    }

    private int update(Connection connection, String sql, String what) throws SQLException {
        int rows = MailboxRows.update(connection, sql);
        if (rows > 0) {
            mend(Finding.Place.STORE, what + ": " + rows);
        }
        return rows;
    }

    private void removeOrphans(Connection connection) throws SQLException {
        update(
                connection,
                "update mailbox set removed = true where removed = false and account not in (select id from account)",
                "mailboxes of no account, taken away");
        update(
                connection,
                "delete from entry where " + EntryId.MAILBOX + " not in (select id from mailbox)",
                "entries of no mailbox, taken away");
        for (String table : OF_A_MAILBOX) {
            update(
                    connection,
                    "delete from " + table + " where mailbox not in (select id from mailbox)",
                    "rows of " + table + " of no mailbox, taken away");
        }
        for (String table : List.of("subscription", "app_password", "client_key", "tls_use", "scram_verifier")) {
            update(
                    connection,
                    "delete from " + table + " where account not in (select id from account)",
                    "rows of " + table + " of no account, taken away");
        }
    }

    // ---- the trees

    private record Place(
            long id, long account, String address, String name, byte[] digest, long uidValidity, String use) {}

    private void repairTrees(Connection connection) throws SQLException {
        List<Place> places = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                        "select m.id, m.account, a.local_part, d.name, m.name, m.name_digest, m.uid_validity,"
                                + " coalesce(m.special_use, '') from mailbox m join account a on a.id = m.account"
                                + " join domain d on d.id = a.domain where m.removed = false and m.importing = false"
                                + " order by m.id");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                places.add(new Place(
                        row.getLong(1),
                        row.getLong(2),
                        row.getString(3) + "@" + row.getString(4),
                        row.getString(5),
                        row.getBytes(6),
                        row.getLong(7),
                        row.getString(8)));
            }
        }
        Map<Long, Set<String>> names = new HashMap<>();
        Map<Long, Set<String>> uses = new HashMap<>();
        Map<Long, Set<Long>> uidValidities = new HashMap<>();
        for (Place place : places) {
            Finding.Place where = Finding.Place.ofMailbox(place.address(), place.name());
            repairName(connection, place, where, names.computeIfAbsent(place.account(), _ -> new HashSet<>()));
            if (!place.use().isEmpty()
                    && !uses.computeIfAbsent(place.account(), _ -> new HashSet<>())
                            .add(place.use())) {
                MailboxRows.update(connection, "update mailbox set special_use = null where id = ?", place.id());
                mend(where, "its special use was another mailbox's as well, and is that one's now");
            }
            MailboxRows.update(
                    connection,
                    "update account set uid_validity = greatest(uid_validity, ?) where id = ?",
                    place.uidValidity(),
                    place.account());
            if (!uidValidities
                    .computeIfAbsent(place.account(), _ -> new HashSet<>())
                    .add(place.uidValidity())) {
                MailboxRows.update(
                        connection, "update account set uid_validity = uid_validity + 1 where id = ?", place.account());
                MailboxRows.update(
                        connection,
                        "update mailbox set uid_validity = (select uid_validity from account where id = ?) where id = ?",
                        place.account(),
                        place.id());
                mend(where, "its UIDVALIDITY was another mailbox's as well: it has a new one");
            }
        }
        try (PreparedStatement select = connection.prepareStatement(
                        "select a.id, a.local_part, d.name from account a join domain d on d.id = a.domain");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                if (!names.getOrDefault(row.getLong(1), Set.of()).contains(MailboxName.INBOX.value())) {
                    MailboxRows.insert(connection, row.getLong(1), MailboxName.INBOX, Optional.empty());
                    mend(
                            Finding.Place.ofMailbox(row.getString(2) + "@" + row.getString(3), "INBOX"),
                            "made: the account had none");
                }
            }
        }
    }

    private void repairName(Connection connection, Place place, Finding.Place where, Set<String> taken)
            throws SQLException {
        MailboxName name;
        try {
            name = MailboxName.of(place.name());
        } catch (InvalidMailboxName e) {
            name = MailboxName.of("Repaired " + place.id());
        }
        if (!taken.add(name.value())) {
            name = MailboxName.of("Repaired " + place.id());
            taken.add(name.value());
        }
        if (!name.value().equals(place.name()) || !Arrays.equals(place.digest(), MailboxRows.digest(name))) {
            MailboxRows.rename(connection, place.id(), name);
            mend(where, "its name was not in its stored form; it is " + name + " now");
        }
    }

    private void repairSizes(Connection connection) throws SQLException {
        update(
                connection,
                "update message m set size = octet_length(m.prefix) + (select b.length from blob b where b.id = m.blob)"
                        + " where exists (select 1 from blob b where b.id = m.blob"
                        + " and m.size <> octet_length(m.prefix) + b.length)",
                "sizes of messages, counted again");
        update(
                connection,
                "update entry e set size = (select m.size from message m where m.id = e.message)"
                        + " where exists (select 1 from message m where m.id = e.message and m.size <> e.size)",
                "sizes of entries, counted again");
    }

    // ---- mailboxes

    private static List<MailboxVerifier.Row> mailboxes(Connection connection) throws SQLException {
        List<MailboxVerifier.Row> rows = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                        "select id, account, name, uid_validity, uid_next, modseq, recent_uid, snapshot_uid,"
                                + " snapshot_modseq from mailbox where removed = false order by id");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                rows.add(new MailboxVerifier.Row(
                        row.getLong(1),
                        row.getLong(2),
                        row.getString(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6),
                        row.getLong(7),
                        row.getLong(8),
                        row.getLong(9)));
            }
        }
        return rows;
    }

    private static Finding.Place place(Connection connection, MailboxVerifier.Row row) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select a.local_part, d.name from account a join domain d on d.id = a.domain where a.id = ?")) {
            select.setLong(1, row.account());
            try (ResultSet found = select.executeQuery()) {
                return Finding.Place.ofMailbox(
                        found.next() ? found.getString(1) + "@" + found.getString(2) : "", row.name());
            }
        }
    }

    private void repairMailbox(Connection connection, MailboxVerifier.Row row) throws SQLException {
        List<Finding> found = new ArrayList<>();
        Finding.Place place = place(connection, row);
        new MailboxVerifier(connection, new Findings(found::add), new ReferenceCounts(), row, place).verify();
        if (found.stream().allMatch(finding -> finding.kind() == Finding.Kind.CONTENT_MISSING)) {
            return;
        }
        List<String> notes = new MailboxRepair(connection, row).repair();
        mend(
                place,
                "its snapshot was made again of entries and changes"
                        + (notes.isEmpty() ? "" : "; " + String.join("; ", notes)));
    }

    // ---- contents

    private void repairContents() throws IOException {
        var damaged = new DamagedBlobs();
        List<Finding> found = new ArrayList<>();
        var contents = new ContentVerifier(
                database, segments, new Findings(found::add), damaged, progress, new Pace(0), this::replaceDerived);
        contents.verify();
        List<DamagedMessages.Lost> messages = new ArrayList<>();
        database.change(connection -> {
            DamagedMessages.find(connection, damaged, messages::add);
            findMissing(connection, messages);
        });
        for (DamagedMessages.Lost message : messages) {
            giveUp(message);
        }
    }

    private void replaceDerived(long message, MessageExtract fresh) {
        if (fresh.envelope().length > COLUMN_LIMIT
                || fresh.body().length > COLUMN_LIMIT
                || fresh.bodyStructure().length > COLUMN_LIMIT
                || fresh.outline().length > COLUMN_LIMIT) {
            return; // verify goes on telling of it
        }
        database.change(connection -> {
            try (PreparedStatement update = connection.prepareStatement(
                    "update message set extractor_version = ?, envelope = ?, body = ?, body_structure = ?, outline = ?,"
                            + " sent_date = ? where id = ?")) {
                update.setInt(1, fresh.version());
                update.setBytes(2, fresh.envelope());
                update.setBytes(3, fresh.body());
                update.setBytes(4, fresh.bodyStructure());
                update.setBytes(5, fresh.outline());
                update.setInt(6, fresh.sentDate());
                update.setLong(7, message);
                update.executeUpdate();
            }
        });
        mend(Finding.Place.STORE, "message row " + message + ": ENVELOPE, BODYSTRUCTURE and outline were made again");
    }

    /// Entries whose message row is gone, or whose message has no blob row.
    private static void findMissing(Connection connection, List<DamagedMessages.Lost> into) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                        "select x.id, x.account, x.name, a.local_part, d.name, entry.id, entry.message,"
                                + " entry.size, entry.internal_date, m.envelope from entry"
                                + " join mailbox x on x.id = " + EntryId.MAILBOX + " and x.removed = false"
                                + " join account a on a.id = x.account join domain d on d.id = a.domain"
                                + " left join message m on m.id = entry.message left join blob b on b.id = m.blob"
                                + " where b.id is null");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                int uid = EntryId.uid(row.getLong(6));
                if (UidSet.contains(MailboxVerifier.removals(connection, row.getLong(1)), uid)) {
                    continue;
                }
                byte[] envelope = row.getBytes(10);
                var nowhere = new BlobReference(0, 0, 0, 0);
                into.add(new DamagedMessages.Lost(
                        row.getLong(2),
                        row.getLong(1),
                        Finding.Place.ofMailbox(row.getString(4) + "@" + row.getString(5), row.getString(3))
                                .message(uid),
                        uid,
                        row.getLong(7),
                        row.getLong(8),
                        Instant.ofEpochMilli(row.getLong(9)),
                        StoredEnvelope.of(envelope == null ? new byte[0] : envelope),
                        new DamagedBlobs.Damage(0, nowhere, "the row that says where its octets are is missing")));
            }
        }
    }

    private void giveUp(DamagedMessages.Lost message) throws IOException {
        Optional<Path> salvaged = Optional.empty();
        if (expungeUnreadable) {
            salvaged = salvage(message);
            expunge(message);
        }
        AUDIT.warn(
                "repair: {}: cannot be read: {}{}",
                message.place(),
                message.damage().how(),
                expungeUnreadable ? "; expunged, kept in " + salvaged.orElse(null) : "");
        lost.add(new RepairReport.Lost(
                message.place(),
                message.entrySize(),
                message.internalDate(),
                message.envelope().subject(),
                message.envelope().messageId(),
                message.damage().how(),
                salvaged,
                expungeUnreadable));
    }

    /// What of the octets the file still has, right or wrong: people can tell.
    private Optional<Path> salvage(DamagedMessages.Lost message) throws IOException {
        BlobReference blob = message.damage().blob();
        Path segment = segments.path(blob.node() + "-" + blob.segment());
        if (blob.node() == 0 || !Files.exists(segment)) {
            return Optional.empty();
        }
        Path kept = directory
                .resolve("lost+found")
                .resolve(message.mailbox() + "-" + Integer.toUnsignedString(message.uid()) + ".eml");
        Files.deleteIfExists(kept);
        try (FileChannel from = FileChannel.open(segment, StandardOpenOption.READ)) {
            long payload = SegmentRecord.payload(from, blob);
            long length = Math.clamp(from.size() - payload, 0, blob.length());
            if (length == 0) {
                return Optional.empty();
            }
            BackupFiles.write(kept, out -> {
                ByteBuffer piece = ByteBuffer.allocate(64 * 1024);
                for (long at = payload; at < payload + length; ) {
                    piece.clear().limit((int) Math.min(piece.capacity(), payload + length - at));
                    int count = from.read(piece, at);
                    if (count < 0) {
                        return;
                    }
                    out.write(piece.array(), 0, count);
                    at += count;
                }
            });
        }
        return Optional.of(kept);
    }

    /// As a client's EXPUNGE: with a MODSEQ of its own, so that clients see it go.
    private void expunge(DamagedMessages.Lost message) {
        database.change(connection -> {
            Optional<MailboxState> state = MailboxRows.load(connection, message.mailbox());
            if (state.isEmpty() || !UidSet.contains(state.get().uids(), message.uid())) {
                return;
            }
            MailboxRows.insertRemoved(
                    connection,
                    message.mailbox(),
                    new Mutation.Removed(state.get().headModSeq + 1, new int[] {message.uid()}, null));
            MailboxRows.charge(connection, message.account(), -message.entrySize(), -1);
        });
    }

    // ---- counts

    private void repairReferences(Connection connection) throws SQLException {
        var entries = new ReferenceCounts();
        try (PreparedStatement select =
                        connection.prepareStatement("select distinct " + EntryId.MAILBOX + " from entry");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                MailboxVerifier.countReferences(connection, entries, row.getLong(1));
            }
        }
        var messages = new ReferenceCounts();
        recount(connection, "message", entries, "blob", messages);
        recount(connection, "blob", messages, "0", new ReferenceCounts());
    }

    /// Sets the reference counts of a table, and takes away what nobody names.
    private void recount(
            Connection connection, String table, ReferenceCounts named, String names, ReferenceCounts counting)
            throws SQLException {
        long last = 0;
        int read;
        int corrected = 0;
        int removed = 0;
        do {
            read = 0;
            try (PreparedStatement select =
                    connection.prepareStatement("select id, reference_count, " + names + " from " + table
                            + " where id > ? order by id fetch first " + MailboxVerifier.PAGE + " rows only")) {
                select.setLong(1, last);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        last = row.getLong(1);
                        int count = named.of(last);
                        if (count == 0) {
                            removed += MailboxRows.update(connection, "delete from " + table + " where id = ?", last);
                            continue;
                        }
                        if (names.equals("blob")) {
                            counting.add(row.getLong(3));
                        }
                        if (count != row.getInt(2)) {
                            corrected += MailboxRows.update(
                                    connection,
                                    "update " + table + " set reference_count = ? where id = ?",
                                    count,
                                    last);
                        }
                    }
                }
            }
        } while (read == MailboxVerifier.PAGE);
        if (corrected > 0) {
            mend(Finding.Place.STORE, "reference counts of " + table + " rows, counted again: " + corrected);
        }
        if (removed > 0) {
            mend(Finding.Place.STORE, table + " rows that nobody names, taken away: " + removed);
        }
    }

    private void repairQuotas(Connection connection) throws SQLException {
        Map<Long, long[]> used = new HashMap<>();
        for (MailboxVerifier.Row row : mailboxes(connection)) {
            Optional<MailboxState> state = MailboxRows.load(connection, row.id());
            if (state.isPresent()) {
                MailboxStatus status = state.get().status();
                long[] sum = used.computeIfAbsent(row.account(), _ -> new long[2]);
                sum[0] += status.size();
                sum[1] += status.messages();
            }
        }
        try (PreparedStatement select = connection.prepareStatement(
                        "select a.id, a.local_part, d.name, a.used_octets, a.used_messages from account a"
                                + " join domain d on d.id = a.domain");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                long[] sum = used.getOrDefault(row.getLong(1), new long[2]);
                if (sum[0] != row.getLong(4) || sum[1] != row.getLong(5)) {
                    MailboxRows.update(
                            connection,
                            "update account set used_octets = ?, used_messages = ? where id = ?",
                            sum[0],
                            sum[1],
                            row.getLong(1));
                    mend(
                            Finding.Place.ofAccount(row.getString(2) + "@" + row.getString(3)),
                            "counted again: %d octets in %d messages, not %d in %d"
                                    .formatted(sum[0], sum[1], row.getLong(4), row.getLong(5)));
                }
            }
        }
    }
}
