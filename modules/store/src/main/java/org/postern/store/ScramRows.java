package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.postern.auth.AccountId;
import org.postern.auth.ScramHash;
import org.postern.auth.ScramVerifier;

/// SCRAM verifiers for other hashes than SHA-256, as rows.
final class ScramRows {
    private ScramRows() {}

    /// Unless the password is another by now: then its salt is another, too.
    static void add(Connection connection, AccountId account, ScramHash hash, ScramVerifier verifier)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into scram_verifier (account, hash, stored_key, server_key) select id, ?, ?, ? from account"
                        + " where id = ? and scram_salt = ? and not exists"
                        + " (select 1 from scram_verifier v where v.account = account.id and v.hash = ?)")) {
            insert.setString(1, hash.name());
            insert.setBytes(2, verifier.storedKey());
            insert.setBytes(3, verifier.serverKey());
            insert.setLong(4, account.value());
            insert.setBytes(5, verifier.salt());
            insert.setString(6, hash.name());
            insert.executeUpdate();
        }
    }

    /// @param main the account's own, which has salt and iterations
    static Map<ScramHash, ScramVerifier> of(Connection connection, AccountId account, ScramVerifier main)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select hash, stored_key, server_key from scram_verifier where account = ?")) {
            select.setLong(1, account.value());
            try (ResultSet row = select.executeQuery()) {
                Map<ScramHash, ScramVerifier> found = new EnumMap<>(ScramHash.class);
                while (row.next()) {
                    found.put(
                            ScramHash.valueOf(row.getString(1)),
                            new ScramVerifier(main.salt(), main.iterations(), row.getBytes(2), row.getBytes(3)));
                }
                return found;
            }
        }
    }

    /// For which hashes accounts have verifiers.
    static Map<AccountId, Set<ScramHash>> all(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select account, hash from scram_verifier");
                ResultSet row = select.executeQuery()) {
            Map<AccountId, Set<ScramHash>> found = new HashMap<>();
            while (row.next()) {
                found.computeIfAbsent(new AccountId(row.getLong(1)), _ -> EnumSet.noneOf(ScramHash.class))
                        .add(ScramHash.valueOf(row.getString(2)));
            }
            return found;
        }
    }

    static void remove(Connection connection, AccountId account) throws SQLException {
        MailboxRows.update(connection, "delete from scram_verifier where account = ?", account.value());
    }

    /// True if there was anything else.
    static boolean removeOthers(Connection connection, Set<ScramHash> kept) throws SQLException {
        int removed = 0;
        for (ScramHash hash : ScramHash.values()) {
            if (!kept.contains(hash)) {
                try (PreparedStatement delete =
                        connection.prepareStatement("delete from scram_verifier where hash = ?")) {
                    delete.setString(1, hash.name());
                    removed += delete.executeUpdate();
                }
            }
        }
        return removed > 0;
    }
}
