package org.postern.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;

/// Imports in SQL.
///
/// A mailbox that keeps its UIDs is filled hidden, and shown at the end in one transaction. So its UIDs ascend whatever
/// is delivered meanwhile, no client sees half of it, and mail that its name has got already follows behind: the
/// UIDVALIDITY is another one, so that its UIDs may be others too.
final class ImportStore implements Imports {
    private final Database database;
    private final MailboxStore mailboxes;
    private final MailboxViews views;
    private final Set<Long> busy = ConcurrentHashMap.newKeySet();

    ImportStore(Database database, MailboxStore mailboxes, MailboxViews views) {
        this.database = database;
        this.mailboxes = mailboxes;
        this.views = views;
    }

    @Override
    public Import begin(AccountId account, OptionalLong highestUidValidity, boolean trial) {
        enter(account);
        try {
            long above = database.inTransaction(connection -> ImportRows.counter(connection, account.value()));
            long upTo = Math.min(highestUidValidity.orElse(0), HIGHEST_UID_VALIDITY);
            if (!trial && upTo > above) {
                mailboxes.changeTree(
                        account, connection -> ImportRows.reserve(connection, account.value(), upTo), () -> {});
            }
            return new Running(account, trial, above, upTo);
        } catch (RuntimeException e) {
            busy.remove(account.value());
            throw e;
        }
    }

    private void enter(AccountId account) {
        if (!busy.add(account.value())) {
            throw new MailboxException(MailboxException.Reason.CANNOT, "another import into this account is under way");
        }
    }

    @Override
    public void forget(AccountId account) {
        enter(account);
        try {
            for (long hidden : database.inTransaction(connection -> ImportRows.hidden(connection, account.value()))) {
                discard(account, hidden);
            }
            mailboxes.changeTree(account, connection -> ImportRows.forget(connection, account.value()), () -> {});
        } finally {
            busy.remove(account.value());
        }
        mailboxes.removals().consider();
    }

    private void discard(AccountId account, long hidden) {
        try (MailboxViews.Lease lease = views.acquire(hidden)) {
            MailboxState state = lease.state();
            state.writers.lock();
            try {
                mailboxes.changeTree(
                        account,
                        connection -> {
                            List<MailboxState.HeadRow> rows = state.head(state.headUids());
                            long octets = rows.stream()
                                    .mapToLong(row -> Integer.toUnsignedLong(row.size()))
                                    .sum();
                            MailboxRows.markRemoved(connection, state.id);
                            MailboxRows.charge(connection, account.value(), -octets, -rows.size());
                        },
                        () -> state.removed = true);
            } finally {
                state.writers.unlock();
            }
            state.vanish();
        }
    }

    private final class Running implements Import {
        private final AccountId account;
        private final boolean trial;
        private final long above;
        private final long upTo;
        private boolean closed;

        Running(AccountId account, boolean trial, long above, long upTo) {
            this.account = account;
            this.trial = trial;
            this.above = above;
            this.upTo = upTo;
        }

        @Override
        public Target target(MailboxName name, OptionalLong uidValidity) {
            if (uidValidity.isEmpty()) {
                return new Filling(this, name, 0, Optional.empty());
            }
            long wanted = uidValidity.getAsLong();
            Optional<String> obstacle = database.inTransaction(connection -> obstacle(connection, name, wanted));
            return new Filling(this, name, obstacle.isPresent() ? 0 : wanted, obstacle);
        }

