package org.postern.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.auth.AccountId;

/// A hidden mailbox takes its name, from the one that had it.
final class Unveiling {
    private final MailboxStore mailboxes;
    private final MailboxState state;
    private final long uidNext;

    Unveiling(MailboxStore mailboxes, MailboxState state, long uidNext) {
        this.mailboxes = mailboxes;
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
