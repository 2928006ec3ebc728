package org.postern.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// One mailbox in memory: its durable state as primitive arrays, and the few changes that are committed
/// in SQL but not yet durable.
///
/// Two views of it exist. **Visible** is what is durable; all that clients see comes from it, under this
/// object's monitor, held for moments. **Head** is visible with the pending changes laid over it; writers
/// decide on head, under [#writers], which they hold through their SQL transaction but not through the
/// wait for the disk.
final class MailboxState {
    /// UIDs that one snapshot chunk covers.
    static final int CHUNK = 4096;

    final long id;
    final long account;
    final long uidValidity;
    /// Held by whoever changes the mailbox. Where two are needed, the smaller id first.
    final ReentrantLock writers = new ReentrantLock();

    // head; guarded by writers
    long headModSeq;
    long headUidNext;
    boolean removed;
    private final List<String> keywords = new ArrayList<>(); // writes also under the monitor

    // visible; guarded by this
    private MailboxName name;
    private int count;
    private int[] uids = new int[16];
    private long[] flags = new long[16];
    private int[] sizes = new int[16];
    private long[] modSeqs = new long[16];
    private long[] messages = new long[16];
    private long[] dates = new long[16];
    private short[] zones = new short[16];
    private long modSeq;
    private long uidNext;
    private long recentUid;
    private boolean gone;
    private final ArrayDeque<Mutation> pending = new ArrayDeque<>();
    private final List<Watcher> watchers = new ArrayList<>();
    /// Chunks that differ from the snapshot.
    private final BitSet dirtyChunks = new BitSet();
    private long snapshotModSeq;
    private int journalRows;
    private long journalOctets;

    MailboxState(long id, long account, MailboxName name, long uidValidity, long uidNext, long modSeq, long recentUid) {
        this.id = id;
        this.account = account;
        this.name = name;
        this.uidValidity = uidValidity;
        this.headUidNext = uidNext;
        this.uidNext = uidNext;
        this.headModSeq = modSeq;
        this.modSeq = modSeq;
        this.recentUid = recentUid;
    }

    // ---- loading; nobody else sees the state yet

    void load(Mutation mutation) {
        synchronized (this) {
            apply(mutation);
        }
    }

    /// Adds a message of a snapshot, in the order of UIDs.
    synchronized void loadRow(int uid, long flagBits, int size, long changed, long message, long date, short zone) {
        int index = grow(1);
        uids[index] = uid;
        flags[index] = flagBits;
        sizes[index] = size;
        modSeqs[index] = changed;
        messages[index] = message;
        dates[index] = date;
        zones[index] = zone;
    }

    synchronized void loaded(long snapshotAt) {
        snapshotModSeq = snapshotAt;
        modSeq = headModSeq;
    }

    // ---- changes

    /// Notes a change that is committed but not durable. Under `writers`.
    synchronized void pend(Mutation mutation) {
        pending.add(mutation);
        headModSeq = mutation.modSeq();
        if (mutation instanceof Mutation.Arrived arrived) {
            headUidNext = Integer.toUnsignedLong(arrived.uids()[arrived.uids().length - 1]) + 1;
        }
    }

    /// Makes the oldest pending change visible: it is durable. On the committer's thread, in order.
    void publish() {
        List<Watcher> toWake;
        synchronized (this) {
            Mutation mutation = pending.remove();
            apply(mutation);
            modSeq = mutation.modSeq();
            MailboxChange change = switch (mutation) {
                case Mutation.Arrived arrived -> new MailboxChange.Added(modSeq, arrived.uids());
                case Mutation.Flagged flagged ->
                    new MailboxChange.FlagsChanged(modSeq, flagged.uids(), flagged.origin());
                case Mutation.Removed expunged ->
                    new MailboxChange.Expunged(modSeq, expunged.uids(), expunged.origin());
            };
            watchers.forEach(watcher -> watcher.add(change));
            toWake = List.copyOf(watchers);
        }
        toWake.forEach(Watcher::wake);
    }

    /// The UIDs below are none of this mailbox's to give: it came with them. Durable.
    synchronized void moveOn(long next) {
        uidNext = Math.max(uidNext, next);
    }

