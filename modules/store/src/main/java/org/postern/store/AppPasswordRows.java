package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;

/// App passwords as rows.
final class AppPasswordRows {
    private static final int MOST = 50; // of one account
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private AppPasswordRows() {}

    static void add(Connection connection, AccountId account, AppPassword password) throws SQLException {
        if (!NAME.matcher(password.name()).matches()) {
            throw new AccountException("the name of an app password has 1 to 64 letters, digits, and - . _");
        }
        List<AppPassword> present = of(connection, account);
        if (present.stream().anyMatch(other -> other.name().equals(password.name()))) {
            throw new AccountException("the account has an app password " + password.name() + " already");
        }
        if (present.size() >= MOST) {
            throw new AccountException("an account has at most " + MOST + " app passwords");
        }
        try (PreparedStatement insert = connection.prepareStatement("insert into app_password"
                + " (account, name, salt, digest, protocols, expires, created) values (?, ?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, account.value());
            insert.setString(2, password.name());
            insert.setBytes(3, password.salt());
            insert.setBytes(4, password.digest());
            insert.setString(5, String.join(" ", new TreeSet<>(password.protocols())));
            QuotaRows.setOptional(
                    insert,
                    6,
                    password.expires()
                            .map(at -> OptionalLong.of(at.toEpochMilli()))
                            .orElse(OptionalLong.empty()));
            insert.setLong(7, Instant.now().toEpochMilli());
            insert.executeUpdate();
        }
    }

    static void remove(Connection connection, AccountId account, String name) throws SQLException {
        try (PreparedStatement delete =
                connection.prepareStatement("delete from app_password where account = ? and name = ?")) {
            delete.setLong(1, account.value());
            delete.setString(2, name);
            if (delete.executeUpdate() == 0) {
                throw new AccountException("the account has no app password " + name);
            }
        }
    }

    static List<AppPassword> of(Connection connection, AccountId account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select name, salt, digest, protocols, expires from app_password where account = ? order by name")) {
            select.setLong(1, account.value());
            try (ResultSet row = select.executeQuery()) {
                List<AppPassword> found = new ArrayList<>();
                while (row.next()) {
                    OptionalLong expires = QuotaRows.optional(row, 5);
                    found.add(new AppPassword(
                            row.getString(1),
                            row.getBytes(2),
                            row.getBytes(3),
                            Set.of(row.getString(4).split(" ")),
                            expires.isPresent()
                                    ? Optional.of(Instant.ofEpochMilli(expires.getAsLong()))
                                    : Optional.empty()));
                }
                return found;
            }
        }
    }
}
