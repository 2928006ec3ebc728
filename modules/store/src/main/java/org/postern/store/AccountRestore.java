package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;

/// Makes an account again as a backup has it: credentials, app passwords, limits, aliases, and an empty INBOX. In one
/// transaction of its caller.
final class AccountRestore {
    private final Connection connection;
    private final SavedAccount saved;
    private final boolean sameOrigin;
    private final List<String> notes = new ArrayList<>();

    /// @param notes what could not be brought back
    record Restored(AccountId account, List<String> notes) {}

    AccountRestore(Connection connection, SavedAccount saved, boolean sameOrigin) {
        this.connection = connection;
        this.saved = saved;
        this.sameOrigin = sameOrigin;
    }

    /// @throws AccountException where its address is taken, or its domain is not ours
    Restored run() throws SQLException {
        Address address = Address.of(saved.address());
        long domain = require(connection, address);
        var account = new AccountId(insert(domain, address));
        if (saved.ownQuota()) {
            QuotaRows.set(connection, account, saved.quota());
        } else {
            QuotaRows.followDomain(connection, account);
        }
        for (AppPassword password : saved.appPasswords()) {
            AppPasswordRows.add(connection, account, password);
        }
        MailboxStore.insertSubscribed(connection, account.value(), MailboxName.INBOX, Optional.empty());
        for (String alias : saved.aliases()) {
            alias(alias, address);
        }
        return new Restored(account, notes);
    }

    /// The domain of an address that an account can be made of.
    /// @throws AccountException where there is an alias of its name, or its domain is not ours
    static long require(Connection connection, Address address) throws SQLException {
        long domain = DomainRows.require(connection, address.domain());
        if (!AliasStore.targetsOf(connection, domain, address.localKey()).isEmpty()) {
            throw new AccountException("there is an alias " + address + ": remove it first");
        }
        return domain;
    }

    private long insert(long domain, Address address) throws SQLException {
        long retired = AccountStore.retiredUidValidity(connection, address);
        long now = System.currentTimeMillis();
        // the account may have gone on after the backup, and its removal may have been undone by a restore
        long last = Math.max(saved.uidValidity() + Restore.GAP, Math.max(retired, now / 1000 & 0x3fff_ffffL));
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into account (domain, local_part, local_key, enabled, password_hash, scram_salt,"
                        + " scram_iterations, scram_stored_key, scram_server_key, credential_version, used_octets,"
                        + " used_messages, uid_validity, created, sent_copy)"
                        + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0, ?, ?, ?)",
                new String[] {"id"})) {
            insert.setLong(1, domain);
            insert.setString(2, address.localPart());
            insert.setString(3, address.localKey());
            insert.setBoolean(4, saved.enabled());
            AccountStore.bindCredentials(insert, 5, saved.passwordHash(), saved.scram());
            insert.setLong(10, last);
            insert.setLong(11, now);
            insert.setBoolean(12, saved.sentCopy());
            insert.executeUpdate();
            long id = MailboxRows.generatedKey(insert);
            if (!sameOrigin && saved.uidValidity() > retired) {
                // nobody has seen any of them here
                MailboxRows.update(
                        connection,
                        "insert into import_reservation (account, above, up_to) values (?, ?, ?)",
                        id,
                        retired,
                        saved.uidValidity());
            }
            return id;
        }
    }

    /// Those that stayed behind lead to it again by themselves.
    private void alias(String text, Address target) throws SQLException {
        boolean catchAll = text.startsWith("@");
        Address alias = catchAll ? new Address("", DomainRows.checked(text.substring(1))) : Address.of(text);
        Optional<Long> domain = DomainRows.id(connection, alias.domain());
        if (domain.isEmpty()) {
            notes.add("alias " + text + " was left out: there is no domain " + alias.domain() + " any more");
            return;
        }
        List<String> targets = AliasStore.targetsOf(connection, domain.get(), alias.localKey());
        if (targets.stream()
                .anyMatch(each -> Address.of(each).localKey().equals(target.localKey())
                        && Address.of(each).domain().equals(target.domain()))) {
            return;
        }
        if (!catchAll && AccountStore.row(connection, alias).isPresent()) {
            notes.add("alias " + text + " was left out: there is an account of that address now");
            return;
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into alias (domain, local_key, target) values (?, ?, ?)")) {
            insert.setLong(1, domain.get());
            insert.setString(2, alias.localKey());
            insert.setString(3, target.toString());
            insert.executeUpdate();
        }
    }
}
