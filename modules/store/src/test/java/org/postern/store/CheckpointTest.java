package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.BeforeAll;
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

    /// How a process or a machine ends.
    enum End {
        /// The kernel has every write.
        KILLED,
        /// The disk has what was forced, and nothing else.
        POWER_CUT,
        /// The disk has what was forced, and some of what was written since, in no order.
        POWER_CUT_WITH_WRITES_UNDER_WAY
    }

    @BeforeAll
    static void register() {
        ForgetfulDisk.register();
    }

    @ParameterizedTest
    @EnumSource
    void whatWasCommittedIsThereAfterACrash(End end) throws Exception {
        crash(end, 60);
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource
    void whatWasCommittedIsThereAfterEachOfManyCrashes(End end) throws Exception {
        crash(end, 1_000);
    }

    private void crash(End end, int rounds) throws Exception {
        var over = new AtomicBoolean();
        var random = new SplittableRandom(1);
        Path file = directory.resolve("postern.mv.db");
        try (Database database = Database.openH2("forgetful:" + directory.resolve("postern"), RETENTION)) {
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
                int number = round;
                byte[] filling = new byte[random.nextInt(30_000)];
                database.change(connection -> {
                    try (var insert = connection.prepareStatement("insert into probe values (?, ?)")) {
                        insert.setInt(1, number);
                        insert.setBytes(2, filling);
                        insert.executeUpdate();
                    }
                });
                database.checkpoint();
                Predicate<Integer> done = switch (end) {
                    case KILLED -> i -> true;
                    case POWER_CUT -> i -> false;
                    case POWER_CUT_WITH_WRITES_UNDER_WAY -> i -> random.nextBoolean();
                };
                Path copy = directory.resolve("copy.mv.db");
                ForgetfulDisk.crash(file, done, copy);
                assertThat(rows(directory.resolve("copy"))).isEqualTo(round);
                Files.delete(copy);
            }
            over.set(true);
            rival.join();
        } finally {
            over.set(true);
        }
    }

    private static int rows(Path copy) throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:h2:file:" + copy, "sa", "");
                var statement = connection.createStatement();
                var row = statement.executeQuery("select count(*) from probe")) {
            row.next();
            return row.getInt(1);
        }
    }
}
