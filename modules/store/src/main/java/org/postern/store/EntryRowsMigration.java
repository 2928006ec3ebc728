package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.migration.Context;
import org.flywaydb.core.api.migration.JavaMigration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives entry rows a key of one number ([EntryId]) in the place of mailbox and UID, and blobs no index but their key:
/// so a message is in two pages fewer.
///
/// There is an entry row for each message: they are copied some at a time, each time durably, so that neither the heap
/// nor one transaction has to hold them all. A start after a kill goes on where that was. Until the last step the
/// tables are as the version before knows them.
final class EntryRowsMigration implements JavaMigration {
    private static final Logger LOG = LoggerFactory.getLogger(EntryRowsMigration.class);
    private static final int BATCH = 20_000;

    private final Database database;
    private final int batch;

    EntryRowsMigration(Database database) {
        this(database, BATCH);
    }

    /// @param batch how many rows are copied at once
    EntryRowsMigration(Database database, int batch) {
        this.database = database;
        this.batch = batch;
    }

    @Override
    public MigrationVersion getVersion() {
        return MigrationVersion.fromVersion("13");
    }

    @Override
    public String getDescription() {
        return "entry rows by one number";
    }

    @Override
    public @Nullable Integer getChecksum() {
        return null;
    }

    @Override
    public boolean canExecuteInTransaction() {
        return false; // it has its own
    }

    @Override
    public void migrate(Context context) {
        migrate();
    }

    void migrate() {
        if (hasRowsOfBefore()) {
            begin();
            long copied = 0;
            for (int rows = copy(); rows > 0; rows = copy()) {
                copied += rows;
                LOG.info("the database is brought up to date: {} messages are done", copied);
            }
            run("drop table entry");
        }
        // H2 commits each of these for itself: where a start ended between them, the next one does what is left
        run("alter table if exists entry_by_id rename to entry");
        run("drop index if exists blob_segment");
    }

    private boolean hasRowsOfBefore() {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select 1 from information_schema.columns"
                            + " where lower(table_name) = 'entry' and lower(column_name) = 'uid'");
                    ResultSet column = select.executeQuery()) {
                return column.next();
            }
        });
    }

    void begin() {
        run("""
                create table if not exists entry_by_id (
                    id bigint not null primary key,            -- mailbox times 2^32, and UID
                    message bigint not null,
                    size bigint not null,
                    internal_date bigint not null,
                    zone_offset integer not null,              -- minutes east of UTC
                    flags bigint not null,                     -- at arrival
                    modseq bigint not null
                )""");
    }

    private void run(String sql) {
        database.change(connection -> MailboxRows.update(connection, sql));
    }

    /// Copies the next rows, durably.
    /// @return how many
    int copy() {
        int rows = database.inTransaction(connection -> {
            long last = last(connection);
            long uid = Integer.toUnsignedLong(EntryId.uid(last));
            OptionalLong mailbox = OptionalLong.of(EntryId.mailbox(last));
            int copied = 0;
            while (copied < batch && mailbox.isPresent()) {
                copied += copy(connection, mailbox.getAsLong(), uid, batch - copied);
                mailbox = after(connection, mailbox.getAsLong());
                uid = 0;
            }
            return copied;
        });
        database.checkpoint();
        return rows;
    }

    private static int copy(Connection connection, long mailbox, long after, int most) throws SQLException {
        return MailboxRows.update(
                connection,
                "insert into entry_by_id (id, message, size, internal_date, zone_offset, flags, modseq)"
                        + " select mailbox * 4294967296 + uid, message, size, internal_date, zone_offset, flags, modseq"
                        + " from entry where mailbox = ? and uid > ? order by mailbox, uid fetch first " + most
                        + " rows only",
                mailbox,
                after);
    }

    /// The last row that was copied; 0 for none.
    private static long last(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select coalesce(max(id), 0) from entry_by_id");
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    private static OptionalLong after(Connection connection, long mailbox) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select mailbox from entry where mailbox > ? order by mailbox, uid fetch first 1 rows only")) {
            select.setLong(1, mailbox);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? OptionalLong.of(row.getLong(1)) : OptionalLong.empty();
            }
        }
    }
}
