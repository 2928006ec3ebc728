package org.postern.store;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes what many have written durable together: one flush serves all who asked before it began. Batches
/// form by themselves while the last flush runs; waiting longer on purpose would only hurt the single
/// writer.
///
/// A flush that fails poisons the committer for good: after a failed fsync nobody knows what the disk
/// holds. All who wait fail, nothing more is accepted, and a restart recovers what was durable.
final class Committer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);

    private record Waiting(long number, Runnable whenDurable) {}

    private final String name;
    private final Runnable flush;
    private final DistributionSummary batches;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition done = lock.newCondition();
    // guarded by lock
    private List<Waiting> waiting = new ArrayList<>();
    private long submitted;
    private long completed;
    private boolean closed;
    private @Nullable Throwable failure;

    /// @param flush makes everything written so far durable; runs on the committer's own thread
    Committer(String name, Runnable flush, MeterRegistry meters) {
        this.name = name;
        this.flush = Timer.builder("postern.store.flush")
                .description("Flushes to the disk.")
                .tag("committer", name)
                .register(meters)
                .wrap(flush);
        this.batches = DistributionSummary.builder("postern.store.batch")
                .description("How many changes one flush made durable together.")
                .tag("committer", name)
                .register(meters);
        this.thread = Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    /// Asks for what the caller has just written to be made durable.
    /// @param whenDurable runs on the committer's thread when it is, in the order of submission
    /// @return a ticket for [#await]
    long submit(Runnable whenDurable) {
        lock.lock();
        try {
            if (failure != null || closed) {
                throw unavailable();
            }
            waiting.add(new Waiting(++submitted, whenDurable));
            work.signal();
            return submitted;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until the ticket's work is durable and announced.
    void await(long ticket) {
        lock.lock();
        try {
            while (completed < ticket) {
                if (failure != null) {
                    throw unavailable();
                }
                done.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean healthy() {
        lock.lock();
        try {
            return failure == null && !closed;
        } finally {
            lock.unlock();
        }
    }

    /// Refuses early what could not be made durable anyway.
    void requireHealthy() {
        if (!healthy()) {
            throw unavailable();
        }
    }

    private static MailboxException unavailable() {
        return new MailboxException(MailboxException.Reason.UNAVAILABLE, "the mail store accepts no changes now");
    }

    private void run() {
        while (true) {
            List<Waiting> batch;
            lock.lock();
            try {
                while (waiting.isEmpty()) {
                    if (closed) {
                        return;
                    }
                    work.awaitUninterruptibly();
                }
                batch = waiting;
                waiting = new ArrayList<>();
            } finally {
                lock.unlock();
            }
            try {
                flush.run();
                batches.record(batch.size());
                for (Waiting each : batch) {
                    each.whenDurable().run();
                }
            } catch (Throwable fault) {
                LOG.error("{}: a flush failed; no more changes are accepted until a restart", name, fault);
                lock.lock();
                try {
                    failure = fault;
                    done.signalAll();
                    return;
                } finally {
                    lock.unlock();
                }
            }
            lock.lock();
            try {
                completed = batch.getLast().number();
                done.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /// Finishes what was submitted, and accepts nothing more.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            work.signal();
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
