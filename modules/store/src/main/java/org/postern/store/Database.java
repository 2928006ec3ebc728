package org.postern.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.h2.engine.SessionLocal;
import org.h2.jdbc.JdbcConnection;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The SQL database behind the store: connections, schema, transactions. A commit here is not yet durable: that is
/// the [Committer]'s work.
///
/// A version of the file is written only while no transaction changes anything. H2 itself collects the roots of its
/// tables and indexes one after another, and holds up nobody meanwhile: a transaction that ran between two of them
/// would be in an index and not in its table, and a crash may lead to that version.
final class Database implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);
    /// A transaction that lost against another is run again this often.
    private static final int ATTEMPTS = 5;
    /// What was written is not moved for so long: much of it dies soon. What dies later, and what it is moved with,
    /// stays in the file for about three times as long, so a busy server's file has more in it the longer this is.
    static final Duration RETENTION = Duration.ofMillis(500);
    /// What one of the last so many versions needs stays in its place: the newest that was forced, as no more than
    /// [HeaderBlocks#UNFORCED] wait for that, and the 20 chunks before it, which H2 looks at when it opens.
    static final int VERSIONS_KEPT = 40;
    /// What is tidied up at once: a part of the file, in octets no less and no more than this. What was moved is
    /// kept for as many versions as the rest: all at once would make the file larger, and write more than clients
    /// do.
    private static final int TIDIED_PART = 20;

    private static final int TIDIED_AT_LEAST = 256 << 10;
    private static final int TIDIED_AT_MOST = 4 << 20;
    /// How long after the last change there may be something left.
    private static final Duration TIDIED_UP_AFTER = Duration.ofMinutes(2);
    /// The share of the file, in percent, that is worth its space.
    private static final int FILL_RATE = 60;
    /// Where a page of rows is divided, in octets of memory; in the file it is about a fifth. A small change writes
    /// one page of each table and index it touches, and those above, of which a large database has more: with H2's
    /// 16 KiB one message writes several times as much.
    private static final int PAGE = 1024;
    /// H2 writes a version by itself when more octets than some megabytes are unsaved. It is told so many fewer that
    /// it does not come to that: four times as many are still an `int`, and H2 takes them four times.
    private static final int NOT_COUNTED = 400_000_000;

    /// A change inside a transaction.
    interface Change {
        void run(Connection connection) throws SQLException;
    }

    /// Work inside a transaction, with a result.
    interface Work<T> {
        T run(Connection connection) throws SQLException;
    }

    private final HikariDataSource pool;
    /// Keeps the database open, and with it the way in which it writes, whatever the pool does.
    private final Connection keeper;
    private final MVStore store;
    private final Patience patience;
    private final ScheduledExecutorService housekeeper;
    /// Read locked by each transaction that changes something, until it is over; write locked while a version is
    /// written. Taken after the connection: who waits for one does not hold up a checkpoint.
    private final ReentrantReadWriteLock changing = new ReentrantReadWriteLock();
    private volatile long lastCheckpoint = System.nanoTime();

    private Database(HikariDataSource pool, Connection keeper, MVStore store, Patience patience) {
        this.pool = pool;
        this.keeper = keeper;
        this.store = store;
        this.patience = patience;
        this.housekeeper = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("database housekeeping").factory());
    }

    /// Opens the embedded database, and brings its schema up to date.
    ///
    /// The settings are pinned because durability was measured with them. The kernel's file lock goes with
    /// the process.
    static Database openH2(Path directory) {
        return openH2(Disk.LOCAL, directory, RETENTION);
    }

    /// The same, on another disk.
    /// @param retention how long what was replaced stays in its place
    static Database openH2(Disk disk, Path directory, Duration retention) {
        Database database = openEmpty(disk, directory, retention);
        try {
            Schema.bringUpToDate(database, database.pool, Optional.of(directory));
            database.checkpoint();
            disk.force(directory); // the file's name must be as durable as what is in it
            database.patience.begin();
            long period = RETENTION.toMillis();
            database.housekeeper.scheduleWithFixedDelay(database::tidyUp, period, period, TimeUnit.MILLISECONDS);
            return database;
        } catch (IOException e) {
            throw new StoreFailure(e);
        }
    }

    /// The same, without the tables.
    static Database openEmpty(Disk disk, Path directory, Duration retention) {
        Path name = directory.resolve("postern").toAbsolutePath();
        Patience patience = ChunkChecks.register(Path.of(name + ".mv.db"));
        String file = ChunkChecks.SCHEME + ":" + disk.databaseScheme() + name;
        var config = new HikariConfig();
        config.setJdbcUrl("jdbc:h2:" + file
                + ";FILE_LOCK=FS;DB_CLOSE_ON_EXIT=FALSE;REUSE_SPACE=FALSE;RETENTION_TIME=" + retention.toMillis()
                + ";LOCK_TIMEOUT=10000;COMPRESS=FALSE;CACHE_SIZE=65536;PAGE_SIZE=" + PAGE);
        config.setUsername("sa");
        config.setPassword("");
        config.setPoolName("store");
        config.setMaximumPoolSize(16);
        config.setAutoCommit(false);
        config.setRegisterMbeans(false);
        try {
            Connection keeper =
                    DriverManager.getConnection(config.getJdbcUrl(), config.getUsername(), config.getPassword());
            MVStore store = mvStore(keeper);
            writeInOrder(store);
            useSpaceAgain(store);
            countLess(store);
            return new Database(new HikariDataSource(config), keeper, store, patience);
        } catch (SQLException e) {
            throw new StoreFailure(e);
        }
    }

    /// Has H2 write on the thread that asks for it, and nobody write behind.
    ///
    /// With its background writer H2 serializes one version while the last one is still being written. Then a
    /// checkpoint may leave a change to the writer and return before it is in the file, and a version may reach
    /// the disk that refers to another whose place nobody has noted yet: after a crash just then the database
    /// lacks what was acknowledged, or does not open. (With H2 2.5 one message of some thousands was lost to
    /// `kill -9`.)
    private static void writeInOrder(MVStore store) {
        store.setAutoCommitDelay(0); // stops the writer, and waits for it
        store.setAutoCommitDelay(-1); // 0 would make every transaction write for itself
    }

    /// Has space used again only when no version needs it to which a crash may lead.
    ///
    /// H2 gives space free that the version before the last does not need, whatever the disk has got of that.
    private static void useSpaceAgain(MVStore store) {
        store.setVersionsToKeep(VERSIONS_KEPT);
        store.setReuseSpace(true); // not while H2 was opening: it keeps none until it is told
    }

    /// Has H2 leave it to [#checkpoint] to write, however much is unsaved. It counts from 0 again after each version.
    private static void countLess(MVStore store) {
        while (store.getUnsavedMemory() > -NOT_COUNTED / 2) { // a count may get lost: it is no atomic one
            store.registerUnsavedMemory(-NOT_COUNTED - store.getUnsavedMemory());
        }
    }

    /// H2's storage layer, below SQL.
    static MVStore mvStore(Connection connection) throws SQLException {
        return session(connection).getDatabase().getStore().getMvStore();
    }

    private static SessionLocal session(Connection connection) throws SQLException {
        return (SessionLocal) connection.unwrap(JdbcConnection.class).getSession();
    }

    /// Runs the work in one transaction; commits when it returns, undoes it when it throws. No checkpoint is made
    /// meanwhile, and nobody's change becomes durable: so the work waits for nothing but the database.
    <T> T inTransaction(Work<T> work) {
        return attempted(connection -> {
            changing.readLock().lock();
            try {
                return committed(connection, work);
            } finally {
                changing.readLock().unlock();
            }
        });
    }

    /// Runs work that only looks, in one transaction. It may take its time: it holds up nobody.
    /// @throws IllegalStateException when it has changed something; that is undone
    <T> T read(Work<T> work) {
        return attempted(connection -> committed(connection, reading -> {
            T result = work.run(reading);
            if (session(reading).containsUncommitted()) {
                throw new IllegalStateException("a transaction that only reads has changed something");
            }
            return result;
        }));
    }

    private static <T> T committed(Connection connection, Work<T> work) throws SQLException {
        try {
            T result = work.run(connection);
            connection.commit();
            return result;
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        }
    }

    private <T> T attempted(Work<T> work) {
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = pool.getConnection()) {
                return work.run(connection);
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
        try {
            writeVersion();
            store.sync();
            lastCheckpoint = System.nanoTime();
        } catch (MVStoreException e) {
            throw new StoreFailure(e);
        }
    }

    /// Hands everything that was committed to the operating system, when no transaction changes anything.
    void writeVersion() {
        if (changing.getReadHoldCount() > 0) {
            throw new IllegalStateException("a transaction cannot wait for itself to end");
        }
        changing.writeLock().lock();
        try {
            store.commit();
            countLess(store);
        } finally {
            changing.writeLock().unlock();
        }
    }

    /// True while a write waits for the disk to take it.
    boolean waitsForDisk() {
        return patience.waiting();
    }

    /// Refuses early what would have to wait.
    void requireDisk() {
        if (waitsForDisk()) {
            throw DiskSpace.refusal();
        }
    }

    /// The store closes: no write waits any more.
    void waitNoLonger() {
        patience.end();
    }

    /// Moves what is left of old versions together, so that their space can be used again: what H2's background
    /// writer would have done.
    void tidyUp() {
        if (System.nanoTime() - lastCheckpoint > TIDIED_UP_AFTER.toNanos()) {
            return;
        }
        try {
            long part = store.getFileStore().size() / TIDIED_PART;
            int most = Math.clamp(part, TIDIED_AT_LEAST, TIDIED_AT_MOST);
            store.compact(FILL_RATE, most); // in memory: the next version has it
        } catch (RuntimeException e) { // the database itself has failed: whoever changes it next is told so
            LOG.error("the database cannot tidy up its file", e);
            throw e;
        }
    }

    /// The database closes in order with its last connection.
    @Override
    public void close() {
        waitNoLonger();
        housekeeper.close();
        pool.close();
        try {
            keeper.close();
        } catch (SQLException e) {
            throw new StoreFailure(e);
        } finally {
            ChunkChecks.forget(patience.file());
        }
    }
}
