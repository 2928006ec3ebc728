package org.postern.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The SQL of mailboxes, entries and journals. Every method runs inside its caller's transaction.
final class MailboxRows {
    private static final int FLAGGED = 1;
    private static final int REMOVED = 2;

    private MailboxRows() {}

    static byte[] digest(MailboxName name) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(name.value().getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    static Optional<Long> find(Connection connection, long account, MailboxName name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select id from mailbox where account = ? and name_digest = ? and removed = false")) {
            select.setLong(1, account);
            select.setBytes(2, digest(name));
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    /// One mailbox's place in the tree.
    record Named(long id, MailboxName name, Optional<SpecialUse> specialUse) {}

    static List<Named> all(Connection connection, long account) throws SQLException {
        List<Named> all = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select id, name, special_use from mailbox where account = ? and removed = false"
                        + " and importing = false")) {
            select.setLong(1, account);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(new Named(
                            row.getLong(1),
                            new MailboxName(row.getString(2)),
                            Optional.ofNullable(row.getString(3)).map(SpecialUse::valueOf)));
                }
            }
        }
        return all;
    }

    static long insert(Connection connection, long account, MailboxName name, Optional<SpecialUse> specialUse)
            throws SQLException {
        long uidValidity = nextUidValidity(connection, account);
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into mailbox (account, name, name_digest, special_use, uid_validity, uid_next, modseq,"
                        + " recent_uid, snapshot_uid, snapshot_modseq, expunge_floor, removed)"
                        + " values (?, ?, ?, ?, ?, 1, 1, 1, 0, 0, 0, false)",
                new String[] {"id"})) {
            insert.setLong(1, account);
            insert.setString(2, name.value());
            insert.setBytes(3, digest(name));
            insert.setString(4, specialUse.map(Enum::name).orElse(null));
            insert.setLong(5, uidValidity);
            insert.executeUpdate();
            return generatedKey(insert);
        }
    }

    /// RFC 3501 §2.3.1.1: a name that comes back must not bring old UIDs with it; a counter, never the clock.
    private static long nextUidValidity(Connection connection, long account) throws SQLException {
        update(connection, "update account set uid_validity = uid_validity + 1 where id = ?", account);
        try (PreparedStatement select = connection.prepareStatement("select uid_validity from account where id = ?")) {
            select.setLong(1, account);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new MailboxException(MailboxException.Reason.GONE, "the account no longer exists");
                }
                return row.getLong(1);
            }
        }
    }

    static void rename(Connection connection, long mailbox, MailboxName name) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update mailbox set name = ?, name_digest = ? where id = ?")) {
            update.setString(1, name.value());
            update.setBytes(2, digest(name));
            update.setLong(3, mailbox);
            update.executeUpdate();
        }
    }

    /// Frees the mailbox's name at once; its entries go in the background.
    static void markRemoved(Connection connection, long mailbox) throws SQLException {
        retire(connection, mailbox);
        try (PreparedStatement update =
                connection.prepareStatement("update mailbox set removed = true, name_digest = ? where id = ?")) {
            update.setBytes(1, ("removed " + mailbox).getBytes(StandardCharsets.US_ASCII));
            update.setLong(2, mailbox);
            update.executeUpdate();
        }
    }

    /// Remembers how far its numbers had come. Of one that nobody has seen nobody knows them.
    private static void retire(Connection connection, long mailbox) throws SQLException {
        update(
                connection,
                "delete from retired_mailbox where exists (select 1 from mailbox m join account a on a.id = m.account"
                        + " join domain d on d.id = a.domain where m.id = ? and m.uid_next > 1 and m.importing = false"
                        + " and d.name = retired_mailbox.domain"
                        + " and a.local_key = retired_mailbox.local_key"
                        + " and m.uid_validity = retired_mailbox.uid_validity)",
                mailbox);
        update(
                connection,
                "insert into retired_mailbox (domain, local_key, uid_validity, uid_next, modseq)"
                        + " select d.name, a.local_key, m.uid_validity, m.uid_next, m.modseq from mailbox m"
                        + " join account a on a.id = m.account join domain d on d.id = a.domain"
                        + " where m.id = ? and m.uid_next > 1 and m.importing = false",
                mailbox);
    }

    static void setRecent(Connection connection, long mailbox, long recentUid) throws SQLException {
        update(connection, "update mailbox set recent_uid = ? where id = ?", recentUid, mailbox);
    }

    /// Folds snapshot, entries and journal into the state of a mailbox; empty if there is none of that id.
    static Optional<MailboxState> load(Connection connection, long mailbox) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select account, name, uid_validity, uid_next, modseq, recent_uid, snapshot_uid, snapshot_modseq"
                        + " from mailbox where id = ? and removed = false")) {
            select.setLong(1, mailbox);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                var state = new MailboxState(
                        mailbox,
                        row.getLong(1),
                        new MailboxName(row.getString(2)),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6));
                long snapshotUid = row.getLong(7);
                long snapshotModSeq = row.getLong(8);
                loadKeywords(connection, state);
                loadChunks(connection, state);
                loadEntries(connection, state, snapshotUid);
                loadJournal(connection, state, snapshotModSeq);
                state.loaded(snapshotModSeq);
                return Optional.of(state);
            }
        }
    }

    private static void loadKeywords(Connection connection, MailboxState state) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select name from keyword where mailbox = ? order by position")) {
            select.setLong(1, state.id);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    state.addKeyword(row.getString(1));
                }
            }
        }
    }

    private static void loadChunks(Connection connection, MailboxState state) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select state from snapshot_chunk where mailbox = ? order by chunk")) {
            select.setLong(1, state.id);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    SnapshotCodec.decode(row.getBytes(1), state);
                }
            }
        }
    }

    private static void loadEntries(Connection connection, MailboxState state, long after) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select id, message, size, internal_date, zone_offset, flags, modseq from entry"
                        + " where id between ? and ? order by id")) {
            select.setLong(1, EntryId.of(state.id, (int) after) + 1);
            select.setLong(2, EntryId.last(state.id));
            select.setFetchSize(1000);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    state.load(new Mutation.Arrived(
                            row.getLong(7),
                            new int[] {EntryId.uid(row.getLong(1))},
                            new long[] {row.getLong(2)},
                            new int[] {(int) row.getLong(3)},
                            new long[] {row.getLong(4)},
                            new short[] {(short) row.getInt(5)},
                            new long[] {row.getLong(6)}));
                }
            }
        }
    }

    private static void loadJournal(Connection connection, MailboxState state, long after) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select modseq, kind, uids, cleared, added from journal where mailbox = ? and modseq > ?"
                        + " order by modseq")) {
            select.setLong(1, state.id);
            select.setLong(2, after);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    long modSeq = row.getLong(1);
                    int[] uids = UidSet.decode(row.getBytes(3));
                    state.load(
                            row.getInt(2) == FLAGGED
                                    ? new Mutation.Flagged(modSeq, uids, row.getLong(4), row.getLong(5), null)
                                    : new Mutation.Removed(modSeq, uids, null));
                }
            }
        }
    }

    // ---- content

    /// Makes the rows of a content that was just stored: blob and message, the message not yet in any
    /// mailbox.
    static long insertBlob(Connection connection, Content content) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into blob (node, segment, position, length, digest, stored, reference_count)"
                        + " values (?, ?, ?, ?, ?, ?, 0)",
                new String[] {"id"})) {
            insert.setInt(1, content.blob().node());
            insert.setInt(2, content.blob().segment());
            insert.setLong(3, content.blob().position());
            insert.setLong(4, content.blob().length());
            insert.setBytes(5, content.digest());
            insert.setLong(6, content.stored());
            insert.executeUpdate();
            return generatedKey(insert);
        }
    }

    static long insertMessage(Connection connection, long blob, Content content, byte[] prefix) throws SQLException {
        update(connection, "update blob set reference_count = reference_count + 1 where id = ?", blob);
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into message (blob, prefix, size, extractor_version, envelope, body, body_structure, outline,"
                        + " sent_date, reference_count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                new String[] {"id"})) {
            insert.setLong(1, blob);
            insert.setBytes(2, prefix);
            insert.setLong(3, content.extract().size() + prefix.length);
            insert.setInt(4, content.extract().version());
            insert.setBytes(5, content.extract().envelope());
            insert.setBytes(6, content.extract().body());
            insert.setBytes(7, content.extract().bodyStructure());
            insert.setBytes(8, content.extract().outline());
            insert.setInt(9, content.extract().sentDate());
            insert.executeUpdate();
            return generatedKey(insert);
        }
    }

    // ---- changes

    /// Writes messages into a mailbox, and moves its counters on.
    static void insertArrived(Connection connection, long mailbox, Mutation.Arrived arrived) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                        "insert into entry (id, message, size, internal_date, zone_offset, flags, modseq)"
                                + " values (?, ?, ?, ?, ?, ?, ?)");
                PreparedStatement count = connection.prepareStatement(
                        "update message set reference_count = reference_count + 1 where id = ?")) {
            for (int index = 0; index < arrived.uids().length; index++) {
                insert.setLong(1, EntryId.of(mailbox, arrived.uids()[index]));
                insert.setLong(2, arrived.messages()[index]);
                insert.setLong(3, Integer.toUnsignedLong(arrived.sizes()[index]));
                insert.setLong(4, arrived.dates()[index]);
                insert.setInt(5, arrived.zones()[index]);
                insert.setLong(6, arrived.flags()[index]);
                insert.setLong(7, arrived.modSeq());
                insert.addBatch();
                count.setLong(1, arrived.messages()[index]);
                count.addBatch();
            }
            insert.executeBatch();
            count.executeBatch();
        }
        update(
                connection,
                "update mailbox set uid_next = ?, modseq = ? where id = ?",
                Integer.toUnsignedLong(arrived.uids()[arrived.uids().length - 1]) + 1,
                arrived.modSeq(),
                mailbox);
    }

    static void insertFlagged(Connection connection, long mailbox, Mutation.Flagged flagged) throws SQLException {
        insertJournal(
                connection, mailbox, flagged.modSeq(), FLAGGED, flagged.uids(), flagged.cleared(), flagged.added());
    }

    static void insertRemoved(Connection connection, long mailbox, Mutation.Removed expunged) throws SQLException {
        insertJournal(connection, mailbox, expunged.modSeq(), REMOVED, expunged.uids(), 0, 0);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into removal (mailbox, modseq, uids) values (?, ?, ?)")) {
            insert.setLong(1, mailbox);
            insert.setLong(2, expunged.modSeq());
            insert.setBytes(3, UidSet.encode(expunged.uids()));
            insert.executeUpdate();
        }
    }

    private static void insertJournal(
            Connection connection, long mailbox, long modSeq, int kind, int[] uids, long cleared, long added)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into journal (mailbox, modseq, kind, uids, cleared, added, happened)"
                        + " values (?, ?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, mailbox);
            insert.setLong(2, modSeq);
            insert.setInt(3, kind);
            insert.setBytes(4, UidSet.encode(uids));
            insert.setLong(5, cleared);
            insert.setLong(6, added);
            insert.setLong(7, System.currentTimeMillis());
            insert.executeUpdate();
        }
        update(connection, "update mailbox set modseq = ? where id = ?", modSeq, mailbox);
    }

    static void insertKeyword(Connection connection, long mailbox, int position, String name) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("insert into keyword (mailbox, position, name) values (?, ?, ?)")) {
            insert.setLong(1, mailbox);
            insert.setInt(2, position);
            insert.setString(3, name);
            insert.executeUpdate();
        }
    }

    // ---- quota

    /// Counts octets and messages in (positive) or out (negative).
    /// @throws MailboxException OVER_QUOTA if more would be stored than allowed; taking away is always
    ///   allowed
    static void charge(Connection connection, long account, long octets, long messages) throws SQLException {
        count(connection, account, octets, messages);
        if (messages <= 0) {
            return;
        }
        try (PreparedStatement select = connection.prepareStatement(
                "select 1 from account where id = ? and (used_octets > quota_octets or used_messages > quota_messages)")) {
            select.setLong(1, account);
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    throw new MailboxException(MailboxException.Reason.OVER_QUOTA, "the account's quota is used up");
                }
            }
        }
    }

    /// The same, whatever is allowed.
    static void count(Connection connection, long account, long octets, long messages) throws SQLException {
        update(
                connection,
                "update account set used_octets = used_octets + ?, used_messages = used_messages + ? where id = ?",
                octets,
                messages,
                account);
    }

    /// True if one more message of so many octets would be too much for the account.
    static boolean wouldExceed(Connection connection, long account, long octets) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select 1 from account where id = ? and (used_octets + ? > quota_octets"
                        + " or used_messages + 1 > quota_messages)")) {
            select.setLong(1, account);
            select.setLong(2, octets);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    // ---- small help

    static int update(Connection connection, String sql, long... values) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            for (int index = 0; index < values.length; index++) {
                update.setLong(index + 1, values[index]);
            }
            return update.executeUpdate();
        }
    }

    static long generatedKey(PreparedStatement insert) throws SQLException {
        try (ResultSet keys = insert.getGeneratedKeys()) {
            if (!keys.next()) {
                throw new SQLException("the database gave no key");
            }
            return keys.getLong(1);
        }
    }
}
