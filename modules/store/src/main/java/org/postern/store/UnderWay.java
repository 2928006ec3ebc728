package org.postern.store;

import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Works that have begun and not ended, so that somebody can wait for those that had begun by now, and for no others.
final class UnderWay {
    /// Ends a work.
    interface Work extends AutoCloseable {
        @Override
        void close();
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    // guarded by lock
    private final TreeSet<Long> running = new TreeSet<>();
    private long begun;

    Work begin() {
        lock.lock();
        try {
            long number = ++begun;
            running.add(number);
            return () -> end(number);
        } finally {
            lock.unlock();
        }
    }

    private void end(long number) {
        lock.lock();
        try {
            running.remove(number);
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Returns when all that had begun before this call have ended.
    void await() {
        lock.lock();
        try {
            long last = begun;
            while (!running.isEmpty() && running.first() <= last) {
                ended.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }
}
