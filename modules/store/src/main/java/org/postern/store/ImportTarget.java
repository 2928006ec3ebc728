package org.postern.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;

/// One mailbox that an import or a restore fills.
final class ImportTarget implements Import.Target {
    private final Database database;
    private final MailboxStore mailboxes;
    private final MailboxViews views;
    private final long account;
    private final MailboxName name;
    private final Placing placing;
    private final Placing.Rules rules;
    private final boolean trial;
    private MailboxViews.@Nullable Lease kept;

    ImportTarget(
            Database database,
            MailboxStore mailboxes,
            MailboxViews views,
            AccountId account,
            MailboxName name,
            Placing placing,
            Placing.Rules rules,
            boolean trial) {
        this.database = database;
        this.mailboxes = mailboxes;
        this.views = views;
        this.account = account.value();
        this.name = name;
        this.placing = placing;
        this.rules = rules;
        this.trial = trial;
    }

    @Override
    public Optional<String> newUidsBecause() {
        return switch (placing) {
            case Placing.NewUids fresh -> fresh.because();
            case Placing.Into _ -> Optional.of("they come back to a mailbox that is there");
            case Placing.Kept _, Placing.LeftAlone _ -> Optional.empty();
        };
    }

    @Override
    public Optional<String> leftAloneBecause() {
        return placing instanceof Placing.LeftAlone alone ? Optional.of(alone.because()) : Optional.empty();
    }

    private boolean keepsUids() {
        return placing instanceof Placing.Kept;
    }

    @Override
    public boolean[] known(List<Import.Offered> offered) {
        List<byte[]> keys = offered.stream()
                .map(each -> ImportRows.key(name, each.identity()))
                .toList();
        boolean[] known =
                database.read(connection -> ImportRows.known(connection, account, keys, rules.forgetsWithTheMailbox()));
        Set<String> before = new HashSet<>();
        for (int index = 0; index < known.length; index++) {
            known[index] |= !before.add(HexFormat.of().formatHex(keys.get(index)));
        }
        if (placing instanceof Placing.Into into) {
            addPresent(into.mailbox(), offered, known);
        }
        return known;
    }

    /// Those that were never expunged.
    private void addPresent(long mailbox, List<Import.Offered> offered, boolean[] known) {
        int[] uids =
                offered.stream().mapToInt(each -> (int) each.uid().orElse(0)).toArray();
        var rows = new MessageRows(uids.length);
        try (MailboxViews.Lease lease = views.acquire(mailbox)) {
            lease.state().read(uids, 0, uids.length, rows);
        }
        for (int index = 0; index < known.length; index++) {
            known[index] |= rows.present[index];
        }
    }

    /// The mailbox, made if it is not there.
    private MailboxViews.Lease acquire() {
        if (trial) {
            throw new IllegalStateException("a trial changes nothing");
        }
        return switch (placing) {
            case Placing.Kept whose -> {
                MailboxViews.Lease open = kept;
                if (open == null) {
                    open = views.acquire(keptMailbox(whose.numbers()));
                    kept = open;
                }
                yield views.acquire(open.state().id);
            }
            case Placing.NewUids _ -> {
                try {
                    yield mailboxes.acquire(account, name);
                } catch (MailboxException e) {
                    mailboxes.create(new AccountId(account), name, Optional.empty());
                    yield mailboxes.acquire(account, name);
                }
            }
            case Placing.Into into -> views.acquire(into.mailbox());
            case Placing.LeftAlone alone -> throw new IllegalStateException(alone.because());
        };
    }

    private long keptMailbox(Import.Kept numbers) {
        long[] mailbox = {0};
        mailboxes.changeTree(
                new AccountId(account),
                connection -> {
                    ImportRows.counter(connection, account); // the account is there
                    Optional<ImportRows.Given> given = ImportRows.given(connection, account, numbers.uidValidity());
                    mailbox[0] = given.isPresent()
                                    && ImportRows.isThere(
                                            connection, given.get().mailbox())
                            ? given.get().mailbox()
                            : ImportRows.insertHidden(connection, account, name, numbers);
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
                                arrival.dates[index] = message.internalDate().epochMillis();
                                arrival.zones[index] =
                                        (short) message.internalDate().offsetMinutes();
                                arrival.flags[index] =
                                        message.systemFlags() | keywordBits(state, message.keywords(), dropped);
                                wanted[index] = keepsUids() ? message.uid().orElse(0) : 0;
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
                                        connection, MailboxRows.insertBlob(connection, content), content, new byte[0]);
                            }
                            charge(connection, arrival);
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

    private void charge(Connection connection, Arrival arrival) throws SQLException {
        if (rules.ignoresQuota()) {
            MailboxRows.count(connection, account, arrival.octets(), arrival.count());
        } else {
            MailboxRows.charge(connection, account, arrival.octets(), arrival.count());
        }
    }

    @Override
    public void finish(boolean subscribed, Optional<SpecialUse> specialUse) {
        try (MailboxViews.Lease lease = acquire()) {
            MailboxState state = lease.state();
            if (placing instanceof Placing.Kept whose) {
                long uidNext = whose.numbers().uidNext();
                if (database.read(connection -> ImportRows.isHidden(connection, state.id))) {
                    new Unveiling(mailboxes, state, uidNext).run();
                } else {
                    moveOn(state, uidNext);
                }
            }
            mailboxes.changeTree(
                    new AccountId(account),
                    connection -> {
                        if (subscribed
                                && !MailboxStore.subscriptions(connection, new AccountId(account))
                                        .contains(state.name())) {
                            MailboxStore.insertSubscription(connection, account, state.name());
                        }
                        if (specialUse.isPresent() && rules.takesSpecialUse()) {
                            ImportRows.setSpecialUse(connection, account, state.id, specialUse.get());
                        } else if (specialUse.isPresent()) {
                            ImportRows.setSpecialUseIfFree(connection, account, state.id, specialUse.get());
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
                        new AccountId(account),
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
