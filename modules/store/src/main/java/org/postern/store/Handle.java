package org.postern.store;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;

/// A session's hold on an open mailbox.
final class Handle implements OpenMailbox {
    private final MailboxStore store;
    private final MailboxViews.Lease lease;
    private final MailboxState state;
    private final Watcher watcher;
    /// Marks this session's own changes in the feed.
    private final Runnable origin;

    private final boolean readOnly;
    private final long firstRecentUid;

    Handle(MailboxStore store, MailboxViews.Lease lease, boolean readOnly, Runnable wake) {
        this.store = store;
        this.lease = lease;
        this.state = lease.state();
        this.readOnly = readOnly;
        this.origin = wake;
        this.watcher = new Watcher(wake);
        state.watch(watcher);
        this.firstRecentUid = state.openRecent(!readOnly);
        if (!readOnly) {
            store.keepRecent(state);
        }
    }

    @Override
    public MailboxName name() {
        return state.name();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public long uidValidity() {
        return state.uidValidity;
    }

    @Override
    public MailboxStatus status() {
        return state.status();
    }

    @Override
    public List<String> keywords() {
        return state.keywords();
    }

    @Override
    public boolean acceptsKeywords() {
        return state.keywords().size() < Flags.KEYWORDS;
    }

    @Override
    public int[] uids() {
        return state.uidsFor(watcher);
    }

    @Override
    public long firstRecentUid() {
        return firstRecentUid;
    }

    @Override
    public int claimRecent(int[] uids) {
        int recent = state.takeRecent(uids, !readOnly);
        if (recent > 0 && !readOnly) {
            store.keepRecent(state);
        }
        return recent;
    }

    @Override
    public List<MailboxChange> takeChanges() {
        List<MailboxChange> changes = watcher.take();
        if (changes.isEmpty() && state.gone()) {
            return List.of(new MailboxChange.Gone(state.status().highestModSeq()));
        }
        return changes;
    }

    @Override
    public void read(int[] uids, int from, int to, MessageRows rows) {
        state.read(uids, from, to, rows);
    }

    @Override
    public int[] changedSince(long since) {
        return state.changedSince(since);
    }

    @Override
    public MessageContent content(long message) {
        return store.contents().load(message);
    }

    @Override
    public int[] updateFlags(int[] uids, FlagUpdate update, OptionalLong unchangedSince) {
        requireWritable();
        var unchanged = new UidSet.Builder();
        store.writer()
                .change(
                        List.of(state),
                        () -> {
                            long bits = update.system()
                                    | store.writer()
                                            .keywordBits(
                                                    state, update.keywords(), update.mode() != FlagUpdate.Mode.REMOVE);
                            long cleared = switch (update.mode()) {
                                case REPLACE -> ~bits;
                                case ADD -> 0;
                                case REMOVE -> bits;
                            };
                            long added = update.mode() == FlagUpdate.Mode.REMOVE ? 0 : bits;
                            var changed = new UidSet.Builder();
                            for (MailboxState.HeadRow row : state.head(uids)) {
                                if (unchangedSince.isPresent() && row.modSeq() > unchangedSince.getAsLong()) {
                                    unchanged.add(row.uid()); // RFC 7162 §3.1.3
                                } else if (((row.flags() & ~cleared) | added) != row.flags()) {
                                    changed.add(row.uid());
                                }
                            }
                            List<MailboxWriter.Planned> planned = new ArrayList<>();
                            long modSeq = state.headModSeq;
                            for (int[] piece : MailboxWriter.pieces(changed.toArray())) {
                                planned.add(new MailboxWriter.Planned(
                                        state, new Mutation.Flagged(++modSeq, piece, cleared, added, origin)));
                            }
                            return planned;
                        },
                        connection -> {});
        return unchanged.toArray();
    }

    private void requireWritable() {
        if (readOnly) {
            throw new MailboxException(MailboxException.Reason.CANNOT, "the mailbox is open for reading only");
        }
    }

    @Override
    public int[] expunge(int[] uids) {
        return remove(uids, row -> (row.flags() & Flags.DELETED) != 0);
    }

    @Override
    public int[] remove(int[] uids) {
        return remove(uids, row -> true);
    }

    private int[] remove(int[] uids, Predicate<MailboxState.HeadRow> which) {
        requireWritable();
        var removed = new UidSet.Builder();
        long[] octets = {0};
        store.writer()
                .change(
                        List.of(state),
                        () -> {
                            for (MailboxState.HeadRow row : state.head(uids)) {
                                if (which.test(row)) {
                                    removed.add(row.uid());
                                    octets[0] += Integer.toUnsignedLong(row.size());
                                }
                            }
                            return plannedRemoval(state.headModSeq, removed.toArray());
                        },
                        connection -> {
                            MailboxRows.charge(connection, state.account, -octets[0], -removed.toArray().length);
                        });
        store.removals().consider();
        return removed.toArray();
    }

    private List<MailboxWriter.Planned> plannedRemoval(long after, int[] uids) {
        List<MailboxWriter.Planned> planned = new ArrayList<>();
        long modSeq = after;
        for (int[] piece : MailboxWriter.pieces(uids)) {
            planned.add(new MailboxWriter.Planned(state, new Mutation.Removed(++modSeq, piece, origin)));
        }
        return planned;
    }

    @Override
    public CopyResult copy(int[] uids, MailboxName target) {
        return transfer(uids, target, false);
    }

    @Override
    public CopyResult move(int[] uids, MailboxName target) {
        requireWritable();
        CopyResult result = transfer(uids, target, true);
        store.removals().consider();
        return result;
    }

    private CopyResult transfer(int[] uids, MailboxName target, boolean move) {
        try (MailboxViews.Lease other = store.acquire(state.account, target)) {
            MailboxState into = other.state();
            List<MailboxState.HeadRow> rows = new ArrayList<>();
            int[][] given = {new int[0]};
            store.writer()
                    .change(
                            List.of(state, into),
                            () -> {
                                rows.addAll(state.head(uids));
                                if (rows.isEmpty()) {
                                    return List.of();
                                }
                                Arrival arrival = Arrival.of(rows);
                                if (into != state) {
                                    arrival.translateKeywords(state, into, store.writer(), false);
                                }
                                Mutation.Arrived arrived = arrival.into(into, into.headModSeq + 1);
                                given[0] = arrived.uids();
                                List<MailboxWriter.Planned> planned = new ArrayList<>();
                                planned.add(new MailboxWriter.Planned(into, arrived));
                                if (move) {
                                    long after = into == state ? arrived.modSeq() : state.headModSeq;
                                    planned.addAll(plannedRemoval(after, sourceUids(rows)));
                                }
                                return planned;
                            },
                            connection -> {
                                if (!move) {
                                    MailboxRows.charge(
                                            connection, state.account, MailboxState.HeadRow.octets(rows), rows.size());
                                }
                            });
            return new CopyResult(into.uidValidity, sourceUids(rows), given[0]);
        }
    }

    private static int[] sourceUids(List<MailboxState.HeadRow> rows) {
        return rows.stream().mapToInt(MailboxState.HeadRow::uid).toArray();
    }

    @Override
    public void close() {
        state.unwatch(watcher);
        lease.close();
    }
}
