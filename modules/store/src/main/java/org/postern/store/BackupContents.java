package org.postern.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountId;
import org.postern.auth.ScramVerifier;

/// One generation of a backup, to look into: accounts, mailboxes, messages. Nothing in the backup is changed: its
/// database is copied to a scratch directory first, and may be of an older version. Message bodies are read where they
/// are.
public final class BackupContents implements AutoCloseable {
    private final Instant time;
    private final Database database;
    private final Segments segments;

    /// A mailbox, and where its numbers were when the backup was made.
    public record SavedMailbox(
            long id,
            MailboxName name,
            Optional<SpecialUse> specialUse,
            boolean subscribed,
            long uidValidity,
            long uidNext,
            long modSeq) {}

    private BackupContents(Instant time, Database database, Segments segments) {
        this.time = time;
        this.database = database;
        this.segments = segments;
    }

    /// Opens the last backup that was made at `at` or before; the last one of all where that is empty.
    ///
    /// @param scratch an empty directory, with room for the database; the caller removes it, after closing this
    public static BackupContents open(BackupDirectory backup, Optional<Instant> at, Path scratch, WorkProgress progress)
            throws IOException {
        BackupManifest manifest = backup.manifest(at);
        BackupManifest.Stored stored = manifest.files().stream()
                .filter(file -> file.path().equals(DatabaseFile.PATH))
                .findFirst()
                .orElseThrow(() -> new IOException("the backup of " + manifest.time() + " holds no database"));
        progress.report("database", 0, 0, WorkProgress.Unit.OCTETS);
        Path copy = scratch.resolve(DatabaseFile.PATH);
        BackupFiles.copy(
                backup.generation(BackupDirectory.name(manifest.time())).resolve(stored.path()), copy, stored.digest());
        Path blobs = Files.createDirectory(scratch.resolve("blobs"));
        Set<String> linked = new HashSet<>();
        for (BackupManifest.Range range : manifest.ranges()) { // all of a segment are in one file, each in its place
            if (linked.add(range.segment())) {
                Files.createSymbolicLink(
                        blobs.resolve(range.segment() + ".segment"),
                        backup.segments().resolve(range.file()).toAbsolutePath());
            }
        }
        Database database = Database.openH2(BackupFiles.parent(copy));
        try {
            return new BackupContents(manifest.time(), database, new Segments(blobs, PosternStore.NODE));
        } catch (IOException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    public Instant time() {
        return time;
    }

    public StoreOrigin origin() {
        return database.read(StoreOrigin::of);
    }

    /// The addresses of all accounts.
    public List<String> accounts() {
        return database.read(connection -> {
            List<String> addresses = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement("select a.local_part, d.name from account a"
                            + " join domain d on d.id = a.domain order by d.name, a.local_key");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    addresses.add(row.getString(1) + "@" + row.getString(2));
                }
            }
            return addresses;
        });
    }

    public Optional<SavedAccount> account(String text) {
        return Address.parse(text)
                .flatMap(address -> database.read(connection -> {
                    Optional<Accounts.AccountInformation> found = AccountStore.row(connection, address);
                    return found.isEmpty() ? Optional.empty() : Optional.of(account(connection, found.get()));
                }));
    }

