package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountId;

/// Aliases, and where an address leads: to its account, with or without detail, by aliases, or by a catch-all.
final class AliasStore {
    /// Aliases may lead to aliases this far.
    private static final int MOST_HOPS = 10;

    private final Database database;
    private final AccountChanges changes;
    private final StoreSettings settings;

    AliasStore(Database database, AccountChanges changes, StoreSettings settings) {
        this.database = database;
        this.changes = changes;
        this.settings = settings;
    }

    void addAlias(String text, String targetText) {
        Address target = Address.of(targetText);
        boolean catchAll = text.startsWith("@");
        Address alias = catchAll ? new Address("", DomainRows.checked(text.substring(1))) : Address.of(text);
        changes.change(connection -> {
            long domain = DomainRows.require(connection, alias.domain());
            if (!catchAll && AccountStore.row(connection, alias).isPresent()) {
                throw new AccountException("there is an account " + alias + ": an alias would hide it");
            }
            if (targetsOf(connection, domain, alias.localKey()).contains(target.toString())) {
                throw new AccountException("alias " + alias + " leads to " + target + " already");
            }
            try (PreparedStatement insert =
                    connection.prepareStatement("insert into alias (domain, local_key, target) values (?, ?, ?)")) {
                insert.setLong(1, domain);
                insert.setString(2, alias.localKey());
                insert.setString(3, target.toString());
                insert.executeUpdate();
            }
            var reached = new Reached();
            if (!follow(connection, target, reached, MOST_HOPS)) {
                throw new AccountException("alias " + alias + " would lead back to itself, or through more than "
                        + MOST_HOPS + " aliases");
            }
            if (reached.accounts().isEmpty()) {
                throw new AccountException("the target " + target + " is no local account or alias");
            }
        });
    }

    void removeAlias(String text, String targetText) {
        Address target = Address.of(targetText);
        Address alias =
                text.startsWith("@") ? new Address("", DomainRows.checked(text.substring(1))) : Address.of(text);
        changes.change(connection -> {
            try (PreparedStatement delete = connection.prepareStatement(
                    "delete from alias where domain = ? and local_key = ? and target = ?")) {
                delete.setLong(1, DomainRows.require(connection, alias.domain()));
                delete.setString(2, alias.localKey());
                delete.setString(3, target.toString());
                if (delete.executeUpdate() == 0) {
                    throw new AccountException("there is no alias " + alias + " to " + target);
                }
            }
        });
    }

    List<Accounts.Alias> aliases() {
        return database.read(connection -> {
            List<Accounts.Alias> all = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement(
                            "select l.local_key, d.name, l.target from alias l join domain d on d.id = l.domain"
                                    + " order by d.name, l.local_key, l.target");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(new Accounts.Alias(row.getString(1) + "@" + row.getString(2), row.getString(3)));
                }
            }
            return all;
        });
    }

    static List<String> targetsOf(Connection connection, long domain, String localKey) throws SQLException {
        List<String> targets = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select target from alias where domain = ? and local_key = ? order by target")) {
            select.setLong(1, domain);
            select.setString(2, localKey);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    targets.add(row.getString(1));
                }
            }
        }
        return targets;
    }

    /// What an address leads to, as far as it was followed.
    ///
    /// @param finished addresses followed to their end: many ways may lead to one, and it is looked at once
    private record Reached(Set<Accounts.AccountInformation> accounts, Set<String> finished) {
        Reached() {
            this(new LinkedHashSet<>(), new HashSet<>());
        }

        boolean holds(AccountId account) {
            return accounts.stream().anyMatch(each -> each.id().equals(account));
        }
    }

    /// Collects the accounts that an address leads to: its own, with or without detail, or by aliases; a
    /// catch-all last. False if aliases go in a circle.
    private boolean follow(Connection connection, Address address, Reached reached, int hops) throws SQLException {
        if (hops == 0) {
            return false;
        }
        String key = address.localKey() + "@" + address.domain();
        if (reached.finished().contains(key)) {
            return true;
        }
        boolean ended = followAll(connection, targets(connection, address, reached), reached, hops);
        reached.finished().add(key);
        return ended;
    }

    private boolean followAll(Connection connection, List<String> targets, Reached reached, int hops)
            throws SQLException {
        for (String target : targets) {
            if (!follow(connection, Address.of(target), reached, hops - 1)) {
                return false;
            }
        }
        return true;
    }

    /// The next addresses on the way; none at its end, with the account put into `reached` if there is one.
    private List<String> targets(Connection connection, Address address, Reached reached) throws SQLException {
        Optional<Long> domain = DomainRows.id(connection, address.domain());
        if (domain.isEmpty()) {
            return List.of();
        }
        for (Address candidate : List.of(address, address.withoutDetail(settings.detailSeparator()))) {
            Optional<Accounts.AccountInformation> account = AccountStore.row(connection, candidate);
            if (account.isPresent()) {
                reached.accounts().add(account.get());
                return List.of();
            }
            List<String> targets = targetsOf(connection, domain.get(), candidate.localKey());
            if (!targets.isEmpty()) {
                return targets;
            }
        }
        return targetsOf(connection, domain.get(), "");
    }

    /// What the store says of a recipient, before its message is read.
    RecipientVerdict resolve(String text) {
        Optional<Address> parsed = Address.parse(text);
        return database.read(connection -> {
            if (parsed.isEmpty()) {
                int at = text.lastIndexOf('@');
                boolean local = at >= 0
                        && Address.parseDomain(text.substring(at + 1)).isPresent()
                        && DomainRows.id(
                                        connection,
                                        Address.parseDomain(text.substring(at + 1))
                                                .get())
                                .isPresent();
                return local ? new RecipientVerdict.UnknownUser() : new RecipientVerdict.NotLocal();
            }
            Address address = parsed.get();
            if (DomainRows.id(connection, address.domain()).isEmpty()) {
                return new RecipientVerdict.NotLocal();
            }
            var reached = new Reached();
            if (!follow(connection, address, reached, MOST_HOPS)
                    || reached.accounts().isEmpty()) {
                return new RecipientVerdict.UnknownUser();
            }
            List<Accounts.AccountInformation> enabled = reached.accounts().stream()
                    .filter(Accounts.AccountInformation::enabled)
                    .toList();
            if (enabled.isEmpty()) {
                return new RecipientVerdict.Disabled();
            }
            if (enabled.stream().anyMatch(AliasStore::isFull)) {
                return new RecipientVerdict.OverQuota();
            }
            return new RecipientVerdict.Accepted(
                    text,
                    enabled.stream()
                            .map(account -> new RecipientVerdict.Target(account.id(), account.address()))
                            .toList());
        });
    }

    private static boolean isFull(Accounts.AccountInformation account) {
        return account.quota().bytes().orElse(Long.MAX_VALUE) <= account.usedBytes()
                || account.quota().messages().orElse(Long.MAX_VALUE) <= account.usedMessages();
    }

    boolean owns(AccountId account, String text) {
        Optional<Address> address = Address.parse(text);
        if (address.isEmpty()) {
            return false;
        }
        return database.read(connection -> {
            var reached = new Reached();
            return follow(connection, address.get(), reached, MOST_HOPS) && reached.holds(account);
        });
    }
}
