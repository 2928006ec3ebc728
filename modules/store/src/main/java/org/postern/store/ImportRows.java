package org.postern.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The SQL of imports. Every method runs inside its caller's transaction.
final class ImportRows {
    private static final int IDENTITY = 16; // octets: 100 million messages collide with a chance of 10^-23

    private ImportRows() {}

    static byte[] key(MailboxName name, byte[] identity) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(name.value().getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return Arrays.copyOf(digest.digest(identity), IDENTITY);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    // ---- UIDVALIDITYs

    static long counter(Connection connection, long account) throws SQLException {
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

    static boolean isReserved(Connection connection, long account, long uidValidity) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select 1 from import_reservation where account = ? and above < ? and up_to >= ?")) {
            select.setLong(1, account);
            select.setLong(2, uidValidity);
            select.setLong(3, uidValidity);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    /// From here on the account's own UIDVALIDITYs lie above the number; those that nobody was given yet are for
    /// imports.
    static void reserve(Connection connection, long account, long upTo) throws SQLException {
        long counter = counter(connection, account);
        if (counter >= upTo) {
            return;
        }
        MailboxRows.update(
                connection,
                "insert into import_reservation (account, above, up_to) values (?, ?, ?)",
                account,
                counter,
                upTo);
        MailboxRows.update(connection, "update account set uid_validity = ? where id = ?", upTo, account);
    }

    /// To whom an import gave a UIDVALIDITY.
    record Given(byte[] nameDigest, long mailbox) {}

    static Optional<Given> given(Connection connection, long account, long uidValidity) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select name_digest, mailbox from import_mailbox where account = ? and uid_validity = ?")) {
            select.setLong(1, account);
            select.setLong(2, uidValidity);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(new Given(row.getBytes(1), row.getLong(2))) : Optional.empty();
            }
        }
    }

    static boolean keepsUids(Connection connection, long mailbox) throws SQLException {
        return exists(connection, "select 1 from import_mailbox where mailbox = ?", mailbox);
    }

    /// True for a mailbox that is there, hidden or not.
    static boolean isThere(Connection connection, long mailbox) throws SQLException {
        return exists(connection, "select 1 from mailbox where id = ? and removed = false", mailbox);
    }

    static boolean isHidden(Connection connection, long mailbox) throws SQLException {
        return exists(connection, "select 1 from mailbox where id = ? and importing = true", mailbox);
    }

    private static boolean exists(Connection connection, String sql, long value) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setLong(1, value);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    // ---- hidden mailboxes

    /// @param kept numbers that are never given again, by nobody
    static long insertHidden(Connection connection, long account, MailboxName name, Import.Kept kept)
            throws SQLException {
        long uidValidity = kept.uidValidity();
        MailboxRows.update(
                connection,
                "update account set uid_validity = ? where id = ? and uid_validity < ?",
                uidValidity,
                account,
                uidValidity);
        MailboxRows.update(
                connection, "delete from import_mailbox where account = ? and uid_validity = ?", account, uidValidity);
        long modSeq = Math.max(1, kept.modSeq());
        long id;
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into mailbox (account, name, name_digest, special_use, uid_validity, uid_next, modseq,"
                        + " recent_uid, snapshot_uid, snapshot_modseq, expunge_floor, removed, importing)"
                        + " values (?, ?, ?, null, ?, 1, ?, 1, 0, 0, ?, false, true)",
                new String[] {"id"})) {
            insert.setLong(1, account);
            insert.setString(2, name.value());
            insert.setBytes(3, ("importing " + uidValidity).getBytes(StandardCharsets.US_ASCII));
            insert.setLong(4, uidValidity);
            insert.setLong(5, modSeq);
            insert.setLong(6, kept.modSeq());
            insert.executeUpdate();
            id = MailboxRows.generatedKey(insert);
        }
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into import_mailbox (account, uid_validity, name_digest, mailbox) values (?, ?, ?, ?)")) {
            insert.setLong(1, account);
            insert.setLong(2, uidValidity);
            insert.setBytes(3, MailboxRows.digest(name));
            insert.setLong(4, id);
            insert.executeUpdate();
        }
        return id;
    }

    static void show(Connection connection, long mailbox, MailboxName name, Optional<SpecialUse> use)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "update mailbox set name_digest = ?, special_use = ?, importing = false where id = ?")) {
            update.setBytes(1, MailboxRows.digest(name));
            update.setString(2, use.map(Enum::name).orElse(null));
            update.setLong(3, mailbox);
            update.executeUpdate();
        }
    }

    static List<Long> hidden(Connection connection, long account) throws SQLException {
        List<Long> hidden = new java.util.ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select id from mailbox where account = ? and importing = true and removed = false")) {
            select.setLong(1, account);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    hidden.add(row.getLong(1));
                }
            }
        }
        return hidden;
    }

    static void setUidNext(Connection connection, long mailbox, long uidNext) throws SQLException {
        MailboxRows.update(connection, "update mailbox set uid_next = ? where id = ?", uidNext, mailbox);
    }

    /// Where no other mailbox has it.
    static void setSpecialUseIfFree(Connection connection, long account, long mailbox, SpecialUse use)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("update mailbox set special_use = ? where id = ?"
                + " and special_use is null and not exists (select 1 from mailbox other where other.account = ?"
                + " and other.special_use = ? and other.removed = false)")) {
            update.setString(1, use.name());
            update.setLong(2, mailbox);
            update.setLong(3, account);
            update.setString(4, use.name());
            update.executeUpdate();
        }
    }

    static void setSpecialUse(Connection connection, long account, long mailbox, SpecialUse use) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("update mailbox set special_use = case when id = ? then ? else null end"
                        + " where account = ? and (special_use = ? or id = ?)")) {
            update.setLong(1, mailbox);
            update.setString(2, use.name());
            update.setLong(3, account);
            update.setString(4, use.name());
            update.setLong(5, mailbox);
            update.executeUpdate();
        }
    }

    // ---- what was imported

    /// @param there true for those only whose mailbox is there
    static boolean[] known(Connection connection, long account, List<byte[]> keys, boolean there) throws SQLException {
        boolean[] known = new boolean[keys.size()];
        try (PreparedStatement select = connection.prepareStatement(
                there
                        ? "select 1 from imported i join mailbox m on m.id = i.mailbox"
                                + " where i.account = ? and i.identity = ? and m.removed = false"
                        : "select 1 from imported where account = ? and identity = ?")) {
            for (int index = 0; index < known.length; index++) {
                select.setLong(1, account);
                select.setBytes(2, keys.get(index));
                try (ResultSet row = select.executeQuery()) {
                    known[index] = row.next();
                }
            }
        }
        return known;
    }

    static void insertImported(Connection connection, long account, long mailbox, List<byte[]> keys)
            throws SQLException {
        try (PreparedStatement delete =
                        connection.prepareStatement("delete from imported where account = ? and identity = ?");
                PreparedStatement insert = connection.prepareStatement(
                        "insert into imported (account, identity, mailbox) values (?, ?, ?)")) {
            for (byte[] key : keys) {
                delete.setLong(1, account); // went to a mailbox that is gone
                delete.setBytes(2, key);
                delete.addBatch();
                insert.setLong(1, account);
                insert.setBytes(2, key);
                insert.setLong(3, mailbox);
                insert.addBatch();
            }
            delete.executeBatch();
            insert.executeBatch();
        }
    }

    /// All that is known of an account's imports but for the UIDVALIDITYs that were given.
    static void forget(Connection connection, long account) throws SQLException {
        MailboxRows.update(connection, "delete from imported where account = ?", account);
    }

    static void removeAll(Connection connection, long account) throws SQLException {
        forget(connection, account);
        MailboxRows.update(connection, "delete from import_mailbox where account = ?", account);
        MailboxRows.update(connection, "delete from import_reservation where account = ?", account);
    }
}