    /// The same for a mailbox that nobody has seen yet; no message in it is `\Recent`. Under `writers`.
    synchronized void startAt(long next) {
        headUidNext = next;
        uidNext = Math.max(uidNext, next);
        recentUid = next;
    }

    private void apply(Mutation mutation) {
        switch (mutation) {
            case Mutation.Arrived arrived -> {
                int index = grow(arrived.uids().length);
                int length = arrived.uids().length;
                System.arraycopy(arrived.uids(), 0, uids, index, length);
                System.arraycopy(arrived.flags(), 0, flags, index, length);
                System.arraycopy(arrived.sizes(), 0, sizes, index, length);
                System.arraycopy(arrived.messages(), 0, messages, index, length);
                System.arraycopy(arrived.dates(), 0, dates, index, length);
                System.arraycopy(arrived.zones(), 0, zones, index, length);
                Arrays.fill(modSeqs, index, index + length, arrived.modSeq());
                uidNext = Math.max(uidNext, Integer.toUnsignedLong(arrived.uids()[length - 1]) + 1);
                touch(arrived.uids());
            }
            case Mutation.Flagged flagged -> {
                for (int uid : flagged.uids()) {
                    int index = UidSet.indexOf(uids, count, uid);
                    if (index >= 0) {
                        flags[index] = (flags[index] & ~flagged.cleared()) | flagged.added();
                        modSeqs[index] = flagged.modSeq();
                    }
                }
                touch(flagged.uids());
                journalRows++;
                journalOctets += 32 + flagged.uids().length / 8;
            }
            case Mutation.Removed expunged -> {
                remove(expunged.uids());
                touch(expunged.uids());
                journalRows++;
                journalOctets += 32 + expunged.uids().length / 8;
            }
        }
    }

    private void touch(int[] changed) {
        for (int uid : changed) {
            dirtyChunks.set(uid >>> 12);
        }
    }

    private int grow(int more) {
        int index = count;
        count += more;
        if (count > uids.length) {
            int capacity = Math.max(count, uids.length + uids.length / 2);
            uids = Arrays.copyOf(uids, capacity);
            flags = Arrays.copyOf(flags, capacity);
            sizes = Arrays.copyOf(sizes, capacity);
            modSeqs = Arrays.copyOf(modSeqs, capacity);
            messages = Arrays.copyOf(messages, capacity);
            dates = Arrays.copyOf(dates, capacity);
            zones = Arrays.copyOf(zones, capacity);
        }
        return index;
    }

    /// One pass: rows that stay move down over those that go.
    private void remove(int[] gone) {
        int to = 0;
        int next = 0;
        for (int from = 0; from < count; from++) {
            while (next < gone.length && Integer.compareUnsigned(gone[next], uids[from]) < 0) {
                next++;
            }
            if (next < gone.length && gone[next] == uids[from]) {
                continue;
            }
            if (to != from) {
                uids[to] = uids[from];
                flags[to] = flags[from];
                sizes[to] = sizes[from];
                modSeqs[to] = modSeqs[from];
                messages[to] = messages[from];
                dates[to] = dates[from];
                zones[to] = zones[from];
            }
            to++;
        }
        count = to;
    }

    // ---- head, for writers

    /// The message as a writer must see it.
    ///
    /// @param flags with the pending changes applied
    record HeadRow(int uid, long message, int size, long date, short zone, long flags, long modSeq) {
        static long octets(List<HeadRow> rows) {
            return rows.stream()
                    .mapToLong(row -> Integer.toUnsignedLong(row.size()))
                    .sum();
        }
    }

    /// Those of `wanted` that exist for writers, as rows. Under `writers`.
    synchronized List<HeadRow> head(int[] wanted) {
        List<HeadRow> rows = new ArrayList<>(wanted.length);
        for (int uid : wanted) {
            HeadRow row = null;
            int index = UidSet.indexOf(uids, count, uid);
            if (index >= 0) {
                row = new HeadRow(
                        uid, messages[index], sizes[index], dates[index], zones[index], flags[index], modSeqs[index]);
            }
            for (Mutation mutation : pending) {
                row = overlay(row, uid, mutation);
            }
            if (row != null) {
                rows.add(row);
            }
        }
        return rows;
    }

