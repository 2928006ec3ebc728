package org.postern.store;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.postern.auth.AccountId;

/// Imports in SQL.
///
/// A mailbox that keeps its UIDs is filled hidden, and shown at the end in one transaction. So its UIDs ascend whatever
/// is delivered meanwhile, no client sees half of it, and mail that its name has got already follows behind: the
/// UIDVALIDITY is another one, so that its UIDs may be others too.
final class ImportStore implements Imports {
    /// Ids are above 0.
    private static final AccountId NOBODY = new AccountId(0);

    private final Database database;
    private final AccountStore accounts;
    private final MailboxStore mailboxes;
    private final MailboxViews views;
    private final Set<Long> busy = ConcurrentHashMap.newKeySet();

    ImportStore(Database database, AccountStore accounts, MailboxStore mailboxes, MailboxViews views) {
        this.database = database;
        this.accounts = accounts;
        this.mailboxes = mailboxes;
        this.views = views;
    }

    @Override
    public Import begin(AccountId account, OptionalLong highestUidValidity, boolean trial) {
        enter(account);
        try {
            long above = database.read(connection -> ImportRows.counter(connection, account.value()));
            long upTo = Math.min(highestUidValidity.orElse(0), HIGHEST_UID_VALIDITY);
            if (!trial && upTo > above) {
                mailboxes.changeTree(
                        account, connection -> ImportRows.reserve(connection, account.value(), upTo), () -> {});
            }
            return new Running(account, new ImportRules(account.value(), trial, above, upTo), trial);
        } catch (RuntimeException e) {
            busy.remove(account.value());
            throw e;
        }
    }

    @Override
    public Restoration restore(SavedAccount saved, RestoreOptions options) {
        Address address = Address.of(saved.address());
        boolean sameOrigin = database.read(StoreOrigin::of).equals(options.origin());
        Optional<AccountId> present = accounts.account(saved.address()).map(Accounts.AccountInformation::id);
        boolean made = present.isEmpty();
        List<String> notes = List.of();
        AccountId account = present.orElse(NOBODY);
        if (made && options.trial()) {
            accounts.requireRestorable(saved);
        } else if (made) {
            AccountRestore.Restored restored = accounts.restore(saved, sameOrigin);
            account = restored.account();
            notes = restored.notes();
        }
        enter(account);
        return new Restoration(
                new Running(account, new RestoreRules(account.value(), address, options, sameOrigin), options.trial()),
                made,
                notes);
    }

    private void enter(AccountId account) {
        if (!busy.add(account.value())) {
            throw new MailboxException(
                    MailboxException.Reason.CANNOT, "another import into this account, or a restore, is under way");
        }
    }

    @Override
    public void forget(AccountId account) {
        enter(account);
        try {
            for (long hidden : database.read(connection -> ImportRows.hidden(connection, account.value()))) {
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
        private final Placing.Rules rules;
        private final boolean trial;
        private boolean closed;

        Running(AccountId account, Placing.Rules rules, boolean trial) {
            this.account = account;
            this.rules = rules;
            this.trial = trial;
        }

        @Override
        public Target target(MailboxName name, Optional<Kept> kept) {
            Database.Work<Placing> place = connection -> rules.place(connection, name, kept);
            Placing placing = trial ? database.read(place) : database.inTransaction(place);
            return new ImportTarget(database, mailboxes, views, account, name, placing, rules, trial);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                busy.remove(account.value());
            }
        }
    }
}