    private static SavedAccount account(Connection connection, Accounts.AccountInformation information)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select password_hash, scram_salt,"
                + " scram_iterations, scram_stored_key, scram_server_key, uid_validity from account where id = ?")) {
            select.setLong(1, information.id().value());
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("the account's row is gone");
                }
                return new SavedAccount(
                        information.address(),
                        information.enabled(),
                        row.getString(1),
                        row.getBytes(2) == null
                                ? Optional.empty()
                                : Optional.of(new ScramVerifier(
                                        row.getBytes(2), row.getInt(3), row.getBytes(4), row.getBytes(5))),
                        AppPasswordRows.of(connection, information.id()),
                        information.quota(),
                        information.hasOwnQuota(),
                        information.sentCopy(),
                        aliases(connection, information.address()),
                        row.getLong(6));
            }
        }
    }

    private static List<String> aliases(Connection connection, String target) throws SQLException {
        List<String> aliases = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("select l.local_key, d.name, l.target from alias l"
                        + " join domain d on d.id = l.domain order by d.name, l.local_key");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                if (isSame(Address.of(row.getString(3)), Address.of(target))) {
                    aliases.add(row.getString(1) + "@" + row.getString(2));
                }
            }
        }
        return aliases;
    }

    private static boolean isSame(Address one, Address other) {
        return one.domain().equals(other.domain()) && one.localKey().equals(other.localKey());
    }

    /// The mailboxes of an account, by name.
    /// @throws AccountException where the backup has none of this address
    public List<SavedMailbox> mailboxes(String address) {
        return database.read(connection -> {
            AccountId account = Address.parse(address)
                    .flatMap(parsed -> find(connection, parsed))
                    .orElseThrow(() -> new AccountException("the backup of " + time + " has no account " + address));
            Set<MailboxName> subscribed = MailboxStore.subscriptions(connection, account);
            List<SavedMailbox> saved = new ArrayList<>();
            for (MailboxRows.Named named : MailboxRows.all(connection, account.value())) {
                try (PreparedStatement select = connection.prepareStatement(
                        "select uid_validity, uid_next, modseq from mailbox where id = ?")) {
                    select.setLong(1, named.id());
                    try (ResultSet row = select.executeQuery()) {
                        if (row.next()) {
                            saved.add(new SavedMailbox(
                                    named.id(),
                                    named.name(),
                                    named.specialUse(),
                                    subscribed.contains(named.name()),
                                    row.getLong(1),
                                    row.getLong(2),
                                    row.getLong(3)));
                        }
                    }
                }
            }
            saved.sort(java.util.Comparator.comparing(SavedMailbox::name));
            return saved;
        });
    }

    private static Optional<AccountId> find(Connection connection, Address address) {
        try {
            return AccountStore.row(connection, address).map(Accounts.AccountInformation::id);
        } catch (SQLException e) {
            throw new StoreFailure(e);
        }
    }

    /// The messages of a mailbox, as they were.
    public SavedMessages messages(SavedMailbox mailbox) {
        MailboxState state = database.read(connection -> MailboxRows.load(connection, mailbox.id()))
                .orElseThrow(() -> new IllegalStateException("the backup's mailbox " + mailbox.name() + " is gone"));
        return new SavedMessages(state);
    }

    /// What of a mailbox is in memory: numbers and flags, no octet of any message.
    public final class SavedMessages {
        private final MailboxState state;
        private final int[] uids;
        private final MessageRows row = new MessageRows(1);

        private SavedMessages(MailboxState state) {
            this.state = state;
            this.uids = state.uids();
        }

        public int count() {
            return uids.length;
        }

        public List<String> keywords() {
            return state.keywords();
        }

        /// One message's numbers; the same object each time.
        public MessageRows row(int index) {
            state.read(uids, index, index + 1, row);
            return row;
        }

        /// All octets of a message.
        /// @param message its number in the row
        /// @throws IOException where the backup's file is damaged
        public InputStream open(long message) throws IOException {
            Stored stored = database.read(connection -> place(connection, message));
            InputStream body = segments.open(stored.blob(), 0, stored.blob().length());
            return new SequenceInputStream(new ByteArrayInputStream(stored.prefix()), body);
        }
    }

    private record Stored(byte[] prefix, BlobReference blob) {}

    private static Stored place(Connection connection, long message) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("select m.prefix, b.node, b.segment, b.position, b.length"
                        + " from message m join blob b on b.id = m.blob where m.id = ?")) {
            select.setLong(1, message);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new StoreFailure("the backup has lost a message's row");
                }
                return new Stored(
                        row.getBytes(1),
                        new BlobReference(row.getInt(2), row.getInt(3), row.getLong(4), row.getLong(5)));
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            segments.close();
        } finally {
            database.close();
        }
    }
}