    private static @org.jspecify.annotations.Nullable HeadRow overlay(
            @org.jspecify.annotations.Nullable HeadRow row, int uid, Mutation mutation) {
        return switch (mutation) {
            case Mutation.Arrived arrived -> {
                int index = UidSet.indexOf(arrived.uids(), arrived.uids().length, uid);
                yield index < 0
                        ? row
                        : new HeadRow(
                                uid,
                                arrived.messages()[index],
                                arrived.sizes()[index],
                                arrived.dates()[index],
                                arrived.zones()[index],
                                arrived.flags()[index],
                                arrived.modSeq());
            }
            case Mutation.Flagged flagged ->
                row == null || !UidSet.contains(flagged.uids(), uid)
                        ? row
                        : new HeadRow(
                                uid,
                                row.message(),
                                row.size(),
                                row.date(),
                                row.zone(),
                                (row.flags() & ~flagged.cleared()) | flagged.added(),
                                flagged.modSeq());
            case Mutation.Removed expunged -> UidSet.contains(expunged.uids(), uid) ? null : row;
        };
    }

    /// All UIDs that exist for writers. Under `writers`.
    synchronized int[] headUids() {
        var all = new UidSet.Builder();
        for (int index = 0; index < count; index++) {
            all.add(uids[index]);
        }
        for (Mutation mutation : pending) {
            if (mutation instanceof Mutation.Arrived arrived) {
                for (int uid : arrived.uids()) {
                    all.add(uid);
                }
            }
        }
        return all.toArray();
    }

    synchronized List<String> keywords() {
        return List.copyOf(keywords);
    }

    /// Under `writers`, after the keyword's row was committed, or while loading.
    void addKeyword(String keyword) {
        List<Watcher> toWake;
        synchronized (this) {
            keywords.add(keyword);
            watchers.forEach(watcher -> watcher.add(new MailboxChange.KeywordsAdded(modSeq)));
            toWake = List.copyOf(watchers);
        }
        toWake.forEach(Watcher::wake);
    }

    // ---- visible, for readers

    synchronized MailboxName name() {
        return name;
    }

    synchronized void rename(MailboxName replacement) {
        name = replacement;
    }

    synchronized int[] uids() {
        return Arrays.copyOf(uids, count);
    }

    /// What a new watcher starts from: everything visible is in the array, everything later reaches the
    /// watcher.
    synchronized int[] uidsFor(Watcher watcher) {
        watcher.clear();
        return Arrays.copyOf(uids, count);
    }

    synchronized MailboxStatus status() {
        int unseen = 0;
        int deleted = 0;
        long octets = 0;
        long deletedOctets = 0;
        for (int index = 0; index < count; index++) {
            unseen += (flags[index] & Flags.SEEN) == 0 ? 1 : 0;
            deleted += (flags[index] & Flags.DELETED) != 0 ? 1 : 0;
            octets += Integer.toUnsignedLong(sizes[index]);
            deletedOctets += (flags[index] & Flags.DELETED) != 0 ? Integer.toUnsignedLong(sizes[index]) : 0;
        }
        return new MailboxStatus(count, recent(), unseen, deleted, uidNext, uidValidity, modSeq, octets, deletedOctets);
    }

    private int recent() {
        int at = UidSet.indexOf(uids, count, (int) Math.min(recentUid, 0xffff_ffffL));
        return count - (at >= 0 ? at : -at - 1);
    }

    synchronized void read(int[] wanted, int from, int to, MessageRows rows) {
        int index = -1;
        rows.count = to - from;
        for (int row = 0; row < rows.count; row++) {
            int uid = wanted[from + row];
            // in a dense batch the next UID is the next row: no search
            index = index + 1 < count && index >= 0 && uids[index + 1] == uid
                    ? index + 1
                    : UidSet.indexOf(uids, count, uid);
            rows.uid[row] = uid;
            rows.present[row] = index >= 0;
            if (index >= 0) {
                rows.flags[row] = flags[index];
                rows.size[row] = sizes[index];
                rows.modSeq[row] = modSeqs[index];
                rows.internalDate[row] = dates[index];
                rows.zoneOffset[row] = zones[index];
                rows.message[row] = messages[index];
            }
        }
    }

