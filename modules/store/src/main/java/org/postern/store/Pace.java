package org.postern.store;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Keeps a work in the background to so many octets a second, so that clients do not wait for the disk behind it.
final class Pace {
    private static final long BURST = TimeUnit.MILLISECONDS.toNanos(100);

    private final long octetsPerSecond;
    private long next = System.nanoTime();

    /// @param octetsPerSecond 0 for as fast as it goes
    Pace(long octetsPerSecond) {
        this.octetsPerSecond = octetsPerSecond;
    }

    /// Returns when so many octets more may have been read.
    void spend(long octets) {
        if (octetsPerSecond == 0) {
            return;
        }
        long now = System.nanoTime();
        next = Math.max(next, now - BURST) + TimeUnit.SECONDS.toNanos(octets) / octetsPerSecond;
        while (next - System.nanoTime() > 0) {
            LockSupport.parkNanos(next - System.nanoTime());
        }
    }
}
