package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a checkpoint has made durable outlives a crash that comes right after, whoever else makes H2 write
/// at the same moment, and wherever in its file H2 writes: at the end, or in space that is used again.
class CheckpointTest {
    /// None, so that space is used again as soon as H2 may.
    private static final Duration RETENTION = Duration.ZERO;

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

    /// A rival writes without a pause, and nothing that it writes is forced.
    private void crash(FaultyDisk.Cut end, int rounds) throws Exception {
        var over = new AtomicBoolean();
        var random = new SplittableRandom(1);
        Path data = Files.createDirectory(directory.resolve("data"));
        var disk = new FaultyDisk(data);
        try (Database database = Database.openEmpty(disk, data, RETENTION)) {
            disk.force(data);
            createTable(database);
            MVStore store = database.read(Database::mvStore);
            Thread rival = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    store.tryCommit();
                }
            });
            var acknowledged = new TreeSet<Integer>();
            for (int round = 1; round <= rounds; round++) {
                insert(database, round);
                acknowledged.add(round);
                database.checkpoint();
                insert(database, -round); // written, and not forced when the power goes
                store.tryCommit();
                Path left = directory.resolve("left-" + round);
                disk.copy(end, random, left);
                assertThat(there(left)).as("after crash %d", round).containsAll(acknowledged);
                Files.delete(left.resolve("postern.mv.db"));
            }
            over.set(true);
            rival.join();
        } finally {
            over.set(true);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneCrashAfterAnother(FaultyDisk.Cut end) throws Exception {
        crashes(end, 2, 12);
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource
    void manyCrashesOneAfterAnother(FaultyDisk.Cut end) throws Exception {
        crashes(end, 20, 50);
    }

    /// Each crash on what the one before has left: versions that were lost stand in the file beside those that took
    /// their place.
    private void crashes(FaultyDisk.Cut end, int seeds, int rounds) throws Exception {
        for (int seed = 1; seed <= seeds; seed++) {
            var random = new SplittableRandom(seed);
            Path data = Files.createDirectory(directory.resolve(seed + "-0"));
            Set<Integer> acknowledged = new TreeSet<>();
            int last = 0;
            for (int round = 1; round <= rounds; round++) {
                Path left = directory.resolve(seed + "-" + round);
                var disk = new FaultyDisk(data);
                List<Set<Integer>> possible = new ArrayList<>();
                try (Database database = Database.openEmpty(disk, data, RETENTION)) {
                    disk.force(data);
                    createTable(database);
                    database.checkpoint();
                    MVStore store = database.read(Database::mvStore);
                    for (int checkpoint = random.nextInt(12); checkpoint >= 0; checkpoint--) {
                        last = change(database, acknowledged, last, random);
                        database.checkpoint();
                        if (random.nextInt(3) == 0) {
                            store.compact(60, 4 << 20);
                        }
                    }
                    possible.add(Set.copyOf(acknowledged));
                    for (int version = random.nextInt(5); version > 0; version--) {
                        last = change(database, acknowledged, last, random);
                        store.commit();
                        possible.add(Set.copyOf(acknowledged));
                    }
                    disk.cut(end, random, left);
                } catch (StoreFailure withoutPower) {
                    // closing needs some
                }
                Set<Integer> found = there(left);
                assertThat(possible)
                        .as("seed %d, crash %d: %s", seed, round, found)
                        .contains(found);
                acknowledged = new TreeSet<>(found);
                Files.delete(data.resolve("postern.mv.db"));
                data = left;
            }
        }
    }

    /// Adds one, and often takes others away, so that what was written dies.
    private static int change(Database database, Set<Integer> there, int last, SplittableRandom random) {
        int number = last + 1;
        insert(database, number);
        there.add(number);
        if (random.nextInt(3) > 0) {
            List<Integer> gone =
                    there.stream().filter(_ -> random.nextInt(4) == 0).toList();
            database.change(connection -> {
                try (var delete = connection.prepareStatement("delete from probe where number = ?")) {
                    for (int each : gone) {
                        delete.setInt(1, each);
                        delete.executeUpdate();
                    }
                }
            });
            gone.forEach(there::remove);
        }
        return number;
    }

    private static void createTable(Database database) {
        database.change(connection -> {
            try (var statement = connection.createStatement()) {
                statement.execute(
                        "create table if not exists probe (number int primary key, filling varbinary(100000))");
            }
        });
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

    /// The numbers that are there, each with its filling.
    private static Set<Integer> there(Path left) throws Exception {
        Set<Integer> found = new TreeSet<>();
        try (var connection = DriverManager.getConnection(
                        "jdbc:h2:" + ChunkChecks.SCHEME + ":file:" + left.resolve("postern"), "sa", "");
                var statement = connection.createStatement();
                var row = statement.executeQuery("select number, filling from probe")) {
            while (row.next()) {
                assertThat(row.getBytes(2)).isEqualTo(filling(row.getInt(1)));
                found.add(row.getInt(1));
            }
        }
        return found;
    }
}
