package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntryRowsMigrationTest {
    private static final long[] MAILBOXES = {1, 2, 7, Integer.MAX_VALUE};
    private static final long[] UIDS = {1, 2, 3, 2_147_483_647L, 2_147_483_648L, 4_294_967_295L};

    @TempDir
    Path directory;

    private Database open() {
        return Database.openEmpty(Disk.LOCAL, directory, Duration.ZERO);
    }

    /// Tables as version 12 has them, with a row for each UID in each mailbox.
    private void before() {
        try (Database database = open()) {
            for (String table : List.of(
                    "create table entry (mailbox bigint not null, uid bigint not null, message bigint not null,"
                            + " size bigint not null, internal_date bigint not null, zone_offset integer not null,"
                            + " flags bigint not null, modseq bigint not null, primary key (mailbox, uid))",
                    "create table blob (id bigint primary key, node integer not null, segment integer not null)",
                    "create index blob_segment on blob (node, segment)")) {
                database.change(connection -> MailboxRows.update(connection, table));
            }
            database.change(connection -> {
                for (long mailbox : MAILBOXES) {
                    for (long uid : UIDS) {
                        MailboxRows.update(
                                connection,
                                "insert into entry values (?, ?, ?, ?, ?, -90, ?, ?)",
                                mailbox,
                                uid,
                                mailbox + uid,
                                uid / 3,
                                mailbox * 5,
                                uid & 31,
                                uid * 7);
                    }
                }
            });
            database.checkpoint();
        }
    }

    private static List<String> expected() {
        List<String> rows = new ArrayList<>();
        for (long mailbox : MAILBOXES) {
            for (long uid : UIDS) {
                rows.add("%d %d %d %d %d -90 %d %d"
                        .formatted(mailbox, uid, mailbox + uid, uid / 3, mailbox * 5, uid & 31, uid * 7));
            }
        }
        return rows;
    }

    private static List<String> rows(Database database) {
        return database.read(connection -> {
            List<String> rows = new ArrayList<>();
            for (long mailbox : MAILBOXES) {
                try (PreparedStatement select = connection.prepareStatement(
                        "select id, message, size, internal_date, zone_offset, flags, modseq, " + EntryId.MAILBOX
                                + " from entry where id between ? and ? order by id")) {
                    select.setLong(1, EntryId.first(mailbox));
                    select.setLong(2, EntryId.last(mailbox));
                    try (ResultSet row = select.executeQuery()) {
                        while (row.next()) {
                            rows.add("%d %s %d %d %d %d %d %d"
                                    .formatted(
                                            row.getLong(8),
                                            Integer.toUnsignedString(EntryId.uid(row.getLong(1))),
                                            row.getLong(2),
                                            row.getLong(3),
                                            row.getLong(4),
                                            row.getInt(5),
                                            row.getLong(6),
                                            row.getLong(7)));
                            assertThat(EntryId.mailbox(row.getLong(1))).isEqualTo(mailbox);
                        }
                    }
                }
            }
            return rows;
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6, 7, 1000})
    void eachRowIsThereOnceWhereverABatchEnds(int batch) {
        before();
        try (Database database = open()) {
            new EntryRowsMigration(database, batch).migrate();
            assertThat(rows(database)).isEqualTo(expected());
        }
    }

    @Test
    void aStartAfterAKillGoesOnWhereThatWas() {
        before();
        for (int start = 0; start < 3; start++) {
            try (Database database = open()) {
                var migration = new EntryRowsMigration(database, 5);
                migration.begin();
                assertThat(migration.copy()).isEqualTo(5);
            }
        }
        try (Database database = open()) {
            new EntryRowsMigration(database, 5).migrate();
            assertThat(rows(database)).isEqualTo(expected());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "drop table entry",
                "drop table entry; alter table entry_by_id rename to entry",
                "drop table entry; alter table entry_by_id rename to entry; drop index blob_segment"
            })
    void aStartThatEndedAmidTheLastStepIsFinished(String done) {
        before();
        try (Database database = open()) {
            var migration = new EntryRowsMigration(database, 1000);
            migration.begin();
            migration.copy();
            for (String step : done.split("; ", -1)) {
                database.change(connection -> MailboxRows.update(connection, step));
            }
        }
        try (Database database = open()) {
            new EntryRowsMigration(database, 5).migrate();
            assertThat(rows(database)).isEqualTo(expected());
        }
    }

    @Test
    void anEmptyStoreHasNothingToCopy() {
        before();
        try (Database database = open()) {
            database.change(connection -> MailboxRows.update(connection, "delete from entry"));
            new EntryRowsMigration(database, 5).migrate();
            assertThat(rows(database)).isEmpty();
        }
    }
}
