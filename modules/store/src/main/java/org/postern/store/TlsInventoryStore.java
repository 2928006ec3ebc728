package org.postern.store;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.postern.auth.AccountId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gathers sessions in memory and writes them behind, in batches: a login writes nothing to the disk. What a crash
/// takes is the last minute.
final class TlsInventoryStore implements TlsInventory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsInventoryStore.class);
    private static final Duration BEHIND = Duration.ofMinutes(1);
    static final int DAYS_KEPT = 90;
    /// What waits at most, in accounts times ways; more is not counted.
    static final int MOST_WAITING = 20_000;

    private static final int BATCH = 500;

    private record Key(AccountId account, TlsWay way) {}

    private record Seen(long firstDay, long lastDay, long sessions) {
        Seen and(Seen other) {
            return new Seen(
                    Math.min(firstDay, other.firstDay), Math.max(lastDay, other.lastDay), sessions + other.sessions);
        }
    }

    private final Database database;
    private final AccountChanges changes;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition closing = lock.newCondition();
    // guarded by lock
    private Map<Key, Seen> waiting = new HashMap<>();
    private boolean overflowed;
    private boolean closed;

    /// One writer at a time. Guards what it was last tidied up on.
    private final ReentrantLock writer = new ReentrantLock();

    private long tidiedUp; // day

    TlsInventoryStore(Database database, AccountChanges changes, InstantSource clock) {
        this.database = database;
        this.changes = changes;
        this.clock = clock;
        Thread.ofPlatform().daemon().name("tls-inventory").start(this::run);
    }

    @Override
    public void record(AccountId account, TlsWay way, Instant from, Instant until) {
        add(new Key(account, way), new Seen(day(from), day(until), 1));
    }

    private void add(Key key, Seen seen) {
        lock.lock();
        try {
            if (waiting.size() < MOST_WAITING || waiting.containsKey(key)) {
                waiting.merge(key, seen, Seen::and);
            } else if (!overflowed) {
                overflowed = true;
                LOG.warn("more ways to reach accounts than can wait to be written: some are not counted");
            }
        } finally {
            lock.unlock();
        }
    }

    private static long day(Instant at) {
        return TimeUnit.SECONDS.toDays(at.getEpochSecond());
    }

    private long firstKept() {
        return day(clock.instant()) - DAYS_KEPT;
    }

    @Override
    public List<TlsUse> uses() {
        if (!database.waitsForDisk()) {
            write();
        }
        return database.read(connection -> TlsUseRows.since(connection, firstKept()));
    }

    private void run() {
        while (true) {
            lock.lock();
            try {
                long left = BEHIND.toNanos();
                while (!closed && left > 0) {
                    left = closing.awaitNanos(left);
                }
                if (closed) {
                    return;
                }
            } catch (InterruptedException e) {
                return; // nobody interrupts it: only a dying JVM gets here
            } finally {
                lock.unlock();
            }
            writeQuietly();
        }
    }

    private void writeQuietly() {
        try {
            write();
        } catch (RuntimeException e) {
            LOG.warn("how accounts are reached could not be written; it is tried again", e);
        }
    }

    /// Writes what waits; what cannot be written waits on.
    void write() {
        writer.lock();
        try {
            Map<Key, Seen> taken;
            lock.lock();
            try {
                taken = waiting;
                waiting = new HashMap<>();
                overflowed = false;
            } finally {
                lock.unlock();
            }
            List<Map.Entry<Key, Seen>> all = new ArrayList<>(taken.entrySet());
            int written = 0;
            try {
                while (written < all.size()) {
                    List<Map.Entry<Key, Seen>> batch = all.subList(written, Math.min(written + BATCH, all.size()));
                    changes.change(connection -> {
                        for (Map.Entry<Key, Seen> each : batch) {
                            Seen seen = each.getValue();
                            TlsUseRows.add(
                                    connection,
                                    each.getKey().account(),
                                    each.getKey().way(),
                                    seen.firstDay(),
                                    seen.lastDay(),
                                    seen.sessions());
                        }
                    });
                    written += batch.size();
                }
                if (tidiedUp != day(clock.instant())) {
                    changes.change(connection -> TlsUseRows.forgetBefore(connection, firstKept()));
                    tidiedUp = day(clock.instant());
                }
            } finally {
                all.subList(written, all.size()).forEach(left -> add(left.getKey(), left.getValue()));
            }
        } finally {
            writer.unlock();
        }
    }

    /// Writes what waits. Sessions must have ended.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            closing.signal();
        } finally {
            lock.unlock();
        }
        if (!database.waitsForDisk()) {
            writeQuietly();
        }
    }
}
