package org.postern.store;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramVerifier;
import org.postern.auth.StoredCredentials;

/// Domains, accounts and aliases in SQL.
final class AccountStore implements Accounts {
    /// Aliases may lead to aliases this far.
    private static final int MOST_HOPS = 10;

    private static final String ACCOUNT =
            "select a.id, a.local_part, d.name, a.enabled, a.quota_octets, a.quota_messages,"
                    + " a.used_octets, a.used_messages from account a join domain d on d.id = a.domain";

    private static final int MOST_APP_PASSWORDS = 50;
    private static final Pattern APP_PASSWORD_NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

    private final Database database;
    private final Committer committer;
    private final MailboxStore mailboxes;
    private final StoreSettings settings;
    private final byte[] decoyKey;
    private final List<Consumer<AccountId>> revoked = new CopyOnWriteArrayList<>();
    /// Changes are rare and check what they build on: one at a time.
    private final ReentrantLock writers = new ReentrantLock();

    AccountStore(Database database, Committer committer, MailboxStore mailboxes, StoreSettings settings) {
        this.database = database;
        this.committer = committer;
        this.mailboxes = mailboxes;
        this.settings = settings;
        this.decoyKey = changed(connection -> secret(connection, "decoy"));
    }

    /// A secret of this store, made at its first use.
    private static byte[] secret(Connection connection, String name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select content from secret where name = ?")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    return row.getBytes(1);
                }
            }
        }
        byte[] made = new byte[32];
        new SecureRandom().nextBytes(made);
        try (PreparedStatement insert =
                connection.prepareStatement("insert into secret (name, content) values (?, ?)")) {
            insert.setString(1, name);
            insert.setBytes(2, made);
            insert.executeUpdate();
        }
        return made;
    }

    private void change(Database.Change change) {
        changed(connection -> {
            change.run(connection);
            return true;
        });
    }

    /// One change at a time, durable on return.
    private <T> T changed(Database.Work<T> work) {
        committer.requireHealthy();
        T result;
        long ticket;
        writers.lock();
        try {
            result = database.inTransaction(work);
            ticket = committer.submit(() -> {});
        } finally {
            writers.unlock();
        }
        committer.await(ticket);
        return result;
    }

    // ---- domains

    @Override
    public void addDomain(String domain) {
        String name = checkedDomain(domain);
        change(connection -> {
            if (domainId(connection, name).isPresent()) {
                throw new AccountException("domain " + name + " exists already");
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into domain (name) values (?)")) {
                insert.setString(1, name);
                insert.executeUpdate();
            }
        });
    }

    private static String checkedDomain(String domain) {
        return Address.parseDomain(domain)
                .orElseThrow(() -> new AccountException("not a domain name: \"" + domain + "\""));
    }

    @Override
    public void removeDomain(String domain) {
        String name = checkedDomain(domain);
        change(connection -> {
            long id = requireDomain(connection, name);
            if (exists(connection, "select 1 from account where domain = ?", id)) {
                throw new AccountException("domain " + name + " still has accounts: remove them first");
            }
            MailboxRows.update(connection, "delete from alias where domain = ?", id);
            MailboxRows.update(connection, "delete from domain where id = ?", id);
        });
    }

    private static boolean exists(Connection connection, String sql, long value) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setLong(1, value);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private static Optional<Long> domainId(Connection connection, String name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select id from domain where name = ?")) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    private static long requireDomain(Connection connection, String name) throws SQLException {
        return domainId(connection, name)
                .orElseThrow(() -> new AccountException(
                        "there is no domain " + name + " here: add it first (postern domain add " + name + ")"));
    }

    @Override
    public List<String> domains() {
        return database.inTransaction(connection -> {
            List<String> names = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement("select name from domain order by name");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                }
            }
            return names;
        });
    }

    // ---- accounts

    @Override
    public AccountId addAccount(String text, String passwordHash, Optional<ScramVerifier> scram) {
        Address address = Address.of(text);
        if (address.localPart().indexOf(settings.detailSeparator()) > 0) {
            throw new AccountException("an account's local part may not hold '" + settings.detailSeparator()
                    + "', which begins a detail: " + address);
        }
        return changed(connection -> {
            long domain = requireDomain(connection, address.domain());
            if (accountRow(connection, address).isPresent()) {
                throw new AccountException("account " + address + " exists already");
            }
            if (!aliasTargets(connection, domain, address.localKey()).isEmpty()) {
                throw new AccountException("there is an alias " + address + ": remove it first");
            }
            try (PreparedStatement insert = connection.prepareStatement(
                    "insert into account (domain, local_part, local_key, enabled, password_hash, scram_salt,"
                            + " scram_iterations, scram_stored_key, scram_server_key, credential_version, used_octets,"
                            + " used_messages, uid_validity, created) values (?, ?, ?, true, ?, ?, ?, ?, ?, 1, 0, 0, ?, ?)",
                    new String[] {"id"})) {
                insert.setLong(1, domain);
                insert.setString(2, address.localPart());
                insert.setString(3, address.localKey());
                bindCredentials(insert, 4, passwordHash, scram);
                long now = System.currentTimeMillis();
                insert.setLong(9, Math.max(now / 1000 & 0x3fff_ffffL, retiredUidValidity(connection, address)));
                insert.setLong(10, now);
                insert.executeUpdate();
                long id = MailboxRows.generatedKey(insert);
                MailboxStore.insertFirst(connection, id, settings.firstMailboxes());
                return new AccountId(id);
            }
        });
    }

    private static void bindCredentials(
            PreparedStatement statement, int from, String passwordHash, Optional<ScramVerifier> scram)
            throws SQLException {
        statement.setString(from, passwordHash);
        statement.setBytes(from + 1, scram.map(ScramVerifier::salt).orElse(null));
        statement.setObject(from + 2, scram.map(ScramVerifier::iterations).orElse(null), java.sql.Types.INTEGER);
        statement.setBytes(from + 3, scram.map(ScramVerifier::storedKey).orElse(null));
        statement.setBytes(from + 4, scram.map(ScramVerifier::serverKey).orElse(null));
    }

    /// The highest UIDVALIDITY that an account of this address had before: one that comes back starts above it, so that
    /// no client takes new messages for those that it has. (In a new data directory the clock alone has to do.)
    private static long retiredUidValidity(Connection connection, Address address) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select uid_validity from retired union all select uid_validity"
                        + " from retired_account where domain = ? and local_key = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            try (ResultSet row = select.executeQuery()) {
                long highest = 0;
                while (row.next()) {
                    highest = Math.max(highest, row.getLong(1));
                }
                return highest;
            }
        }
    }

    private static void retire(Connection connection, long account) throws SQLException {
        MailboxRows.update(
                connection,
                "delete from retired_account where exists (select 1 from account a join domain d on d.id = a.domain"
                        + " where a.id = ? and d.name = retired_account.domain"
                        + " and a.local_key = retired_account.local_key)",
                account);
        MailboxRows.update(
                connection,
                "insert into retired_account (domain, local_key, uid_validity) select d.name, a.local_key,"
                        + " a.uid_validity from account a join domain d on d.id = a.domain where a.id = ?",
                account);
    }

    @Override
    public void removeAccount(AccountId account) {
        change(connection -> {
            retire(connection, account.value());
            MailboxStore.markAllRemoved(connection, account.value());
            MailboxRows.update(connection, "delete from app_password where account = ?", account.value());
            requireOne(MailboxRows.update(connection, "delete from account where id = ?", account.value()));
        });
        mailboxes.vanishAll(account);
        announceRevoked(account);
    }

    private static void requireOne(int rows) {
        if (rows != 1) {
            throw new AccountException("there is no such account any more");
        }
    }

    @Override
    public void setPassword(AccountId account, String passwordHash, Optional<ScramVerifier> scram) {
        change(connection -> {
            try (PreparedStatement update = connection.prepareStatement(
                    "update account set password_hash = ?, scram_salt = ?, scram_iterations = ?, scram_stored_key = ?,"
                            + " scram_server_key = ?, credential_version = credential_version + 1 where id = ?")) {
                bindCredentials(update, 1, passwordHash, scram);
                update.setLong(6, account.value());
                requireOne(update.executeUpdate());
            }
        });
        announceRevoked(account);
    }

    @Override
    public void addAppPassword(AccountId account, AppPassword password) {
        if (!APP_PASSWORD_NAME.matcher(password.name()).matches()) {
            throw new AccountException("the name of an app password has 1 to 64 letters, digits, and - . _");
        }
        change(connection -> {
            List<AppPassword> present = appPasswords(connection, account);
            if (present.stream().anyMatch(other -> other.name().equals(password.name()))) {
                throw new AccountException("the account has an app password " + password.name() + " already");
            }
            if (present.size() >= MOST_APP_PASSWORDS) {
                throw new AccountException("an account has at most " + MOST_APP_PASSWORDS + " app passwords");
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into app_password"
                    + " (account, name, salt, digest, protocols, expires, created) values (?, ?, ?, ?, ?, ?, ?)")) {
                insert.setLong(1, account.value());
                insert.setString(2, password.name());
                insert.setBytes(3, password.salt());
                insert.setBytes(4, password.digest());
                insert.setString(5, String.join(" ", new TreeSet<>(password.protocols())));
                setOptional(
                        insert,
                        6,
                        password.expires()
                                .map(at -> OptionalLong.of(at.toEpochMilli()))
                                .orElse(OptionalLong.empty()));
                insert.setLong(7, Instant.now().toEpochMilli());
                insert.executeUpdate();
            }
        });
    }

    @Override
    public void removeAppPassword(AccountId account, String name) {
        change(connection -> {
            try (PreparedStatement delete =
                    connection.prepareStatement("delete from app_password where account = ? and name = ?")) {
                delete.setLong(1, account.value());
                delete.setString(2, name);
                if (delete.executeUpdate() == 0) {
                    throw new AccountException("the account has no app password " + name);
                }
            }
            MailboxRows.update(
                    connection,
                    "update account set credential_version = credential_version + 1 where id = ?",
                    account.value());
        });
        announceRevoked(account);
    }

    @Override
    public List<AppPassword> appPasswords(AccountId account) {
        return database.inTransaction(connection -> appPasswords(connection, account));
    }

    private static List<AppPassword> appPasswords(Connection connection, AccountId account) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select name, salt, digest, protocols, expires from app_password where account = ? order by name")) {
            select.setLong(1, account.value());
            try (ResultSet row = select.executeQuery()) {
                List<AppPassword> found = new ArrayList<>();
                while (row.next()) {
                    OptionalLong expires = optional(row, 5);
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

    @Override
    public void setEnabled(AccountId account, boolean enabled) {
        change(connection -> {
            try (PreparedStatement update = connection.prepareStatement(
                    "update account set enabled = ?, credential_version = credential_version + 1 where id = ?")) {
                update.setBoolean(1, enabled);
                update.setLong(2, account.value());
                requireOne(update.executeUpdate());
            }
        });
        if (!enabled) {
            announceRevoked(account);
        }
    }

    @Override
    public void setQuota(AccountId account, Quota quota) {
        change(connection -> {
            try (PreparedStatement update = connection.prepareStatement(
                    "update account set quota_octets = ?, quota_messages = ? where id = ?")) {
                setOptional(update, 1, quota.bytes());
                setOptional(update, 2, quota.messages());
                update.setLong(3, account.value());
                requireOne(update.executeUpdate());
            }
        });
    }

    private static void setOptional(PreparedStatement statement, int index, OptionalLong value) throws SQLException {
        if (value.isPresent()) {
            statement.setLong(index, value.getAsLong());
        } else {
            statement.setNull(index, java.sql.Types.BIGINT);
        }
    }

    @Override
    public Optional<AccountInformation> account(String text) {
        return Address.parse(text)
                .flatMap(address -> database.inTransaction(connection -> accountRow(connection, address)));
    }

    private static Optional<AccountInformation> accountRow(Connection connection, Address address) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(ACCOUNT + " where d.name = ? and a.local_key = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(information(row)) : Optional.empty();
            }
        }
    }

    private static AccountInformation information(ResultSet row) throws SQLException {
        return new AccountInformation(
                new AccountId(row.getLong(1)),
                row.getString(2) + "@" + row.getString(3),
                row.getBoolean(4),
                new Quota(optional(row, 5), optional(row, 6)),
                row.getLong(7),
                row.getLong(8));
    }

    private static OptionalLong optional(ResultSet row, int column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public List<AccountInformation> accounts() {
        return database.inTransaction(connection -> {
            List<AccountInformation> all = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement(ACCOUNT + " order by d.name, a.local_key");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(information(row));
                }
            }
            return all;
        });
    }

    @Override
    public void onRevoked(Consumer<AccountId> listener) {
        revoked.add(listener);
    }

    private void announceRevoked(AccountId account) {
        revoked.forEach(listener -> listener.accept(account));
    }

    // ---- logins

    @Override
    public Optional<StoredCredentials> find(String loginName) {
        return loginAddress(loginName)
                .flatMap(known -> database.inTransaction(connection -> credentials(connection, known)));
    }

    private Optional<Address> loginAddress(String loginName) {
        return loginName.contains("@")
                ? Address.parse(loginName)
                : settings.defaultDomain().flatMap(domain -> Address.parse(loginName + "@" + domain)); // R6186-11
    }

    @Override
    public byte[] decoySalt(String loginName) {
        String name = loginAddress(loginName)
                .map(address -> address.localKey() + "@" + address.domain())
                .orElse(loginName);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(decoyKey, "HmacSHA256"));
            return Arrays.copyOf(mac.doFinal(name.getBytes(StandardCharsets.UTF_8)), 16);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java runtime has no HMAC-SHA-256", e);
        }
    }

    private static Optional<StoredCredentials> credentials(Connection connection, Address address) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select a.id, a.local_part, d.name, a.enabled, a.credential_version, a.password_hash, a.scram_salt,"
                        + " a.scram_iterations, a.scram_stored_key, a.scram_server_key from account a"
                        + " join domain d on d.id = a.domain where d.name = ? and a.local_key = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                Optional<ScramVerifier> scram = row.getBytes(7) == null
                        ? Optional.empty()
                        : Optional.of(
                                new ScramVerifier(row.getBytes(7), row.getInt(8), row.getBytes(9), row.getBytes(10)));
                return Optional.of(new StoredCredentials(
                        new AccountId(row.getLong(1)),
                        row.getString(2) + "@" + row.getString(3),
                        row.getBoolean(4),
                        row.getLong(5),
                        row.getString(6),
                        scram,
                        appPasswords(connection, new AccountId(row.getLong(1)))));
            }
        }
    }

    @Override
    public void rehashed(AccountId account, long version, String passwordHash) {
        change(connection -> {
            try (PreparedStatement update = connection.prepareStatement(
                    "update account set password_hash = ? where id = ? and credential_version = ?")) {
                update.setString(1, passwordHash);
                update.setLong(2, account.value());
                update.setLong(3, version);
                update.executeUpdate();
            }
        });
    }

    // ---- aliases

    @Override
    public void addAlias(String text, String targetText) {
        Address target = Address.of(targetText);
        boolean catchAll = text.startsWith("@");
        Address alias = catchAll ? new Address("", checkedDomain(text.substring(1))) : Address.of(text);
        change(connection -> {
            long domain = requireDomain(connection, alias.domain());
            if (!catchAll && accountRow(connection, alias).isPresent()) {
                throw new AccountException("there is an account " + alias + ": an alias would hide it");
            }
            if (aliasTargets(connection, domain, alias.localKey()).contains(target.toString())) {
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

    @Override
    public void removeAlias(String text, String targetText) {
        Address target = Address.of(targetText);
        Address alias = text.startsWith("@") ? new Address("", checkedDomain(text.substring(1))) : Address.of(text);
        change(connection -> {
            try (PreparedStatement delete = connection.prepareStatement(
                    "delete from alias where domain = ? and local_key = ? and target = ?")) {
                delete.setLong(1, requireDomain(connection, alias.domain()));
                delete.setString(2, alias.localKey());
                delete.setString(3, target.toString());
                if (delete.executeUpdate() == 0) {
                    throw new AccountException("there is no alias " + alias + " to " + target);
                }
            }
        });
    }

    @Override
    public List<Alias> aliases() {
        return database.inTransaction(connection -> {
            List<Alias> all = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement(
                            "select l.local_key, d.name, l.target from alias l join domain d on d.id = l.domain"
                                    + " order by d.name, l.local_key, l.target");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(new Alias(row.getString(1) + "@" + row.getString(2), row.getString(3)));
                }
            }
            return all;
        });
    }

    private static List<String> aliasTargets(Connection connection, long domain, String localKey) throws SQLException {
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
    private record Reached(Set<AccountInformation> accounts, Set<String> finished) {
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
        Optional<Long> domain = domainId(connection, address.domain());
        if (domain.isEmpty()) {
            return List.of();
        }
        for (Address candidate : List.of(address, address.withoutDetail(settings.detailSeparator()))) {
            Optional<AccountInformation> account = accountRow(connection, candidate);
            if (account.isPresent()) {
                reached.accounts().add(account.get());
                return List.of();
            }
            List<String> targets = aliasTargets(connection, domain.get(), candidate.localKey());
            if (!targets.isEmpty()) {
                return targets;
            }
        }
        return aliasTargets(connection, domain.get(), "");
    }

    /// What the store says of a recipient, before its message is read.
    RecipientVerdict resolve(String text) {
        Optional<Address> parsed = Address.parse(text);
        return database.inTransaction(connection -> {
            if (parsed.isEmpty()) {
                int at = text.lastIndexOf('@');
                boolean local = at >= 0
                        && Address.parseDomain(text.substring(at + 1)).isPresent()
                        && domainId(
                                        connection,
                                        Address.parseDomain(text.substring(at + 1))
                                                .get())
                                .isPresent();
                return local ? new RecipientVerdict.UnknownUser() : new RecipientVerdict.NotLocal();
            }
            Address address = parsed.get();
            if (domainId(connection, address.domain()).isEmpty()) {
                return new RecipientVerdict.NotLocal();
            }
            var reached = new Reached();
            if (!follow(connection, address, reached, MOST_HOPS)
                    || reached.accounts().isEmpty()) {
                return new RecipientVerdict.UnknownUser();
            }
            List<AccountInformation> enabled = reached.accounts().stream()
                    .filter(AccountInformation::enabled)
                    .toList();
            if (enabled.isEmpty()) {
                return new RecipientVerdict.Disabled();
            }
            if (enabled.stream().anyMatch(AccountStore::isFull)) {
                return new RecipientVerdict.OverQuota();
            }
            return new RecipientVerdict.Accepted(
                    text,
                    enabled.stream()
                            .map(account -> new RecipientVerdict.Target(account.id(), account.address()))
                            .toList());
        });
    }

    private static boolean isFull(AccountInformation account) {
        return account.quota().bytes().orElse(Long.MAX_VALUE) <= account.usedBytes()
                || account.quota().messages().orElse(Long.MAX_VALUE) <= account.usedMessages();
    }

    @Override
    public boolean owns(AccountId account, String text) {
        Optional<Address> address = Address.parse(text);
        if (address.isEmpty()) {
            return false;
        }
        return database.inTransaction(connection -> {
            var reached = new Reached();
            return follow(connection, address.get(), reached, MOST_HOPS) && reached.holds(account);
        });
    }
}
