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
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;
import org.postern.auth.AppPassword;
import org.postern.auth.ScramHash;
import org.postern.auth.ScramVerifier;
import org.postern.auth.StoredCredentials;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Domains, accounts and aliases in SQL.
final class AccountStore implements Accounts {
    private static final Logger LOG = LoggerFactory.getLogger(AccountStore.class);
    private static final String ACCOUNT =
            "select a.id, a.local_part, d.name, a.enabled, a.quota_octets, a.quota_messages,"
                    + " a.used_octets, a.used_messages, a.own_quota, a.sent_copy, a.scram_salt, a.password_due"
                    + " from account a"
                    + " join domain d on d.id = a.domain";

    private static final ScramVerifier NO_VERIFIER = new ScramVerifier(new byte[0], 0, new byte[0], new byte[0]);

    /// No account's: ids are above 0.
    private static final AccountId NOBODY = new AccountId(0);

    private final Database database;
    /// Whether any client key is registered; null where that is to be looked up.
    private volatile @Nullable Boolean clientKeys;
    private final AccountChanges changes;
    private final AliasStore aliases;
    private final MailboxStore mailboxes;
    private final StoreSettings settings;
    private final byte[] decoyKey;
    private final List<Consumer<AccountId>> revoked = new CopyOnWriteArrayList<>();

