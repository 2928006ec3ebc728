package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.postern.auth.AccountId;

/// What accounts may hold, as rows. An account's row always has the limits that apply to it: its own, or a copy of its
/// domain's default. So a delivery looks at one row.
final class QuotaRows {
    private static final String COPY = "update account set own_quota = false,"
            + " quota_octets = (select d.quota_octets from domain d where d.id = account.domain),"
            + " quota_messages = (select d.quota_messages from domain d where d.id = account.domain)";

    private QuotaRows() {}

    /// Gives an account limits of its own.
    ///
    /// @return how many accounts there are of this id
    static int set(Connection connection, AccountId account, Accounts.Quota quota) throws SQLException {
        return update(
                connection,
                "update account set quota_octets = ?, quota_messages = ?, own_quota = true where id = ?",
                quota,
                account.value());
    }

    /// Gives it those of its domain.
    ///
    /// @return how many accounts there are of this id
    static int followDomain(Connection connection, AccountId account) throws SQLException {
        return MailboxRows.update(connection, COPY + " where id = ?", account.value());
    }

    /// Changes the default of a domain, and with it the accounts that have no limits of their own.
    static void setDefault(Connection connection, long domain, Accounts.Quota quota) throws SQLException {
        update(connection, "update domain set quota_octets = ?, quota_messages = ? where id = ?", quota, domain);
        MailboxRows.update(connection, COPY + " where domain = ? and own_quota = false", domain);
    }

    private static int update(Connection connection, String sql, Accounts.Quota quota, long id) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            setOptional(update, 1, quota.bytes());
            setOptional(update, 2, quota.messages());
            update.setLong(3, id);
            return update.executeUpdate();
        }
    }

    static void setOptional(PreparedStatement statement, int index, OptionalLong value) throws SQLException {
        if (value.isPresent()) {
            statement.setLong(index, value.getAsLong());
        } else {
            statement.setNull(index, java.sql.Types.BIGINT);
        }
    }

    static OptionalLong optional(ResultSet row, int column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
