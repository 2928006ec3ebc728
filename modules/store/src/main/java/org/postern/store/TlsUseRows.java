package org.postern.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.postern.auth.AccountId;

/// Ways to reach accounts, as rows.
final class TlsUseRows {
    /// Of one account. A program that calls itself something else each day must not fill the database.
    static final int MOST = 100;

    private TlsUseRows() {}

    /// Adds to what is known. Nothing where the account is gone.
    static void add(Connection connection, AccountId account, TlsWay way, long firstDay, long lastDay, long sessions)
            throws SQLException {
        byte[] digest = digest(way);
        try (PreparedStatement update = connection.prepareStatement(
                "update tls_use set first_day = least(first_day, ?), last_day = greatest(last_day, ?),"
                        + " sessions = sessions + ? where account = ? and way_digest = ?")) {
            update.setLong(1, firstDay);
            update.setLong(2, lastDay);
            update.setLong(3, sessions);
            update.setLong(4, account.value());
            update.setBytes(5, digest);
            if (update.executeUpdate() > 0) {
                return;
            }
        }
        insert(connection, account, way, digest, firstDay, lastDay, sessions);
        forgetOldest(connection, account);
    }

    private static void insert(
            Connection connection,
            AccountId account,
            TlsWay way,
            byte[] digest,
            long firstDay,
            long lastDay,
            long sessions)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into tls_use (account, way_digest, service, implicit_tls, version, cipher_suite, server_name,"
                        + " mechanism, client, first_day, last_day, sessions)"
                        + " select id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? from account where id = ?")) {
            insert.setBytes(1, digest);
            insert.setString(2, way.service());
            insert.setBoolean(3, way.implicit());
            insert.setString(4, way.version());
            insert.setString(5, way.cipherSuite());
            insert.setBoolean(6, way.serverName());
            insert.setString(7, way.mechanism());
            insert.setString(8, way.client());
            insert.setLong(9, firstDay);
            insert.setLong(10, lastDay);
            insert.setLong(11, sessions);
            insert.setLong(12, account.value());
            insert.executeUpdate();
        }
    }

    private static void forgetOldest(Connection connection, AccountId account) throws SQLException {
        List<byte[]> tooMany = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select way_digest from tls_use where account = ? order by last_day desc, first_day desc, way_digest"
                        + " offset ? rows")) {
            select.setLong(1, account.value());
            select.setLong(2, MOST);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    tooMany.add(row.getBytes(1));
                }
            }
        }
        for (byte[] digest : tooMany) {
            try (PreparedStatement delete =
                    connection.prepareStatement("delete from tls_use where account = ? and way_digest = ?")) {
                delete.setLong(1, account.value());
                delete.setBytes(2, digest);
                delete.executeUpdate();
            }
        }
    }

    static void forgetBefore(Connection connection, long day) throws SQLException {
        MailboxRows.update(connection, "delete from tls_use where last_day < ?", day);
    }

    static List<TlsUse> since(Connection connection, long day) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select a.local_part, d.name, u.service, u.implicit_tls, u.version, u.cipher_suite, u.server_name,"
                        + " u.mechanism, u.client, u.first_day, u.last_day, u.sessions from tls_use u"
                        + " join account a on a.id = u.account join domain d on d.id = a.domain where u.last_day >= ?"
                        + " order by d.name, a.local_key, u.last_day desc, u.sessions desc, u.way_digest")) {
            select.setLong(1, day);
            try (ResultSet row = select.executeQuery()) {
                List<TlsUse> found = new ArrayList<>();
                while (row.next()) {
                    found.add(new TlsUse(
                            row.getString(1) + "@" + row.getString(2),
                            new TlsWay(
                                    row.getString(3),
                                    row.getBoolean(4),
                                    row.getString(5),
                                    row.getString(6),
                                    row.getBoolean(7),
                                    row.getString(8),
                                    row.getString(9)),
                            LocalDate.ofEpochDay(row.getLong(10)),
                            LocalDate.ofEpochDay(row.getLong(11)),
                            row.getLong(12)));
                }
                return found;
            }
        }
    }

    private static byte[] digest(TlsWay way) {
        MessageDigest digest = BackupManifest.sha256();
        for (String part : List.of(
                way.service(),
                String.valueOf(way.implicit()),
                way.version(),
                way.cipherSuite(),
                String.valueOf(way.serverName()),
                way.mechanism(),
                way.client())) {
            digest.update(part.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0); // none of them holds one
        }
        return digest.digest();
    }
}