    AccountStore(Database database, Committer committer, MailboxStore mailboxes, StoreSettings settings) {
        this.database = database;
        this.changes = new AccountChanges(database, committer);
        this.aliases = new AliasStore(database, changes, settings);
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

    /// How to change what belongs to accounts.
    AccountChanges changes() {
        return changes;
    }

    private void change(Database.Change change) {
        changes.change(change);
    }

    private <T> T changed(Database.Work<T> work) {
        return changes.changed(work);
    }

    // ---- domains

    @Override
    public void addDomain(String domain) {
        String name = DomainRows.checked(domain);
        change(connection -> {
            if (DomainRows.id(connection, name).isPresent()) {
                throw new AccountException("domain " + name + " exists already");
            }
            try (PreparedStatement insert = connection.prepareStatement("insert into domain (name) values (?)")) {
                insert.setString(1, name);
                insert.executeUpdate();
            }
        });
    }

    @Override
    public void removeDomain(String domain) {
        String name = DomainRows.checked(domain);
        change(connection -> {
            long id = DomainRows.require(connection, name);
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

    @Override
    public List<String> domains() {
        return database.read(connection -> {
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

    @Override
    public List<DomainInformation> domainInformation() {
        return database.read(connection -> DomainRows.information(connection, Optional.empty()));
    }

    @Override
    public Optional<DomainInformation> domain(String text) {
        return Address.parseDomain(text)
                .flatMap(name ->
                        database.read(connection -> DomainRows.information(connection, Optional.of(name))).stream()
                                .findFirst());
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
            long domain = DomainRows.require(connection, address.domain());
            if (row(connection, address).isPresent()) {
                throw new AccountException("account " + address + " exists already");
            }
            if (!AliasStore.targetsOf(connection, domain, address.localKey()).isEmpty()) {
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
                QuotaRows.followDomain(connection, new AccountId(id));
                MailboxStore.insertFirst(connection, id, settings.firstMailboxes());
                return new AccountId(id);
            }
        });
    }

    static void bindCredentials(
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
    static long retiredUidValidity(Connection connection, Address address) throws SQLException {
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

    /// @throws AccountException telling why it cannot be made
    void requireRestorable(SavedAccount saved) {
        database.change(connection -> AccountRestore.require(connection, Address.of(saved.address())));
    }

    /// Makes an account as a backup has it; see [AccountRestore].
    AccountRestore.Restored restore(SavedAccount saved, boolean sameOrigin) {
        return changed(connection -> new AccountRestore(connection, saved, sameOrigin).run());
    }

    @Override
    public void removeAccount(AccountId account) {
        change(connection -> {
            retire(connection, account.value());
            MailboxStore.markAllRemoved(connection, account.value());
            MailboxRows.update(connection, "delete from app_password where account = ?", account.value());
            MailboxRows.update(connection, "delete from client_key where account = ?", account.value());
            MailboxRows.update(connection, "delete from tls_use where account = ?", account.value());
            ScramRows.remove(connection, account);
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
                            + " scram_server_key = ?, credential_version = credential_version + 1,"
                            + " password_due = null where id = ?")) {
                bindCredentials(update, 1, passwordHash, scram);
                update.setLong(6, account.value());
                requireOne(update.executeUpdate());
            }
            ScramRows.remove(connection, account);
        });
        announceRevoked(account);
    }

    @Override
    public void setPasswordDue(AccountId account, Optional<Instant> due) {
        change(connection -> {
            try (PreparedStatement update =
                    connection.prepareStatement("update account set password_due = ? where id = ?")) {
                QuotaRows.setOptional(
                        update,
                        1,
                        due.map(at -> OptionalLong.of(at.toEpochMilli())).orElse(OptionalLong.empty()));
                update.setLong(2, account.value());
                requireOne(update.executeUpdate());
            }
        });
        if (due.filter(at -> !Instant.now().isBefore(at)).isPresent()) {
            announceRevoked(account);
        }
    }

    @Override
    public void scramMade(AccountId account, ScramHash hash, ScramVerifier verifier) {
        change(connection -> ScramRows.add(connection, account, hash, verifier));
    }

    @Override
    public void keepScram(Set<ScramHash> kept) {
        change(connection -> {
            if (ScramRows.removeOthers(connection, kept)) {
                LOG.info("SCRAM verifiers for hashes that are not configured are gone");
            }
        });
    }

    @Override
    public void addAppPassword(AccountId account, AppPassword password) {
        change(connection -> AppPasswordRows.add(connection, account, password));
    }

    @Override
    public void removeAppPassword(AccountId account, String name) {
        change(connection -> {
            AppPasswordRows.remove(connection, account, name);
            MailboxRows.update(
                    connection,
                    "update account set credential_version = credential_version + 1 where id = ?",
                    account.value());
        });
        announceRevoked(account);
    }

    @Override
    public List<AppPassword> appPasswords(AccountId account) {
        return database.read(connection -> appPasswords(connection, account));
    }

    private static List<AppPassword> appPasswords(Connection connection, AccountId account) throws SQLException {
        return AppPasswordRows.of(connection, account);
    }

    @Override
    public void addClientKey(AccountId account, ClientKey key) {
        change(connection -> ClientKeyRows.add(connection, account, key));
        clientKeys = true;
    }

    @Override
    public void removeClientKey(AccountId account, String name) {
        change(connection -> {
            ClientKeyRows.remove(connection, account, name);
            MailboxRows.update(
                    connection,
                    "update account set credential_version = credential_version + 1 where id = ?",
                    account.value());
        });
        clientKeys = null;
        announceRevoked(account);
    }

    @Override
    public List<ClientKey> clientKeys(AccountId account) {
        return database.read(connection -> ClientKeyRows.of(connection, account));
    }

    @Override
    public List<String> addressesOfClientKey(byte[] digest) {
        return database.read(connection -> ClientKeyRows.addresses(connection, digest));
    }

    @Override
    public boolean hasClientKeys() {
        Boolean known = clientKeys;
        if (known == null) {
            known = database.read(ClientKeyRows::any);
            clientKeys = known;
        }
        return known;
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
        change(connection -> requireOne(QuotaRows.set(connection, account, quota)));
    }

    @Override
    public void followDomainQuota(AccountId account) {
        change(connection -> requireOne(QuotaRows.followDomain(connection, account)));
    }

    @Override
    public void setDomainQuota(String domain, Quota quota) {
        String name = DomainRows.checked(domain);
        change(connection -> QuotaRows.setDefault(connection, DomainRows.require(connection, name), quota));
    }

    @Override
    public void setSentCopy(AccountId account, boolean on) {
        change(connection -> {
            try (PreparedStatement update =
                    connection.prepareStatement("update account set sent_copy = ? where id = ?")) {
                update.setBoolean(1, on);
                update.setLong(2, account.value());
                requireOne(update.executeUpdate());
            }
        });
    }

    @Override
    public boolean keepsSentCopy(AccountId account) {
        return database.read(connection ->
                exists(connection, "select 1 from account where id = ? and sent_copy = true", account.value()));
    }

    @Override
    public Optional<AccountInformation> account(String text) {
        return Address.parse(text).flatMap(address -> database.read(connection -> row(connection, address)));
    }

    static Optional<AccountInformation> row(Connection connection, Address address) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(ACCOUNT + " where d.name = ? and a.local_key = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                var account = new AccountId(row.getLong(1));
                boolean scram = row.getBytes(11) != null;
                Set<ScramHash> further =
                        scram ? ScramRows.of(connection, account, NO_VERIFIER).keySet() : Set.of();
                return Optional.of(information(row, further));
            }
        }
    }

    private static AccountInformation information(ResultSet row, Set<ScramHash> further) throws SQLException {
        EnumSet<ScramHash> scram = EnumSet.noneOf(ScramHash.class);
        scram.addAll(further);
        if (row.getBytes(11) != null) {
            scram.add(ScramHash.SHA_256);
        }
        return new AccountInformation(
                new AccountId(row.getLong(1)),
                row.getString(2) + "@" + row.getString(3),
                row.getBoolean(4),
                new Quota(QuotaRows.optional(row, 5), QuotaRows.optional(row, 6)),
                row.getBoolean(9),
                row.getLong(7),
                row.getLong(8),
                row.getBoolean(10),
                scram,
                due(row, 12));
    }

    private static Optional<Instant> due(ResultSet row, int column) throws SQLException {
        OptionalLong due = QuotaRows.optional(row, column);
        return due.isPresent() ? Optional.of(Instant.ofEpochMilli(due.getAsLong())) : Optional.empty();
    }

    @Override
    public List<AccountInformation> accounts() {
        return database.read(connection -> {
            List<AccountInformation> all = new ArrayList<>();
            Map<AccountId, Set<ScramHash>> further = ScramRows.all(connection);
            try (PreparedStatement select = connection.prepareStatement(ACCOUNT + " order by d.name, a.local_key");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    all.add(information(row, further.getOrDefault(new AccountId(row.getLong(1)), Set.of())));
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
        return loginAddress(loginName).flatMap(known -> database.read(connection -> credentials(connection, known)));
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
                        + " a.scram_iterations, a.scram_stored_key, a.scram_server_key, a.password_due from account a"
                        + " join domain d on d.id = a.domain where d.name = ? and a.local_key = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    appPasswords(connection, NOBODY); // as long as it takes for somebody: a login must not tell
                    ScramRows.of(connection, NOBODY, NO_VERIFIER);
                    return Optional.empty();
                }
                Optional<ScramVerifier> scram = row.getBytes(7) == null
                        ? Optional.empty()
                        : Optional.of(
                                new ScramVerifier(row.getBytes(7), row.getInt(8), row.getBytes(9), row.getBytes(10)));
                var account = new AccountId(row.getLong(1));
                return Optional.of(new StoredCredentials(
                        account,
                        row.getString(2) + "@" + row.getString(3),
                        row.getBoolean(4),
                        row.getLong(5),
                        row.getString(6),
                        scram,
                        ScramRows.of(connection, account, scram.orElse(NO_VERIFIER)),
                        due(row, 11),
                        appPasswords(connection, account)));
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
    public void addAlias(String address, String target) {
        aliases.addAlias(address, target);
    }

    @Override
    public void removeAlias(String address, String target) {
        aliases.removeAlias(address, target);
    }

    @Override
    public List<Alias> aliases() {
        return aliases.aliases();
    }

    @Override
    public boolean owns(AccountId account, String address) {
        return aliases.owns(account, address);
    }

    /// What the store says of a recipient, before its message is read.
    RecipientVerdict resolve(String address) {
        return aliases.resolve(address);
    }
}
