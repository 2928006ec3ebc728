package org.postern.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.postern.auth.AccountId;

/// The mailbox tree of each account, and the way into its mailboxes.
final class MailboxStore implements Mailboxes {
    private static final int MOST_MAILBOXES = 10_000;

    private final Database database;
    private final Committer committer;
    private final Contents contents;
    private final MailboxViews views;
    private final MailboxWriter writer;
    private final Removals removals;
    private final DiskSpace space;
    /// Held by whoever changes an account's tree: names are checked and changed as one step. Striped by
    /// account.
    private final List<ReentrantLock> trees =
            IntStream.range(0, 64).mapToObj(stripe -> new ReentrantLock()).toList();

    MailboxStore(
            Database database,
            Committer committer,
            Contents contents,
            MailboxViews views,
            MailboxWriter writer,
            Removals removals,
            DiskSpace space) {
        this.database = database;
        this.committer = committer;
        this.contents = contents;
        this.views = views;
        this.writer = writer;
        this.removals = removals;
        this.space = space;
    }

    Contents contents() {
        return contents;
    }

    MailboxWriter writer() {
        return writer;
    }

    Removals removals() {
        return removals;
    }

    boolean wouldExceed(AccountId account, long octets) {
        return database.read(connection -> MailboxRows.wouldExceed(connection, account.value(), octets));
    }

    // ---- the tree

    @Override
    public List<MailboxListing> list(AccountId account) {
        return database.read(connection -> {
            Map<MailboxName, MailboxRows.Named> existing = new TreeMap<>();
            for (MailboxRows.Named named : MailboxRows.all(connection, account.value())) {
                existing.put(named.name(), named);
            }
            Set<MailboxName> subscribed = subscriptions(connection, account);
            TreeSet<MailboxName> names = new TreeSet<>(existing.keySet());
            existing.keySet().forEach(name -> names.addAll(name.parents()));
            names.addAll(subscribed);
            return names.stream()
                    .map(name -> new MailboxListing(
                            name,
                            existing.containsKey(name),
                            subscribed.contains(name),
                            Optional.ofNullable(existing.get(name)).flatMap(MailboxRows.Named::specialUse)))
                    .toList();
        });
    }