    synchronized int[] changedSince(long since) {
        var changed = new UidSet.Builder();
        for (int index = 0; index < count; index++) {
            if (modSeqs[index] > since) {
                changed.add(uids[index]);
            }
        }
        return changed.toArray();
    }

    // ---- \Recent

    /// The first UID that a session opening now has as recent; claims them if asked to.
    synchronized long openRecent(boolean claim) {
        long first = recentUid;
        if (claim) {
            recentUid = uidNext;
        }
        return first;
    }

    /// How many of these visible messages no session has got as recent yet; they are the caller's now, if
    /// it claims.
    synchronized int takeRecent(int[] arrived, boolean claim) {
        int recent = 0;
        for (int uid : arrived) {
            long number = Integer.toUnsignedLong(uid);
            if (number >= recentUid) {
                recent++;
                if (claim) {
                    recentUid = number + 1;
                }
            }
        }
        return recent;
    }

    synchronized long recentUid() {
        return recentUid;
    }

    // ---- watchers

    synchronized void watch(Watcher watcher) {
        watchers.add(watcher);
    }

    synchronized void unwatch(Watcher watcher) {
        watchers.remove(watcher);
    }

    /// Tells all watchers that the mailbox is no more.
    void vanish() {
        List<Watcher> toWake;
        synchronized (this) {
            gone = true;
            watchers.forEach(watcher -> watcher.add(new MailboxChange.Gone(modSeq)));
            toWake = List.copyOf(watchers);
        }
        toWake.forEach(Watcher::wake);
    }

    synchronized boolean gone() {
        return gone;
    }

    synchronized boolean isIdle() {
        return watchers.isEmpty() && pending.isEmpty();
    }

    /// Heap that the arrays take, in octets.
    synchronized long weight() {
        return 256 + uids.length * 42L;
    }

    // ---- snapshots

    /// The state of the chunks that changed since the last snapshot.
    record Dirty(long modSeq, long lastUid, List<Chunk> chunks) {}

    /// `state` is empty where no message is left.
    record Chunk(int number, byte[] state) {}

    /// True when rewriting the dirty chunks is cheaper than reading the journal's tail again and again.
    synchronized boolean wantsSnapshot() {
        return journalRows > 1000
                || journalOctets > 256 * 1024
                || (!dirtyChunks.isEmpty() && modSeq - snapshotModSeq > Math.max(1000, count / 8));
    }

    synchronized boolean differsFromSnapshot() {
        return !dirtyChunks.isEmpty();
    }

    /// Takes the dirty chunks, encoded; the caller writes them or gives them back with [#snapshotFailed].
    synchronized Dirty takeDirty() {
        List<Chunk> chunks = new ArrayList<>();
        for (int chunk = dirtyChunks.nextSetBit(0); chunk >= 0; chunk = dirtyChunks.nextSetBit(chunk + 1)) {
            int from = place((long) chunk * CHUNK);
            int to = place((chunk + 1L) * CHUNK);
            chunks.add(new Chunk(
                    chunk,
                    from == to
                            ? new byte[0]
                            : SnapshotCodec.encode(uids, flags, sizes, modSeqs, messages, dates, zones, from, to)));
        }
        dirtyChunks.clear();
        journalRows = 0;
        journalOctets = 0;
        return new Dirty(modSeq, uidNext - 1, chunks);
    }

    private int place(long uid) {
        if (uid > 0xffff_ffffL) {
            return count;
        }
        int at = UidSet.indexOf(uids, count, (int) uid);
        return at >= 0 ? at : -at - 1;
    }

    synchronized void snapshotWritten(Dirty dirty) {
        snapshotModSeq = dirty.modSeq();
    }

    synchronized void snapshotFailed(Dirty dirty) {
        dirty.chunks().forEach(chunk -> dirtyChunks.set(chunk.number()));
    }
}
