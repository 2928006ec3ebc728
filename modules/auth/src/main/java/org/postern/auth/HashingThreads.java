package org.postern.auth;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/// The few platform threads that hash passwords (virtual threads are not time-sliced, and each hash holds
/// 19 MiB). The queue is bounded, and fair by source: sources take turns, so that one guesser cannot fill
/// it for all.
final class HashingThreads implements AutoCloseable {
    /// One job: what to do with a thread's own hasher, and who waits for it.
    private record Job(Function<PasswordHasher, Boolean> work, CompletableFuture<Boolean> result) {}

    private final int capacity;
    private final Timer hashes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    // guarded by lock; the first source of the map has the next turn
    private final LinkedHashMap<String, ArrayDeque<Job>> bySource = new LinkedHashMap<>();
    private int waiting;
    private boolean closed;

    /// @param capacity jobs that may wait: two seconds of work
    HashingThreads(int threads, int capacity, MeterRegistry meters) {
        this.capacity = capacity;
        this.hashes = Timer.builder("postern.password.hashes")
                .description("Passwords that were hashed, without the wait for a hashing thread.")
                .register(meters);
        for (int number = 0; number < threads; number++) {
            Thread.ofPlatform().daemon().name("hash-" + number).start(this::work);
        }
    }

    /// Runs the work on a hashing thread and waits. Null when the queue is full.
    @org.jspecify.annotations.Nullable
    Boolean run(InetAddress source, Function<PasswordHasher, Boolean> work) {
        var job = new Job(work, new CompletableFuture<>());
        lock.lock();
        try {
            if (closed || waiting >= capacity) {
                return null;
            }
            waiting++;
            bySource.computeIfAbsent(LoginThrottle.network(source), key -> new ArrayDeque<>())
                    .add(job);
            arrived.signal();
        } finally {
            lock.unlock();
        }
        return job.result().join();
    }

    private void work() {
        var hasher = new PasswordHasher();
        while (true) {
            Job job = take();
            if (job == null) {
                return;
            }
            try {
                job.result().complete(hashes.record(() -> job.work().apply(hasher)));
            } catch (Throwable fault) {
                job.result().completeExceptionally(fault); // the login that asked for it reports it
            }
        }
    }

    private @org.jspecify.annotations.Nullable Job take() {
        lock.lock();
        try {
            while (bySource.isEmpty()) {
                if (closed) {
                    return null;
                }
                arrived.awaitUninterruptibly();
            }
            Map.Entry<String, ArrayDeque<Job>> turn = bySource.pollFirstEntry();
            Job job = turn.getValue().remove();
            if (!turn.getValue().isEmpty()) {
                bySource.putLast(turn.getKey(), turn.getValue());
            }
            waiting--;
            return job;
        } finally {
            lock.unlock();
        }
    }

    /// Lets the threads end when the queue is empty.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
