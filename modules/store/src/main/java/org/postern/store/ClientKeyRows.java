package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.postern.auth.AccountId;

/// Keys of clients as rows.
final class ClientKeyRows {
    private static final int MOST = 50; // of one account
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private ClientKeyRows() {}

    static void add(Connection connection, AccountId account, ClientKey key) throws SQLException {
        if (!NAME.matcher(key.name()).matches()) {
            throw new AccountException("the name of a client key has 1 to 64 letters, digits, and - . _");
        }
        List<ClientKey> present = of(connection, account);
        for (ClientKey other : present) {
            if (other.name().equals(key.name())) {
                throw new AccountException("the account has a client key " + key.name() + " already");
            }
            if (Arrays.equals(other.digest(), key.digest())) {
                throw new AccountException("the account has this client key already, as " + other.name());
            }
        }
        if (present.size() >= MOST) {
            throw new AccountException("an account has at most " + MOST + " client keys");
        }
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into client_key (account, name, digest, created) values (?, ?, ?, ?)")) {
            insert.setLong(1, account.value());
            insert.setString(2, key.name());
            insert.setBytes(3, key.digest());
            insert.setLong(4, key.created().toEpochMilli());
            insert.executeUpdate();
        }
    }

    static void remove(Connection connection, AccountId account, String name) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("delete from client_key where account = ? and name = ?")) {
            delete.setLong(1, account.value());
            delete.setString(2, name);
            if (delete.executeUpdate() == 0) {
                throw new AccountException("the account has no client key " + name);
            }
        }
    }

    static List<ClientKey> of(Connection connection, AccountId account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select name, digest, created from client_key where account = ? order by name")) {
            select.setLong(1, account.value());
            try (ResultSet row = select.executeQuery()) {
                List<ClientKey> found = new ArrayList<>();
                while (row.next()) {
                    found.add(new ClientKey(row.getString(1), row.getBytes(2), Instant.ofEpochMilli(row.getLong(3))));
                }
                return found;
            }
        }
    }

    /// The addresses of accounts that a key is registered for.
    static List<String> addresses(Connection connection, byte[] digest) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select a.local_part, d.name from client_key k join account a on a.id = k.account"
                        + " join domain d on d.id = a.domain where k.digest = ? order by a.id")) {
            select.setBytes(1, digest);
            try (ResultSet row = select.executeQuery()) {
                List<String> found = new ArrayList<>();
                while (row.next()) {
                    found.add(row.getString(1) + "@" + row.getString(2));
                }
                return found;
            }
        }
    }

    static boolean any(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select 1 from client_key limit 1");
                ResultSet row = select.executeQuery()) {
            return row.next();
        }
    }
}
