package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The power goes under mixed load, again and again: what was acknowledged is there, nothing is there that nobody did,
/// no UID ever means two messages, no MODSEQ goes back.
class PowerCutTest {
    private static final int WORKERS = 4;

    @TempDir
    Path directory;

    @Test
    void whatWasAcknowledgedIsThereAfterFiveCuts() throws Exception {
        cuts(5, 20261126, _ -> {}, FaultyDisk.Cut.values());
    }

    @Tag("long")
    @Test
    void whatWasAcknowledgedIsThereAfterTwoHundredCuts() throws Exception {
        cuts(200, System.nanoTime(), _ -> {}, FaultyDisk.Cut.values());
    }

    /// The disk that the others run on does lose what is not forced: a checkpoint that does nothing is found out.
    @Test
    void aDatabaseThatIsNotForcedIsFoundOut() {
        assertThatThrownBy(() -> cuts(3, 1, FaultyDisk::forgetDatabaseForces, FaultyDisk.Cut.NOTHING))
                .isInstanceOfAny(AssertionError.class, StoreFailure.class);
    }

    @Test
    void segmentsThatAreNotForcedAreFoundOut() {
        assertThatThrownBy(() -> cuts(3, 1, FaultyDisk::forgetSegmentForces, FaultyDisk.Cut.NOTHING))
                .isInstanceOfAny(AssertionError.class, MailboxException.class);
    }

    private void cuts(int count, long seed, Consumer<FaultyDisk> defect, FaultyDisk.Cut... ways) throws Exception {
        var random = new SplittableRandom(seed);
        Path data = Files.createDirectory(directory.resolve("data-0"));
        List<Acknowledgements> logs = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            logs.add(new Acknowledgements("worker" + worker + "@example.test", random.nextLong()));
        }
        for (int round = 1; round <= count; round++) {
            FaultyDisk.Cut how = ways[round % ways.length];
            Path left = directory.resolve("data-" + round);
            int least = 20 + random.nextInt(60);
            System.out.printf("power cut %d of %d, seed %d: %s after %d changes%n", round, count, seed, how, least);
            load(data, logs, defect, least, disk -> disk.cut(how, random, left));
            data = left;
        }
        try (PosternStore store = open(data, new FaultyDisk(data))) {
            for (Acknowledgements log : logs) {
                log.verify(store);
            }
        }
    }

    private static PosternStore open(Path data, FaultyDisk disk) {
        var segments = new SegmentSettings(150_000, false, 30, 1L << 30, Duration.ofDays(1), 0);
        return PosternStore.open(StoreSettings.in(data).withSegments(segments), disk, new SimpleMeterRegistry());
    }

    private interface PowerCut {
        void on(FaultyDisk disk) throws IOException;
    }

    /// Verifies what the last cut has left, and goes on from there until the next.
    private static void load(
            Path data, List<Acknowledgements> logs, Consumer<FaultyDisk> defect, int least, PowerCut powerCut)
            throws Exception {
        var disk = new FaultyDisk(data);
        PosternStore store = open(data, disk);
        var done = new AtomicInteger();
        var over = new AtomicBoolean();
        Queue<AssertionError> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        try {
            if (store.accounts().domains().isEmpty()) {
                store.accounts().addDomain("example.test");
                for (Acknowledgements log : logs) {
                    store.accounts().addAccount(log.address(), "no hash", Optional.empty());
                }
            }
            for (Acknowledgements log : logs) {
                log.verify(store);
            }
            defect.accept(disk);
            for (Acknowledgements log : logs) {
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        while (!over.get()) {
                            log.change(store);
                            done.incrementAndGet();
                        }
                    } catch (IOException | RuntimeException cut) {
                        // the power went; whatever else it was is found when the log is compared
                    } catch (AssertionError failure) {
                        failures.add(failure);
                    }
                }));
            }
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    while (!over.get()) {
                        store.compaction().compact();
                        store.snapshots().writeAll();
                    }
                } catch (IOException | RuntimeException cut) {
                    // as above
                }
            }));
            while (done.get() < least && threads.stream().limit(logs.size()).anyMatch(Thread::isAlive)) {
                Thread.onSpinWait();
            }
            assertThat(done.get()).isGreaterThanOrEqualTo(least);
            powerCut.on(disk);
        } finally {
            over.set(true);
            awaitStill(threads);
            closeWithoutPower(store);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(failures).isEmpty();
    }

    /// Returns when each has ended, or waits for a disk that takes nothing any more. When H2 must close because of
    /// that, it closes the sessions of others under their hands, and a statement that is just running may then run
    /// for ever.
    private static void awaitStill(List<Thread> threads) {
        for (Thread thread : threads) {
            while (thread.isAlive() && thread.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
        }
    }

    private static void closeWithoutPower(PosternStore store) {
        try {
            store.close();
        } catch (RuntimeException e) {
            // nothing can be written any more
        }
    }
}