    static Set<MailboxName> subscriptions(Connection connection, AccountId account) throws SQLException {
        Set<MailboxName> names = new TreeSet<>();
        try (PreparedStatement select =
                connection.prepareStatement("select name from subscription where account = ?")) {
            select.setLong(1, account.value());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    names.add(new MailboxName(row.getString(1)));
                }
            }
        }
        return names;
    }

    /// Changes the tree of an account: decided and committed as one step, durable on return.
    void changeTree(AccountId account, Database.Change change, Runnable afterCommit) {
        changeTree(account, change, afterCommit, () -> {});
    }

    /// The same.
    /// @param durable run on the committer's thread
    void changeTree(AccountId account, Database.Change change, Runnable afterCommit, Runnable durable) {
        committer.requireHealthy();
        database.requireDisk();
        ReentrantLock tree = trees.get((int) Long.remainderUnsigned(account.value(), trees.size()));
        long ticket;
        tree.lock();
        try {
            database.change(change);
            afterCommit.run();
            ticket = committer.submit(durable);
        } finally {
            tree.unlock();
        }
        committer.await(ticket);
    }

    @Override
    public void create(AccountId account, MailboxName name, Optional<SpecialUse> specialUse) {
        space.requireForRows();
        changeTree(
                account,
                connection -> {
                    if (MailboxRows.find(connection, account.value(), name).isPresent()) {
                        throw alreadyExists(name);
                    }
                    List<MailboxRows.Named> all = MailboxRows.all(connection, account.value());
                    if (specialUse.isPresent()
                            && all.stream().anyMatch(other -> other.specialUse().equals(specialUse))) {
                        throw new MailboxException(
                                MailboxException.Reason.USE_TAKEN,
                                "another mailbox is " + specialUse.get().attribute() + " already"); // RFC 6154 §3
                    }
                    if (all.size() >= MOST_MAILBOXES) {
                        throw new MailboxException(
                                MailboxException.Reason.LIMIT,
                                "the account has " + MOST_MAILBOXES + " mailboxes, the most");
                    }
                    MailboxRows.insert(connection, account.value(), name, specialUse);
                },
                () -> {});
    }

    private static MailboxException alreadyExists(MailboxName name) {
        return new MailboxException(MailboxException.Reason.ALREADY_EXISTS, "mailbox " + name + " exists already");
    }

    private static MailboxException noSuchMailbox(MailboxName name) {
        return new MailboxException(MailboxException.Reason.NO_SUCH_MAILBOX, "there is no mailbox " + name);
    }

    @Override
    public void delete(AccountId account, MailboxName name) {
        if (name.isInbox()) {
            throw new MailboxException(MailboxException.Reason.CANNOT, "INBOX cannot be deleted"); // RFC 3501 §6.3.4
        }
        try (MailboxViews.Lease lease = acquireForDeletion(account, name)) {
            MailboxState state = lease.state();
            state.writers.lock(); // no message may arrive between the count and the end
            try {
                changeTree(
                        account,
                        connection -> {
                            if (MailboxRows.find(connection, account.value(), name)
                                    .filter(id -> id == state.id)
                                    .isEmpty()) {
                                throw noSuchMailbox(name);
                            }
                            List<MailboxState.HeadRow> rows = state.head(state.headUids());
                            long octets = MailboxState.HeadRow.octets(rows);
                            MailboxRows.markRemoved(connection, state.id);
                            MailboxRows.charge(connection, account.value(), -octets, -rows.size());
                        },
                        () -> state.removed = true);
            } finally {
                state.writers.unlock();
            }
            state.vanish();
        }
        removals.consider();
    }

    /// RFC 9051 §6.3.5: a name that only has children is told from one that is not there.
    private MailboxViews.Lease acquireForDeletion(AccountId account, MailboxName name) {
        try {
            return acquire(account.value(), name);
        } catch (MailboxException missing) {
            boolean parent = database.read(connection -> MailboxRows.all(connection, account.value())).stream()
                    .anyMatch(other -> name.isAbove(other.name()));
            throw parent
                    ? new MailboxException(
                            MailboxException.Reason.HAS_CHILDREN,
                            "there is no mailbox " + name + ", only mailboxes below that name")
                    : missing;
        }
    }

    @Override
    public void rename(AccountId account, MailboxName from, MailboxName to) {
        if (to.isInbox()) {
            throw alreadyExists(to);
        }
        if (from.isInbox()) {
            renameInbox(account, to);
            return;
        }
        if (from.isAbove(to)) {
            throw new MailboxException(MailboxException.Reason.CANNOT, "a mailbox cannot be moved below itself");
        }
        List<MailboxRows.Named> moved = new ArrayList<>();
        changeTree(
                account,
                connection -> {
                    moved.clear();
                    List<MailboxRows.Named> all = MailboxRows.all(connection, account.value());
                    for (MailboxRows.Named named : all) {
                        if (named.name().equals(from) || from.isAbove(named.name())) {
                            moved.add(named);
                        }
                    }
                    if (moved.isEmpty()) {
                        throw noSuchMailbox(from);
                    }
                    for (MailboxRows.Named named : moved) { // RFC 3501 §6.3.5: the names below follow
                        MailboxName target = target(named.name(), from, to);
                        if (all.stream().anyMatch(other -> other.name().equals(target) && !moved.contains(other))) {
                            throw alreadyExists(target);
                        }
                        MailboxRows.rename(connection, named.id(), target);
                    }
                },
                () -> {
                    for (MailboxRows.Named named : moved) {
                        try (MailboxViews.Lease lease = views.acquire(named.id())) {
                            lease.state().rename(target(named.name(), from, to));
                        }
                    }
                });
    }

    private static MailboxName target(MailboxName name, MailboxName from, MailboxName to) {
        try {
            return name.moved(from, to);
        } catch (InvalidMailboxName e) {
            throw new MailboxException(MailboxException.Reason.CANNOT, String.valueOf(e.getMessage()));
        }
    }

    /// RFC 3501 §6.3.5: INBOX itself stays, empty; its messages move to the new name. Names below INBOX stay.
    private void renameInbox(AccountId account, MailboxName to) {
        create(account, to, Optional.empty());
        try (OpenMailbox inbox = open(account, MailboxName.INBOX, false, () -> {})) {
            inbox.move(inbox.uids(), to);
        }
    }

    @Override
    public void subscribe(AccountId account, MailboxName name) {
        changeTree(
                account,
                connection -> {
                    if (!subscriptions(connection, account).contains(name)) {
                        insertSubscription(connection, account.value(), name);
                    }
                },
                () -> {});
    }

    static void insertSubscription(Connection connection, long account, MailboxName name) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("insert into subscription (account, name_digest, name) values (?, ?, ?)")) {
            insert.setLong(1, account);
            insert.setBytes(2, MailboxRows.digest(name));
            insert.setString(3, name.value());
            insert.executeUpdate();
        }
    }

    @Override
    public void unsubscribe(AccountId account, MailboxName name) {
        changeTree(
                account,
                connection -> {
                    try (PreparedStatement delete = connection.prepareStatement(
                            "delete from subscription where account = ? and name_digest = ?")) {
                        delete.setLong(1, account.value());
                        delete.setBytes(2, MailboxRows.digest(name));
                        delete.executeUpdate();
                    }
                },
                () -> {});
    }

    /// Where copies of sent messages go: the mailbox with the special use; without one, that called Sent, which is
    /// made where it is missing.
    MailboxName sentMailbox(AccountId account) {
        List<MailboxRows.Named> all = database.read(connection -> MailboxRows.all(connection, account.value()));
        Optional<MailboxName> found = all.stream()
                .filter(named ->
                        named.specialUse().filter(SpecialUse.SENT::equals).isPresent())
                .map(MailboxRows.Named::name)
                .findFirst();
        if (found.isPresent()) {
            return found.get();
        }
        MailboxName name = new MailboxName("Sent");
        if (all.stream().noneMatch(named -> named.name().equals(name))) {
            create(account, name, Optional.of(SpecialUse.SENT));
            subscribe(account, name);
        }
        return name;
    }

    // ---- mailboxes

    /// Takes hold of a mailbox by its name.
    MailboxViews.Lease acquire(long account, MailboxName name) {
        long id = database.read(connection -> MailboxRows.find(connection, account, name))
                .orElseThrow(() -> noSuchMailbox(name));
        try {
            return views.acquire(id);
        } catch (MailboxException e) {
            throw noSuchMailbox(name); // deleted between the two looks
        }
    }

    @Override
    public MailboxStatus status(AccountId account, MailboxName name) {
        try (MailboxViews.Lease lease = acquire(account.value(), name)) {
            return lease.state().status();
        }
    }

    @Override
    public OpenMailbox open(AccountId account, MailboxName name, boolean readOnly, Runnable watcher) {
        return new Handle(this, acquire(account.value(), name), readOnly, watcher);
    }

    /// Remembers which messages have been recent to somebody. Not waited for: after a power cut a message
    /// may be recent twice, which harms nobody.
    void keepRecent(MailboxState state) {
        database.change(connection -> {
            MailboxRows.setRecent(connection, state.id, state.recentUid());
        });
    }

    @Override
    public AppendResult append(AccountId account, MailboxName name, List<Appended> messages) {
        try (MailboxViews.Lease lease = acquire(account.value(), name)) { // refuse before the disk is written
            List<Content> stored =
                    contents.store(messages.stream().map(Appended::spool).toList());
            try {
                return append(account, lease.state(), messages, stored);
            } finally {
                contents.release(stored);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            messages.forEach(message -> message.spool().close());
        }
    }

    private AppendResult append(AccountId account, MailboxState state, List<Appended> messages, List<Content> stored) {
        var arrival = new Arrival(messages.size());
        int[][] uids = {new int[0]};
        writer.change(
                List.of(state),
                () -> {
                    for (int index = 0; index < messages.size(); index++) {
                        Appended message = messages.get(index);
                        arrival.sizes[index] = (int) stored.get(index).extract().size();
                        arrival.dates[index] = message.internalDate().epochMillis();
                        arrival.zones[index] = (short) message.internalDate().offsetMinutes();
                        arrival.flags[index] =
                                message.systemFlags() | writer.keywordBits(state, message.keywords(), true);
                    }
                    Mutation.Arrived arrived = arrival.into(state, state.headModSeq + 1);
                    uids[0] = arrived.uids();
                    return List.of(new MailboxWriter.Planned(state, arrived));
                },
                connection -> {
                    for (int index = 0; index < stored.size(); index++) {
                        Content content = stored.get(index);
                        arrival.messages[index] = MailboxRows.insertMessage(
                                connection, MailboxRows.insertBlob(connection, content), content, new byte[0]);
                    }
                    MailboxRows.charge(connection, account.value(), arrival.octets(), arrival.count());
                });
        return new AppendResult(state.uidValidity, uids[0]);
    }

    /// The first mailboxes of a new account, subscribed. Inside the caller's transaction.
    static void insertFirst(Connection connection, long account, boolean all) throws SQLException {
        insertSubscribed(connection, account, MailboxName.INBOX, Optional.empty());
        if (all) {
            insertSubscribed(connection, account, new MailboxName("Drafts"), Optional.of(SpecialUse.DRAFTS));
            insertSubscribed(connection, account, new MailboxName("Sent"), Optional.of(SpecialUse.SENT));
            insertSubscribed(connection, account, new MailboxName("Junk"), Optional.of(SpecialUse.JUNK));
            insertSubscribed(connection, account, new MailboxName("Trash"), Optional.of(SpecialUse.TRASH));
            insertSubscribed(connection, account, new MailboxName("Archive"), Optional.of(SpecialUse.ARCHIVE));
        }
    }

    static void insertSubscribed(Connection connection, long account, MailboxName name, Optional<SpecialUse> specialUse)
            throws SQLException {
        MailboxRows.insert(connection, account, name, specialUse);
        insertSubscription(connection, account, name);
    }

    /// Ends every mailbox of an account that is being removed. The rows are marked in the caller's
    /// transaction.
    static void markAllRemoved(Connection connection, long account) throws SQLException {
        for (MailboxRows.Named named : MailboxRows.all(connection, account)) {
            MailboxRows.markRemoved(connection, named.id());
        }
        for (long hidden : ImportRows.hidden(connection, account)) {
            MailboxRows.markRemoved(connection, hidden);
        }
        ImportRows.removeAll(connection, account);
        MailboxRows.update(connection, "delete from subscription where account = ?", account);
    }

    /// After the commit of [#markAllRemoved]: tells the sessions that have one open.
    void vanishAll(AccountId account) {
        for (long mailbox : views.loaded()) {
            try (MailboxViews.Lease lease = views.acquire(mailbox)) {
                MailboxState state = lease.state();
                if (state.account == account.value()) {
                    state.writers.lock();
                    try {
                        state.removed = true;
                    } finally {
                        state.writers.unlock();
                    }
                    state.vanish();
                }
            } catch (MailboxException e) {
                // gone already
            }
        }
        removals.consider();
    }
}
