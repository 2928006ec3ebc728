package org.postern.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings the database's tables up to date. What was there before is copied first, so that nothing is lost by an
/// upgrade that does not work out; tables of a newer Postern are refused.
final class Schema {
    private static final Logger LOG = LoggerFactory.getLogger(Schema.class);

    private Schema() {}

    /// @param copies where the database is copied to before it is changed; empty for not at all
    static void bringUpToDate(Database database, DataSource pool, Optional<Path> copies) {
        Flyway flyway = Flyway.configure()
                .dataSource(pool)
                .locations("classpath:db/migration")
                .javaMigrations(new EntryRowsMigration(database))
                .ignoreMigrationPatterns(new String[0]) // none: an older binary refuses a newer schema
                .validateMigrationNaming(true)
                .load();
        try {
            MigrationInfoService information = flyway.info();
            refuseNewer(information);
            MigrationInfo current = information.current();
            if (current != null && information.pending().length > 0) {
                String from = current.getVersion().toString();
                String to = information
                        .pending()[information.pending().length - 1]
                        .getVersion()
                        .toString();
                Optional<Path> copy = copies.map(directory -> copy(database, directory, from, to));
                LOG.info(
                        "the database goes from version {} to {}; as it was it stays in {}",
                        from,
                        to,
                        copy.orElse(null));
                migrate(flyway, copy);
                database.checkpoint();
                copies.ifPresent(directory -> forgetOthers(directory, to));
            } else {
                flyway.migrate();
            }
        } catch (FlywayException e) {
            throw new StoreFailure("the database cannot be brought up to date: " + e.getMessage());
        }
    }

    private static void refuseNewer(MigrationInfoService information) {
        List<String> unknown = Arrays.stream(information.applied())
                .filter(applied -> !applied.getState().isResolved())
                .map(applied -> applied.getVersion().toString())
                .toList();
        if (!unknown.isEmpty()) {
            throw new StoreFailure("the database is of a newer Postern: it has version " + unknown.getLast()
                    + " of the tables, which this one does not know. Start that version again, or restore a backup that"
                    + " was made before the upgrade");
        }
    }

    private static void migrate(Flyway flyway, Optional<Path> copy) {
        try {
            flyway.migrate();
        } catch (FlywayException e) {
            throw new StoreFailure("the database could not be brought up to date: " + e.getMessage()
                    + copy.map(file -> ". To go back: put " + file
                                    + " in the place of postern.mv.db, and start the version" + " that ran before")
                            .orElse(""));
        }
    }

    /// An upgrade that was killed has changed nothing that the version before cannot read, unless a step of it was
    /// done: then this copy has another name than the one before it, and both stay.
    private static Path copy(Database database, Path directory, String from, String to) {
        Path copy = directory.resolve("before-upgrade-from-" + from + "-to-" + to + ".mv.db");
        Path unfinished = directory.resolve("before-upgrade.unfinished");
        try {
            Files.deleteIfExists(unfinished);
            BackupFiles.write(unfinished, out -> DatabaseCopy.write(database, out));
            Files.move(unfinished, copy, StandardCopyOption.ATOMIC_MOVE);
            BackupFiles.forceDirectory(directory);
            return copy;
        } catch (IOException e) {
            throw new StoreFailure("the database cannot be copied before its upgrade, and so is not upgraded: " + e);
        }
    }

    /// Takes away the copies of upgrades before this one.
    private static void forgetOthers(Path directory, String to) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.matches("before-upgrade-.*\\.mv\\.db") && !name.endsWith("-to-" + to + ".mv.db")) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            LOG.warn("copies of earlier upgrades cannot be taken away, and take space in {}", directory, e);
        }
    }
}
