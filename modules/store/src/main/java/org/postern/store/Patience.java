package org.postern.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the database does when the disk does not take a write: it waits and tries again.
///
/// H2 would close for everybody at the first write that fails, readers too. Nothing of what waits is acknowledged,
/// nothing more is begun meanwhile ([#waiting]), and what is there can be read; when the disk takes the write all
/// goes on. (A failed force is another matter: after that nobody knows what the disk holds.)
final class Patience {
    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);
    private static final long AGAIN_MILLISECONDS = 500;

    private final Path file;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    // guarded by lock
    private boolean patient;
    private int waiting;

    Patience(Path file) {
        this.file = file;
    }

    Path file() {
        return file;
    }

    /// True while a write waits for the disk.
    boolean waiting() {
        lock.lock();
        try {
            return waiting > 0;
        } finally {
            lock.unlock();
        }
    }

    void begin() {
        lock.lock();
        try {
            patient = true;
        } finally {
            lock.unlock();
        }
    }

    /// The store closes: what fails now fails.
    void end() {
        lock.lock();
        try {
            patient = false;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// A write to the database file.
    interface Write {
        int run() throws IOException;
    }

    int write(Write write) throws IOException {
        try {
            return write.run();
        } catch (IOException failure) {
            return again(write, failure);
        }
    }

    private int again(Write write, IOException first) throws IOException {
        lock.lock();
        try {
            if (!patient) {
                throw first;
            }
            LOG.error("{} cannot be written to; no changes are accepted until it can", file, first);
            waiting++;
            try {
                IOException last = first;
                while (patient) {
                    if (!ended.await(AGAIN_MILLISECONDS, TimeUnit.MILLISECONDS)) {
                        try {
                            int count = write.run();
                            LOG.info("{} can be written to again", file);
                            return count;
                        } catch (IOException still) {
                            last = still;
                        }
                    }
                }
                throw last;
            } finally {
                waiting--;
            }
        } catch (InterruptedException e) { // nobody does
            Thread.currentThread().interrupt();
            throw first;
        } finally {
            lock.unlock();
        }
    }
}
