package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is written and forced for a message.
class GrowthTest {
    private static final int MEBIBYTE = 1 << 20;

    @TempDir
    Path directory;

    /// Octets and forces of a delivery, with so many at once. (Alone, a small message costs more: about 20 KiB of the
    /// database, whose pages are written whole.)
    @ParameterizedTest
    @CsvSource({"1000, 8, 200", "20000, 1, 40", "200000, 1, 10"})
    void aDeliveryWritesAndForcesWithinItsBounds(int size, int writers, int count) throws Exception {
        var disk = new FaultyDisk(directory);
        var settings = StoreSettings.in(directory)
                .withSegments(new SegmentSettings(64 * MEBIBYTE, false, 50, 1L << 30, Duration.ofDays(1), 0));
        var meters = new SimpleMeterRegistry();
        try (var fixture = new StoreFixture(settings, disk, meters)) {
            String text = StoreFixture.message("growth") + ("x".repeat(70) + "\r\n").repeat(size / 72);
            var accepted =
                    (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("alice@example.test");
            for (int number = 0; number < 100; number++) { // begins a segment; and rows have neighbours
                fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
            }
            LongSupplier batches = () -> // of bodies, and then of rows
                    meters.get("postern.store.batch").summaries().stream()
                            .mapToLong(DistributionSummary::count)
                            .sum();
            long written = disk.written();
            long forced = disk.forced();
            long batch = batches.getAsLong();
            var left = new AtomicLong(count);
            together(writers, () -> {
                while (left.getAndDecrement() > 0) {
                    fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
                }
            });
            written = disk.written() - written;
            forced = disk.forced() - forced;
            batch = batches.getAsLong() - batch;
            System.out.printf(
                    "%d messages of %d octets by %d writers: %d octets written for each, %d batches, %d forces%n",
                    count, text.length(), writers, written / count, batch, forced);
            assertThat(written / count).isLessThanOrEqualTo(2L * text.length() + 8192);
            assertThat(forced).isLessThanOrEqualTo(Math.min(batch, 2L * count) + 4); // tidying up may come in between
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void together(int writers, Work work) throws InterruptedException {
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int writer = 0; writer < writers; writer++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    work.run();
                } catch (IOException | RuntimeException failure) {
                    failures.add(failure);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }
}
