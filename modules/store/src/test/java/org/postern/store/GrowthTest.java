package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.h2.mvstore.MVStoreTool;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is written and forced for a message, and how large the database becomes.
class GrowthTest {
    private static final int ROWS = 4_000;
    private static final int MEBIBYTE = 1 << 20;

    @TempDir
    Path directory;

    /// Octets and forces of a delivery, with so many at once. What tidying up writes behind comes between some of
    /// them, so the median counts where one comes after another.
    @ParameterizedTest
    @CsvSource({"1000, 1, 60", "1000, 8, 80", "20000, 1, 40", "20000, 8, 80", "200000, 1, 10"})
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
            Queue<Long> each = new ConcurrentLinkedQueue<>();
            together(writers, () -> {
                while (left.getAndDecrement() > 0) {
                    long before = disk.written();
                    fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
                    each.add(disk.written() - before);
                }
            });
            written = disk.written() - written;
            forced = disk.forced() - forced;
            batch = batches.getAsLong() - batch;
            long median = each.stream().sorted().toList().get(count / 2);
            System.out.printf(
                    "%d messages of %d octets by %d writers: %d octets written for each (median alone %d), %d batches,"
                            + " %d forces%n",
                    count, text.length(), writers, written / count, median, batch, forced);
            assertThat(writers == 1 ? median : written / count).isLessThanOrEqualTo(2L * text.length() + 8192);
            assertThat(forced).isLessThanOrEqualTo(Math.min(batch, 2L * count) + 4); // tidying up may come in between
        }
    }

    /// A small message that comes alone, where the tables have pages more on the way.
    @Test
    void aSmallMessageWritesWithinItsBoundInALargeMailboxToo() throws Exception {
        aSmallMessageWritesWithinItsBound(20_000);
    }

    @Test
    @Tag("long")
    void aSmallMessageWritesWithinItsBoundInAVeryLargeMailboxToo() throws Exception {
        aSmallMessageWritesWithinItsBound(100_000);
    }

    private void aSmallMessageWritesWithinItsBound(int there) throws Exception {
        var disk = new FaultyDisk(directory);
        try (var fixture = new StoreFixture(StoreSettings.in(directory), disk, new SimpleMeterRegistry())) {
            String text = StoreFixture.message("growth") + ("x".repeat(70) + "\r\n").repeat(1000 / 72);
            var accepted =
                    (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("alice@example.test");
            var left = new AtomicInteger(there);
            together(64, () -> {
                while (left.getAndDecrement() > 0) {
                    fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
                }
            });
            List<Long> each = new ArrayList<>();
            for (int number = 0; number < 100; number++) {
                long before = disk.written();
                fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
                each.add(disk.written() - before);
            }
            each.sort(null);
            System.out.printf(
                    "a message of %d octets alone, after %d: %d octets written, %d to %d%n",
                    text.length(), there, each.get(50), each.getFirst(), each.get(90));
            assertThat(each.get(50)).isLessThanOrEqualTo(2L * text.length() + 8192);
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
                } catch (Throwable failure) { // what an assertion throws, too
                    failures.add(failure);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    /// Rows that change all the while, each time durably, and the tidying that a server does every second.
    @Test
    void spaceIsUsedAgain() throws Exception {
        Path data = Files.createDirectories(directory.resolve("database"));
        var random = new SplittableRandom(1);
        long size;
        try (Database database = Database.openEmpty(Disk.LOCAL, data, Duration.ZERO)) {
            database.change(connection -> MailboxRows.update(
                    connection, "create table probe (number int primary key, filling varbinary(1000))"));
            byte[] filling = new byte[500];
            for (int number = 0; number < ROWS; number++) {
                int key = number;
                random.nextBytes(filling);
                database.change(connection ->
                        put(connection, "insert into probe (filling, number) values (?, ?)", key, filling));
            }
            for (int checkpoint = 1; checkpoint <= 400; checkpoint++) {
                random.nextBytes(filling);
                int key = random.nextInt(ROWS);
                database.change(
                        connection -> put(connection, "update probe set filling = ? where number = ?", key, filling));
                database.checkpoint();
                if (checkpoint % 20 == 0) {
                    database.tidyUp();
                }
            }
            size = Files.size(data.resolve("postern.mv.db"));
        }
        long compacted = compacted(data.resolve("postern.mv.db"));
        System.out.printf("the database has %d octets after 400 checkpoints, compacted %d%n", size, compacted);
        assertThat(size).isLessThanOrEqualTo(3 * compacted);
    }

    /// Half an hour of changes of every kind by four at once, each of them durable.
    @Test
    @Tag("long")
    void theDatabaseStaysSmallUnderLoad() throws Exception {
        Path data = Files.createDirectories(directory.resolve("loaded"));
        var settings = StoreSettings.in(data);
        long end = System.nanoTime() + Duration.ofMinutes(30).toNanos();
        var changes = new AtomicLong();
        var largest = new AtomicLong();
        long size;
        try (PosternStore store = PosternStore.open(settings, Disk.LOCAL, new SimpleMeterRegistry())) {
            store.accounts().addDomain("example.test");
            Queue<Acknowledgements> accounts = new ConcurrentLinkedQueue<>();
            for (int number = 0; number < 4; number++) {
                var account = new Acknowledgements("worker" + number + "@example.test", number);
                store.accounts().addAccount(account.address(), "no hash", Optional.empty());
                accounts.add(account);
            }
            together(4, () -> {
                Acknowledgements account = accounts.remove();
                account.verify(store); // learns what is there
                while (System.nanoTime() < end) {
                    account.change(store);
                    if (changes.incrementAndGet() % 1000 == 0) {
                        largest.accumulateAndGet(Files.size(database(data)), Math::max);
                    }
                }
                account.verify(store);
            });
            size = Files.size(database(data)); // before it is closed: then H2 tidies up once more
        }
        long compacted = compacted(database(data));
        System.out.printf(
                "after %d durable changes in 30 minutes the database has %d octets, at most %d, compacted %d%n",
                changes.get(), size, largest.get(), compacted);
        assertThat(size).isLessThanOrEqualTo(3 * compacted);
    }

    private static Path database(Path data) {
        return data.resolve("database").resolve("postern.mv.db");
    }

    private static void put(Connection connection, String sql, int number, byte[] filling) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            statement.setBytes(1, filling);
            statement.setInt(2, number);
            statement.executeUpdate();
        }
    }

    /// Its size when H2 has written everything anew.
    private long compacted(Path file) throws Exception {
        Path copy = Files.createDirectory(directory.resolve("compacted")).resolve("postern.mv.db");
        Files.copy(file, copy);
        MVStoreTool.compact(copy.toString(), false);
        return Files.size(copy);
    }
}
