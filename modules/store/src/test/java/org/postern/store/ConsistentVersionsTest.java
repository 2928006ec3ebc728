package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever version of the database a crash leads to, transactions made it: none is there by half.
class ConsistentVersionsTest {
    private static final int TABLES = 100;
    private static final int WRITERS = 2;
    private static final int ROWS = 40_000; // some 100 MB, counted as H2 does

    @TempDir
    Path directory;

    /// Who writes versions.
    enum Writer {
        CHECKPOINT {
            @Override
            void write(Database database) {
                database.checkpoint();
            }
        },
        TIDYING_UP {
            @Override
            void write(Database database) {
                leaveHoles(database);
                database.checkpoint();
                MVStore store = database.read(Database::mvStore);
                long version = store.getCurrentVersion();
                database.tidyUp();
                assertThat(store.getCurrentVersion()).as("it only moves").isEqualTo(version);
                database.checkpoint();
            }
        },
        BACKUP {
            @Override
            void write(Database database) throws IOException {
                DatabaseCopy.write(database, OutputStream.nullOutputStream());
            }
        };

        abstract void write(Database database) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void noVersionHasHalfATransaction(Writer by) throws Exception {
        Path data = Files.createDirectory(directory.resolve("data"));
        var over = new AtomicBoolean();
        try (Database database = Database.openEmpty(Disk.LOCAL, data, Duration.ZERO)) {
            createTables(database);
            List<Thread> writers = IntStream.range(0, WRITERS)
                    .mapToObj(writer -> Thread.ofPlatform().start(() -> {
                        while (!over.get()) {
                            database.change(connection -> countUp(connection, writer));
                        }
                    }))
                    .toList();
            try {
                for (int version = 1; version <= 25; version++) {
                    by.write(database);
                    Path copy = Files.createDirectory(directory.resolve("copy-" + version));
                    Files.copy(data.resolve("postern.mv.db"), copy.resolve("postern.mv.db"));
                    assertThat(values(copy))
                            .as("version %d", version)
                            .allSatisfy(each -> assertThat(each).hasSize(1));
                }
            } finally {
                over.set(true);
                for (Thread writer : writers) {
                    writer.join();
                }
            }
        }
    }

    /// Of what was written together, most dies.
    private static void leaveHoles(Database database) {
        database.change(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE IF NOT EXISTS holes (n IDENTITY, text VARCHAR)");
                statement.executeUpdate("INSERT INTO holes (text) SELECT REPEAT('x', 1000) FROM SYSTEM_RANGE(1, 200)");
            }
        });
        database.checkpoint();
        database.change(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate("DELETE FROM holes WHERE MOD(n, 20) > 0");
            }
        });
    }

    @Test
    void h2WritesNothingByItselfHoweverMuchIsUnsaved() throws Exception {
        try (Database database = Database.openEmpty(Disk.LOCAL, directory, Duration.ZERO)) {
            database.change(connection -> {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("CREATE TABLE many (n INT PRIMARY KEY, text VARCHAR)");
                }
            });
            database.checkpoint();
            MVStore store = database.read(Database::mvStore);
            for (int transaction = 0; transaction < 2; transaction++) { // H2 counts from 0 again after each version
                long version = store.getCurrentVersion();
                int from = transaction * ROWS;
                database.change(connection -> {
                    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO many VALUES (?, ?)")) {
                        for (int row = from; row < from + ROWS; row++) {
                            insert.setInt(1, row);
                            insert.setString(2, "x".repeat(1_000));
                            insert.executeUpdate();
                        }
                    }
                });
                assertThat(store.getCurrentVersion()).isEqualTo(version);
                database.checkpoint();
                assertThat(store.getCurrentVersion()).isGreaterThan(version);
            }
        }
    }

    @Test
    void aTransactionThatOnlyReadsChangesNothing() throws Exception {
        try (Database database = Database.openEmpty(Disk.LOCAL, directory, Duration.ZERO)) {
            createTables(database);
            assertThatThrownBy(() -> database.read(connection -> {
                        try (Statement statement = connection.createStatement()) {
                            return statement.executeUpdate("UPDATE t0 SET n = 7");
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(values(database)).containsOnly(Set.of(0));
        }
    }

    /// One writer's tables.
    private static void countUp(Connection connection, int writer) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (int table = writer; table < TABLES; table += WRITERS) {
                statement.executeUpdate("UPDATE t" + table + " SET n = n + 1");
            }
        }
    }

    private static void createTables(Database database) {
        database.change(connection -> {
            try (Statement statement = connection.createStatement()) {
                for (int table = 0; table < TABLES; table++) {
                    statement.execute("CREATE TABLE t" + table + " (n INT)");
                    statement.execute("INSERT INTO t" + table + " VALUES (0)");
                }
            }
        });
    }

    private static List<Set<Integer>> values(Path copy) {
        try (Database database = Database.openEmpty(Disk.LOCAL, copy, Duration.ZERO)) {
            return values(database);
        }
    }

    /// By writer: the values that its tables have.
    private static List<Set<Integer>> values(Database database) {
        return database.read(connection -> {
            List<Set<Integer>> values =
                    Stream.<Set<Integer>>generate(TreeSet::new).limit(WRITERS).toList();
            try (Statement statement = connection.createStatement()) {
                for (int table = 0; table < TABLES; table++) {
                    try (ResultSet row = statement.executeQuery("SELECT n FROM t" + table)) {
                        assertThat(row.next()).as("the row of table %d", table).isTrue();
                        values.get(table % WRITERS).add(row.getInt(1));
                    }
                }
            }
            return values;
        });
    }
}
