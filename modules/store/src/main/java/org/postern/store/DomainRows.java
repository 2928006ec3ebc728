package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Mail domains as rows.
final class DomainRows {
    private DomainRows() {}

    static String checked(String domain) {
        return Address.parseDomain(domain)
                .orElseThrow(() -> new AccountException("not a domain name: \"" + domain + "\""));
    }

    static Optional<Long> id(Connection connection, String name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select id from domain where name = ?")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    static long require(Connection connection, String name) throws SQLException {
        return id(connection, name)
                .orElseThrow(() -> new AccountException(
                        "there is no domain " + name + " here: add it first (postern domain add " + name + ")"));
    }

    /// Of one domain, or of all.
    static List<Accounts.DomainInformation> information(Connection connection, Optional<String> name)
            throws SQLException {
        List<Accounts.DomainInformation> all = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("select d.name, d.quota_octets, d.quota_messages,"
                + " (select count(*) from account a where a.domain = d.id),"
                + " (select count(*) from alias l where l.domain = d.id)"
                + " from domain d" + (name.isPresent() ? " where d.name = ?" : " order by d.name"))) {
            if (name.isPresent()) {
                select.setString(1, name.get());
            }
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(new Accounts.DomainInformation(
                            row.getString(1),
                            Address.unicodeDomain(row.getString(1)),
                            new Accounts.Quota(QuotaRows.optional(row, 2), QuotaRows.optional(row, 3)),
                            row.getLong(4),
                            row.getLong(5)));
                }
            }
        }
        return all;
    }
}