        private Optional<String> obstacle(Connection connection, MailboxName name, long wanted) throws SQLException {
            if (wanted < 1 || wanted > HIGHEST_UID_VALIDITY) {
                return Optional.of("its UIDVALIDITY " + wanted + " is not between 1 and " + HIGHEST_UID_VALIDITY);
            }
            Optional<ImportRows.Given> given = ImportRows.given(connection, account.value(), wanted);
            if (given.isPresent()) {
                if (!Arrays.equals(given.get().nameDigest(), MailboxRows.digest(name))) {
                    return Optional.of("another mailbox came with the same UIDVALIDITY " + wanted);
                }
                return ImportRows.isThere(connection, given.get().mailbox())
                        ? Optional.empty()
                        : Optional.of("it was imported before, and deleted since");
            }
            boolean reserved = ImportRows.isReserved(connection, account.value(), wanted)
                    || (trial && wanted > above && wanted <= upTo);
            if (!reserved) {
                return Optional.of("its UIDVALIDITY " + wanted + " is not above " + above
                        + ", up to which this account may have used them");
            }
            Optional<Long> present = MailboxRows.find(connection, account.value(), name);
            if (present.isPresent() && ImportRows.keepsUids(connection, present.get())) {
                return Optional.of("the mailbox has kept the UIDs of another source");
            }
            return Optional.empty();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                busy.remove(account.value());
            }
        }
    }

    private final class Filling implements Import.Target {
        private final Running running;
        private final long account;
        private final MailboxName name;
        private final long uidValidity; // 0: new UIDs
        private final Optional<String> newUidsBecause;
        private MailboxViews.@Nullable Lease kept;

        Filling(Running running, MailboxName name, long uidValidity, Optional<String> newUidsBecause) {
            this.running = running;
            this.account = running.account.value();
            this.name = name;
            this.uidValidity = uidValidity;
            this.newUidsBecause = newUidsBecause;
        }

        @Override
        public Optional<String> newUidsBecause() {
            return newUidsBecause;
        }

        @Override
        public boolean[] known(List<byte[]> identities) {
            List<byte[]> keys =
                    identities.stream().map(each -> ImportRows.key(name, each)).toList();
            boolean[] known = database.inTransaction(connection -> ImportRows.known(connection, account, keys));
            Set<String> offered = new HashSet<>();
            for (int index = 0; index < known.length; index++) {
                known[index] |= !offered.add(HexFormat.of().formatHex(keys.get(index)));
            }
            return known;
        }

        /// The mailbox, made if it is not there.
        private MailboxViews.Lease acquire() {
            requireChanges();
            if (uidValidity != 0) {
                MailboxViews.Lease open = kept;
                if (open == null) {
                    open = views.acquire(keptMailbox());
                    kept = open;
                }
                return views.acquire(open.state().id);
            }
            try {
                return mailboxes.acquire(account, name);
            } catch (MailboxException e) {
                mailboxes.create(running.account, name, Optional.empty());
                return mailboxes.acquire(account, name);
            }
        }

        private void requireChanges() {
            if (running.trial) {
                throw new IllegalStateException("a trial changes nothing");
            }
        }

        private long keptMailbox() {
            long[] mailbox = {0};
            mailboxes.changeTree(
                    running.account,
                    connection -> {
                        ImportRows.counter(connection, account); // the account is there
                        Optional<ImportRows.Given> given = ImportRows.given(connection, account, uidValidity);
                        mailbox[0] = given.isPresent()
                                ? given.get().mailbox()
                                : ImportRows.insertHidden(connection, account, name, uidValidity);
                    },
                    () -> {});
            return mailbox[0];
        }

        @Override
        public Import.Added add(List<Import.Message> messages) {
            try (MailboxViews.Lease lease = acquire()) {
                List<Content> stored = mailboxes
                        .contents()
                        .store(messages.stream().map(Import.Message::spool).toList());
                try {
                    return arrive(lease.state(), messages, stored);
                } finally {
                    mailboxes.contents().release(stored);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                messages.forEach(message -> message.spool().close());
            }
        }

        private Import.Added arrive(MailboxState state, List<Import.Message> messages, List<Content> stored) {
            var arrival = new Arrival(messages.size());
            int[] newUids = {0};
            int[] dropped = {0};
            mailboxes
                    .writer()
                    .change(
                            List.of(state),
                            () -> {
                                long[] wanted = new long[messages.size()];
                                for (int index = 0; index < wanted.length; index++) {
                                    Import.Message message = messages.get(index);
                                    arrival.sizes[index] =
                                            (int) stored.get(index).extract().size();
                                    arrival.dates[index] =
                                            message.internalDate().epochMillis();
                                    arrival.zones[index] =
                                            (short) message.internalDate().offsetMinutes();
                                    arrival.flags[index] =
                                            message.systemFlags() | keywordBits(state, message.keywords(), dropped);
                                    wanted[index] =
                                            uidValidity == 0 ? 0 : message.uid().orElse(0);
                                }
                                Mutation.Arrived arrived = arrival.into(state, state.headModSeq + 1, wanted);
                                for (int index = 0; index < wanted.length; index++) {
                                    boolean moved = wanted[index] != 0
                                            && wanted[index] != Integer.toUnsignedLong(arrived.uids()[index]);
                                    newUids[0] += moved ? 1 : 0;
                                }
                                return List.of(new MailboxWriter.Planned(state, arrived));
                            },
                            connection -> {
                                for (int index = 0; index < stored.size(); index++) {
                                    Content content = stored.get(index);
                                    arrival.messages[index] = MailboxRows.insertMessage(
                                            connection,
                                            MailboxRows.insertBlob(connection, content),
                                            content,
                                            new byte[0]);
                                }
                                MailboxRows.charge(connection, account, arrival.octets(), arrival.count());
                                ImportRows.insertImported(
                                        connection,
                                        account,
                                        state.id,
                                        messages.stream()
                                                .map(message -> ImportRows.key(name, message.identity()))
                                                .toList());
                            });
            return new Import.Added(newUids[0], dropped[0]);
        }

        /// A full mailbox does without further keywords: better the message than none of it.
        private long keywordBits(MailboxState state, Set<String> keywords, int[] dropped) {
            long bits = 0;
            for (String keyword : keywords) {
                long bit = mailboxes
                        .writer()
                        .keywordBits(state, Set.of(keyword), state.keywords().size() < Flags.KEYWORDS);
                dropped[0] += bit == 0 ? 1 : 0;
                bits |= bit;
            }
            return bits;
        }

        @Override
        public void finish(long uidNext, boolean subscribed, Optional<SpecialUse> specialUse) {
            try (MailboxViews.Lease lease = acquire()) {
                MailboxState state = lease.state();
                boolean hidden = uidValidity != 0
                        && database.inTransaction(connection -> ImportRows.isHidden(connection, state.id));
                if (hidden) {
                    new Unveiling(state, uidNext).run();
                } else if (uidValidity != 0) {
                    moveOn(state, uidNext);
                }
                mailboxes.changeTree(
                        running.account,
                        connection -> {
                            if (subscribed
                                    && !MailboxStore.subscriptions(connection, running.account)
                                            .contains(state.name())) {
                                MailboxStore.insertSubscription(connection, account, state.name());
                            }
                            if (specialUse.isPresent()) {
                                ImportRows.setSpecialUse(connection, account, state.id, specialUse.get());
                            }
                        },
                        () -> {});
            }
        }

        /// UIDs that the source has given, and whose messages are gone, are not given again.
        private void moveOn(MailboxState state, long uidNext) {
            state.writers.lock();
            try {
                if (uidNext > state.headUidNext && !state.removed) {
                    mailboxes.changeTree(
                            running.account,
                            connection -> ImportRows.setUidNext(connection, state.id, uidNext),
                            () -> state.headUidNext = uidNext);
                    state.moveOn(uidNext);
                }
            } finally {
                state.writers.unlock();
            }
        }

        @Override
        public void close() {
            MailboxViews.Lease open = kept;
            if (open != null) {
                open.close();
                kept = null;
            }
        }
    }

    /// A hidden mailbox takes its name, from the one that had it.
    private final class Unveiling {
        private final MailboxState state;
        private final long uidNext;

        Unveiling(MailboxState state, long uidNext) {
            this.state = state;
            this.uidNext = uidNext;
        }

        void run() {
            MailboxName name = state.name();
            while (true) {
                try (MailboxViews.Lease present = mailboxes.acquire(state.account, name)) {
                    if (replace(name, Optional.of(present.state()))) {
                        present.state().vanish();
                        mailboxes.removals().consider();
                        return;
                    }
                } catch (MailboxException e) {
                    if (e.reason() != MailboxException.Reason.NO_SUCH_MAILBOX) {
                        throw e;
                    }
                    if (replace(name, Optional.empty())) {
                        return;
                    }
                }
            }
        }

        /// False where the name has changed hands: look again.
        private boolean replace(MailboxName name, Optional<MailboxState> present) {
            List<MailboxState> ordered = new ArrayList<>(List.of(state));
            present.ifPresent(ordered::add);
            ordered.sort((one, other) -> Long.compare(one.id, other.id));
            ordered.forEach(each -> each.writers.lock());
            try {
                boolean[] done = {false};
                Optional<Mutation.Arrived> following = present.flatMap(this::following);
                mailboxes.changeTree(
                        new AccountId(state.account),
                        connection -> {
                            Optional<Long> found = MailboxRows.find(connection, state.account, name);
                            done[0] = found.equals(present.map(old -> old.id));
                            if (!done[0]) {
                                return;
                            }
                            Optional<SpecialUse> use = MailboxRows.all(connection, state.account).stream()
                                    .filter(named -> named.name().equals(name))
                                    .findFirst()
                                    .flatMap(MailboxRows.Named::specialUse);
                            if (present.isPresent()) {
                                MailboxRows.markRemoved(connection, present.get().id);
                            }
                            ImportRows.show(connection, state.id, name, use);
                            MailboxRows.setRecent(connection, state.id, firstFree());
                            if (following.isPresent()) {
                                MailboxRows.insertArrived(connection, state.id, following.get());
                            } else {
                                ImportRows.setUidNext(connection, state.id, firstFree());
                            }
                        },
                        () -> {
                            if (done[0]) {
                                present.ifPresent(old -> old.removed = true);
                                state.startAt(firstFree());
                                following.ifPresent(state::pend);
                            }
                        },
                        () -> {
                            if (done[0] && following.isPresent()) {
                                state.publish();
                            }
                        });
                return done[0];
            } finally {
                ordered.reversed().forEach(each -> each.writers.unlock());
            }
        }

        private long firstFree() {
            return Math.max(uidNext, state.headUidNext);
        }

        /// What the mailbox under this name has got so far. Under both mailboxes' locks.
        private Optional<Mutation.Arrived> following(MailboxState old) {
            List<MailboxState.HeadRow> rows = old.head(old.headUids());
            if (rows.isEmpty()) {
                return Optional.empty();
            }
            Arrival arrival = Arrival.of(rows);
            arrival.translateKeywords(old, state, mailboxes.writer(), true);
            long[] wanted = new long[rows.size()];
            wanted[0] = firstFree();
            return Optional.of(arrival.into(state, state.headModSeq + 1, wanted));
        }
    }
}
