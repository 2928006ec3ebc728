package org.postern.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What every change of a mailbox has in common: decide and commit under the mailbox's lock, announce once durable.
final class MailboxWriter {
    /// A journal row's UID set must fit into a column.
    private static final int MOST_UIDS = 200_000;

    private final Database database;
    private final Committer committer;
    private final Snapshots snapshots;
    private final DiskSpace space;

    MailboxWriter(Database database, Committer committer, Snapshots snapshots, DiskSpace space) {
        this.database = database;
        this.committer = committer;
        this.snapshots = snapshots;
        this.space = space;
    }

    /// A change of one mailbox, decided and not yet written.
    record Planned(MailboxState state, Mutation mutation) {}

    /// Decides, under the locks of all `states`, what is to change.
    interface Decision {
        List<Planned> decide();
    }

    /// Runs the decision under the locks of the mailboxes, smaller id first, writes what it planned in one transaction,
    /// and returns when that is durable and visible.
    ///
    /// @param more further rows of the same transaction, written first
    void change(List<MailboxState> states, Decision decision, Database.Change more) {
        List<MailboxState> ordered = states.stream()
                .distinct()
                .sorted((one, other) -> Long.compare(one.id, other.id))
                .toList();
        long ticket;
        committer.requireHealthy();
        database.requireDisk();
        ordered.forEach(state -> state.writers.lock());
        try {
            for (MailboxState state : ordered) {
                if (state.removed) {
                    throw MailboxViews.gone();
                }
            }
            List<Planned> planned = decision.decide();
            if (planned.isEmpty()) {
                return;
            }
            if (planned.stream().anyMatch(each -> !(each.mutation() instanceof Mutation.Removed))) {
                space.requireForRows(); // taking away always goes on: it is what makes room
            }
            database.change(connection -> {
                more.run(connection);
                for (Planned each : planned) {
                    switch (each.mutation()) {
                        case Mutation.Arrived arrived ->
                            MailboxRows.insertArrived(connection, each.state().id, arrived);
                        case Mutation.Flagged flagged ->
                            MailboxRows.insertFlagged(connection, each.state().id, flagged);
                        case Mutation.Removed removed ->
                            MailboxRows.insertRemoved(connection, each.state().id, removed);
                    }
                }
            });
            planned.forEach(each -> each.state().pend(each.mutation()));
            ticket = committer.submit(() -> planned.forEach(each -> each.state().publish()));
        } finally {
            ordered.reversed().forEach(state -> state.writers.unlock());
        }
        committer.await(ticket);
        ordered.forEach(snapshots::consider);
    }

    /// Splits ascending UIDs into pieces that one journal row can hold.
    static List<int[]> pieces(int[] uids) {
        List<int[]> pieces = new ArrayList<>();
        for (int from = 0; from < uids.length; from += MOST_UIDS) {
            pieces.add(Arrays.copyOfRange(uids, from, Math.min(uids.length, from + MOST_UIDS)));
        }
        return pieces;
    }

    /// The bits of keyword names in a mailbox; those it does not have yet are made where `create` says so.
    /// Under the mailbox's lock. New keywords are committed and durable with the change that uses them.
    long keywordBits(MailboxState state, Set<String> names, boolean create) {
        long bits = 0;
        for (String name : names) {
            int position = position(state.keywords(), name);
            if (position < 0) {
                if (!create) {
                    continue;
                }
                position = state.keywords().size();
                if (position >= Flags.KEYWORDS) {
                    throw new MailboxException(
                            MailboxException.Reason.LIMIT,
                            "the mailbox holds " + Flags.KEYWORDS + " keywords, the most");
                }
                int at = position;
                database.change(connection -> {
                    MailboxRows.insertKeyword(connection, state.id, at, name);
                });
                state.addKeyword(name);
            }
            bits |= 1L << (Flags.FIRST_KEYWORD + position);
        }
        return bits;
    }

    /// RFC 3501 §2.3.2: keywords compare without regard to case.
    private static int position(List<String> keywords, String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        for (int index = 0; index < keywords.size(); index++) {
            if (keywords.get(index).toLowerCase(Locale.ROOT).equals(wanted)) {
                return index;
            }
        }
        return -1;
    }
}
