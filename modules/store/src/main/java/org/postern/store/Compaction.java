package org.postern.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives the space of removed messages back: what lives in a segment that is mostly dead is appended to another, its
/// rows are pointed there, and once that is durable the file goes.
///
/// One segment at a time, at a bounded rate, on a thread of its own. A crash leaves the rows as they were or as they
/// will be, and copies that no row names, which are dead space themselves. A damaged blob stays where it is, and its
/// segment with it.
final class Compaction implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Compaction.class);
    private static final int BATCH = 100;
    private static final long BATCH_OCTETS = 4 << 20;
    /// How much longer than a look the pause after it is.
    private static final int SHARE = 20;

    private final Database database;
    private final Committer committer;
    private final Contents contents;
    private final Segments segments;
    private final DiskSpace space;
    private final SegmentSettings settings;
    private final int node;
    private final Counter moved;
    private final Counter freed;
    private final Counter damaged;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private boolean closed; // guarded by lock
    private final AtomicBoolean wanted = new AtomicBoolean(true); // the last process may have left something
    private final Thread thread;
    /// Segments that hold a damaged blob: not tried again before a restart.
    private final Set<Integer> stuck = new HashSet<>();

    private volatile long deadOctets;

    Compaction(
            Database database,
            Committer committer,
            Contents contents,
            Segments segments,
            DiskSpace space,
            SegmentSettings settings,
            int node,
            MeterRegistry meters) {
        this.database = database;
        this.committer = committer;
        this.contents = contents;
        this.segments = segments;
        this.space = space;
        this.settings = settings;
        this.node = node;
        moved = counter(
                "postern.store.compaction.moved", "Octets of living messages that compaction has moved.", meters);
        freed = counter("postern.store.compaction.freed", "Octets that compaction has given back.", meters);
        damaged = Counter.builder("postern.store.compaction.damaged")
                .description("Damaged messages that compaction has met and left.")
                .register(meters);
        Gauge.builder("postern.store.dead", this, each -> each.deadOctets)
                .description("Octets in finished segments that no message needs, as of the last look.")
                .baseUnit("bytes")
                .register(meters);
        thread = Thread.ofPlatform().daemon().name("compaction").start(this::run);
    }

    private static Counter counter(String name, String description, MeterRegistry meters) {
        return Counter.builder(name).description(description).baseUnit("bytes").register(meters);
    }

    private void run() {
        long pause = settings.pause().toNanos();
        while (pause(pause)) {
            if (!wanted.getAndSet(false)) {
                continue;
            }
            long start = System.nanoTime();
            try {
                compact();
            } catch (RuntimeException | IOException e) {
                LOG.warn("segments could not be compacted; the next look tries again", e);
                wanted.set(true);
            }
            pause = Math.max(settings.pause().toNanos(), SHARE * (System.nanoTime() - start));
        }
    }

    /// Something was removed: the next look is worth its while.
    void consider() {
        wanted.set(true);
    }

    /// False if the store closes.
    private boolean pause(long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!closed && left > 0) {
                left = woken.awaitNanos(left);
            }
            return !closed;
        } catch (InterruptedException e) { // nobody does
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /// Compacts, one after the other, the segments that are worth it.
    void compact() throws IOException {
        List<Segments.Sealed> sealed = segments.sealed(); // before the rows are read: these get no new ones
        Map<Integer, Living> living = living();
        List<Candidate> worthIt = new ArrayList<>();
        long dead = 0;
        for (Segments.Sealed segment : sealed) {
            var candidate = new Candidate(segment, living.getOrDefault(segment.number(), Living.NONE));
            dead += candidate.dead();
            if (!stuck.contains(segment.number())
                    && (candidate.living().equals(Living.NONE)
                            || (settings.deadShare() < 100
                                    && candidate.dead() * 100 >= segment.octets() * settings.deadShare()))) {
                worthIt.add(candidate);
            }
        }
        deadOctets = dead;
        worthIt.sort(Comparator.comparingLong(each -> each.living().octets())); // the emptiest first: they cost least
        for (Candidate candidate : worthIt) {
            if (isClosed() || !compact(candidate)) {
                wanted.set(true);
                return;
            }
        }
    }

    /// What lives in a segment: its octets, and the ids of its first and last blob row. What arrives together has ids
    /// that are close together, so this is all the index that is needed; one in the database would have to be
    /// written with each message.
    private record Living(long octets, long first, long last) {
        static final Living NONE = new Living(0, 0, -1);
    }

    private record Candidate(Segments.Sealed segment, Living living) {
        long dead() {
            return segment.octets() - living.octets();
        }
    }

    /// What lives in each segment. Reads a row for each blob: the pauses keep that a small share of the time.
    private Map<Integer, Living> living() {
        return database.read(connection -> {
            Map<Integer, Living> living = new HashMap<>();
            try (PreparedStatement select = connection.prepareStatement(
                    "select segment, sum(stored), min(id), max(id) from blob where node = ? group by segment")) {
                select.setInt(1, node);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        living.put(row.getInt(1), new Living(row.getLong(2), row.getLong(3), row.getLong(4)));
                    }
                }
            }
            return living;
        });
    }

    private record Row(long id, BlobReference blob) {}

    /// False where there is no going on now.
    private boolean compact(Candidate candidate) throws IOException {
        Segments.Sealed segment = candidate.segment();
        Living living = candidate.living();
        long from = living.first();
        long ticket = -1;
        while (true) {
            List<Row> batch = batch(segment.number(), from, living.last());
            if (batch.isEmpty()) {
                break;
            }
            if (!space.has(2 * BATCH_OCTETS
                    + batch.stream().mapToLong(row -> row.blob().length()).max().orElse(0))) {
                return false;
            }
            from = batch.getLast().id() + 1;
            long octets = move(segment.number(), batch);
            ticket = committer.submit(() -> {});
            moved.increment((double) octets);
            if (!pause(TimeUnit.SECONDS.toNanos(octets) / settings.rate())) {
                return false;
            }
        }
        if (ticket >= 0) {
            committer.await(ticket);
        }
        if (isNamed(segment.number())) {
            stuck.add(segment.number());
            return true;
        }
        if (ticket < 0) { // what removed the last row may not be durable yet
            committer.await(committer.submit(() -> {}));
        }
        segments.delete(segment.number());
        freed.increment((double) segment.octets());
        LOG.info("segment {}-{} is compacted: {} octets are free again", node, segment.number(), segment.octets());
        return true;
    }

    /// Whether any row names the segment. Reads all of them, whatever was read before: what is deleted next never comes
    /// back.
    private boolean isNamed(int segment) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select 1 from blob where node = ? and segment = ? fetch first 1 rows only")) {
                select.setInt(1, node);
                select.setInt(2, segment);
                try (ResultSet row = select.executeQuery()) {
                    return row.next();
                }
            }
        });
    }

    /// The next of a segment's blobs, by their ids.
    private List<Row> batch(int segment, long from, long last) {
        return database.read(connection -> {
            List<Row> rows = new ArrayList<>();
            try (PreparedStatement select =
                    connection.prepareStatement("select id, position, length from blob where id between ? and ?"
                            + " and node = ? and segment = ? order by id fetch first " + BATCH + " rows only")) {
                select.setLong(1, from);
                select.setLong(2, last);
                select.setInt(3, node);
                select.setInt(4, segment);
                long octets = 0;
                try (ResultSet row = select.executeQuery()) {
                    while (row.next() && (rows.isEmpty() || octets < BATCH_OCTETS)) {
                        rows.add(new Row(
                                row.getLong(1), new BlobReference(node, segment, row.getLong(2), row.getLong(3))));
                        octets += row.getLong(3);
                    }
                }
            }
            return rows;
        });
    }

    /// Moves the blobs, and points their rows to the new places in one transaction.
    private long move(int segment, List<Row> batch) throws IOException {
        Map<Row, Segments.Placed> places = new HashMap<>();
        long octets = 0;
        try {
            for (Row row : batch) {
                try {
                    segments.verify(row.blob());
                } catch (IOException e) {
                    damaged.increment();
                    LOG.error("compaction leaves a damaged message, and segment {}-{} with it", node, segment, e);
                    continue;
                }
                places.put(
                        row,
                        segments.append(
                                Segments.Purpose.COMPACTION,
                                row.blob().length(),
                                () -> segments.open(row.blob(), 0, row.blob().length())));
                octets += row.blob().length();
            }
            contents.force(); // the body first, here too
            database.change(connection -> {
                try (PreparedStatement update = connection.prepareStatement(
                        "update blob set segment = ?, position = ?, stored = ? where id = ? and segment = ?")) {
                    for (Map.Entry<Row, Segments.Placed> place : places.entrySet()) {
                        update.setInt(1, place.getValue().blob().segment());
                        update.setLong(2, place.getValue().blob().position());
                        update.setLong(3, place.getValue().stored());
                        update.setLong(4, place.getKey().id());
                        update.setInt(5, segment);
                        update.addBatch();
                    }
                    update.executeBatch();
                }
            });
            return octets;
        } finally {
            places.values().forEach(place -> segments.release(place.blob()));
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            woken.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
