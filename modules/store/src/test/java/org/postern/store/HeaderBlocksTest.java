package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The header blocks of the database file, ours and H2's. ([CheckpointTest] shows what they are for.)
class HeaderBlocksTest {
    private static final DatabaseHeader HEADER = new DatabaseHeader(
            new TreeMap<>(Map.of("H", "2", "format", "3")),
            Optional.of(new DatabaseHeader.Named(0x1f, 0xabcdef012L, 0x2a)),
            false,
            Optional.of(List.of(
                    new DatabaseHeader.Written(7, 3, 0xdeadbeef), new DatabaseHeader.Written(0xabcdef012L, 1, 0))));

    @TempDir
    Path directory;

    private static Optional<DatabaseHeader> parse(byte[] text) {
        return DatabaseHeader.parse(Arrays.copyOf(text, DatabaseHeader.BLOCK));
    }

    @Test
    void whatIsWrittenIsRead() {
        assertThat(parse(HEADER.octets())).contains(HEADER);
        assertThat(parse(HEADER.asClean().octets())).contains(HEADER.asClean());
        DatabaseHeader none = new DatabaseHeader(HEADER.attributes(), HEADER.chunk(), false, Optional.of(List.of()));
        assertThat(parse(none.octets())).contains(none);
    }

    @Test
    void whatIsDamagedIsNoHeader() {
        byte[] text = HEADER.octets();
        for (int length = 0; length < text.length - 1; length++) {
            assertThat(parse(Arrays.copyOf(text, length)))
                    .as("%d octets", length)
                    .isEmpty();
        }
        for (int octet = 0; octet < text.length - 1; octet++) {
            byte[] damaged = text.clone();
            damaged[octet] ^= 1;
            assertThat(parse(damaged)).as(new String(damaged, ISO_8859_1)).isEmpty();
        }
    }

    /// A file as an earlier Postern, or H2 itself, leaves it when it is killed.
    @Test
    void aFileThatH2HasWrittenOpensAndGoesOn() throws Exception {
        Path killed = Files.createDirectory(directory.resolve("killed"));
        try (Connection connection = DriverManager.getConnection(
                "jdbc:h2:file:" + directory.resolve("postern") + ";WRITE_DELAY=0", "sa", "")) {
            execute(connection, "create table probe (number int)");
            for (int number = 0; number < 30; number++) {
                execute(connection, "insert into probe values (" + number + ")");
            }
            execute(connection, "checkpoint");
            Files.copy(directory.resolve("postern.mv.db"), killed.resolve("postern.mv.db"));
        }
        var disk = new FaultyDisk(killed);
        Path left = directory.resolve("left");
        try (Database database = Database.openEmpty(disk, killed, Database.RETENTION)) {
            assertThat(count(database)).isEqualTo(30);
            database.change(connection -> execute(connection, "insert into probe values (30)"));
            database.checkpoint();
            disk.copy(FaultyDisk.Cut.NOTHING, new SplittableRandom(1), left);
        }
        assertThat(count(left)).isEqualTo(31);
        assertThat(count(killed)).isEqualTo(31); // closed in order, as H2 closes it
        byte[] closed = Files.readAllBytes(killed.resolve("postern.mv.db"));
        assertThat(DatabaseHeader.parse(Arrays.copyOf(closed, DatabaseHeader.BLOCK)))
                .isEqualTo(DatabaseHeader.parse(
                        Arrays.copyOfRange(closed, DatabaseHeader.BLOCK, 2 * DatabaseHeader.BLOCK)))
                .hasValueSatisfying(header -> assertThat(header.clean()).isTrue());
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int count(Path left) throws IOException {
        try (Database database = Database.openEmpty(new FaultyDisk(left), left, Database.RETENTION)) {
            return count(database);
        }
    }

    private static int count(Database database) {
        return database.read(connection -> {
            try (var statement = connection.createStatement();
                    var rows = statement.executeQuery("select count(*) from probe")) {
                rows.next();
                return rows.getInt(1);
            }
        });
    }
}
