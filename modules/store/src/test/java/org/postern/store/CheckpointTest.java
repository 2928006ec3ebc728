package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a checkpoint has made durable outlives a crash that comes right after, whoever else makes H2 write
/// at the same moment, and wherever in its file H2 writes: at the end, or in space that is used again.
class CheckpointTest {
    /// Short, so that space is used again within the test.
    private static final Duration RETENTION = Duration.ofMillis(50);

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource
    void whatWasCommittedIsThereAfterACrash(FaultyDisk.Cut end) throws Exception {
        crash(end, 20);
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource
    void whatWasCommittedIsThereAfterEachOfManyCrashes(FaultyDisk.Cut end) throws Exception {
        crash(end, 1_000);
    }

    private void crash(FaultyDisk.Cut end, int rounds) throws Exception {
        var over = new AtomicBoolean();
        var random = new SplittableRandom(1);
        Path data = Files.createDirectory(directory.resolve("data"));
        var disk = new FaultyDisk(data);
        try (Database database = Database.openH2(disk, data, retention(end))) {
            disk.force(data);
            database.change(connection -> {
                try (var statement = connection.createStatement()) {
                    statement.execute("create table probe (number int primary key, filling varbinary(100000))");
                }
            });
            MVStore store = database.inTransaction(Database::mvStore);
            Thread rival = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    store.tryCommit();
                }
            });
            for (int round = 1; round <= rounds; round++) {
                insert(database, round);
                database.checkpoint();
                insert(database, -round); // written, and not forced when the power goes
                store.tryCommit();
                Path left = directory.resolve("left-" + round);
                disk.copy(end, random, left);
                assertIntact(left, round);
                Files.delete(left.resolve("postern.mv.db"));
            }
            over.set(true);
            rival.join();
        } finally {
            over.set(true);
        }
    }

    /// Torn writes are shown with the retention of production: with space that is used again, H2 finds its way to the
    /// newest whole chunk only while the chunks before it are whole (docs/verification.md).
    private static Duration retention(FaultyDisk.Cut end) {
        return switch (end) {
            case TORN_4096, TORN_512 -> Database.RETENTION;
            case KILLED, NOTHING, SOME_WRITES -> RETENTION;
        };
    }

    private static void insert(Database database, int number) {
        database.change(connection -> {
            try (var insert = connection.prepareStatement("insert into probe values (?, ?)")) {
                insert.setInt(1, number);
                insert.setBytes(2, filling(number));
                insert.executeUpdate();
            }
        });
    }

    private static byte[] filling(int number) {
        var random = new SplittableRandom(number);
        byte[] filling = new byte[random.nextInt(30_000)];
        random.nextBytes(filling);
        return filling;
    }

    private static void assertIntact(Path left, int acknowledged) throws Exception {
        try (var connection = DriverManager.getConnection(
                        "jdbc:h2:" + ChunkChecks.SCHEME + ":file:" + left.resolve("postern"), "sa", "");
                var statement = connection.createStatement();
                var row = statement.executeQuery("select number, filling from probe")) {
            int found = 0;
            while (row.next()) {
                assertThat(row.getBytes(2)).isEqualTo(filling(row.getInt(1)));
                if (row.getInt(1) > 0) {
                    found++;
                }
            }
            assertThat(found).isEqualTo(acknowledged);
        }
    }
}
