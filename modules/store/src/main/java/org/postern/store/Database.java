package org.postern.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.sql.Statement;
import org.flywaydb.core.Flyway;

/// The SQL database behind the store: connections, schema, transactions.
/// A commit here is not yet durable: that is the [Committer]'s work.
final class Database implements AutoCloseable {
    /// A transaction that lost against another is run again this often.
    private static final int ATTEMPTS = 5;

    /// A change inside a transaction.
    interface Change {
        void run(Connection connection) throws SQLException;
    }

    /// Work inside a transaction, with a result.
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final HikariDataSource pool;

    private Database(HikariDataSource pool) {
        this.pool = pool;
    }

    /// Opens the embedded database, and brings its schema up to date.
    ///
    /// The settings are pinned because durability was measured with them: commits reach the file within
    /// half a second by themselves, and the disk with `CHECKPOINT SYNC` only. The kernel's file lock goes
    /// with the process.
    static Database openH2(Path directory) {
        var config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:file:" + directory.resolve("postern").toAbsolutePath()
                + ";FILE_LOCK=FS;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=500;RETENTION_TIME=45000"
                + ";LOCK_TIMEOUT=10000;COMPRESS=FALSE;CACHE_SIZE=65536");
        config.setUsername("sa");
        config.setPassword("");
        config.setPoolName("store");
        config.setMaximumPoolSize(16);
        config.setAutoCommit(false);
        config.setRegisterMbeans(false);
        var database = new Database(new HikariDataSource(config));
        database.migrate();
        return database;
    }

    private void migrate() {
        Flyway.configure()
                .dataSource(pool)
                .locations("classpath:db/migration")
                .ignoreMigrationPatterns(new String[0]) // none: an older binary refuses a newer schema
                .validateMigrationNaming(true)
                .load()
                .migrate();
    }

    /// Runs the work in one transaction; commits when it returns, undoes it when it throws.
    <T> T inTransaction(Work<T> work) {
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = pool.getConnection()) {
                try {
                    T result = work.run(connection);
                    connection.commit();
                    return result;
                } catch (SQLException | RuntimeException e) {
                    connection.rollback();
                    throw e;
                }
            } catch (SQLTransactionRollbackException e) { // deadlock or lost update: class 40
                if (attempt == ATTEMPTS) {
                    throw new StoreFailure(e);
                }
            } catch (SQLException e) {
                throw new StoreFailure(e);
            }
        }
    }

    /// The same for work without a result.
    void change(Change change) {
        inTransaction(connection -> {
            change.run(connection);
            return true;
        });
    }

    /// Makes every commit so far durable. Runs on the committer's thread.
    void checkpoint() {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CHECKPOINT SYNC");
            connection.commit();
        } catch (SQLException e) {
            throw new StoreFailure(e);
        }
    }

    /// The database closes in order with its last connection.
    @Override
    public void close() {
        pool.close();
    }
}
