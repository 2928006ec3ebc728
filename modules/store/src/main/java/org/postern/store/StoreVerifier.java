package org.postern.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.h2.engine.Constants;

/// `store verify`: every invariant of the store, beside a running server or on a directory that nobody uses.
/// It reads, and changes nothing.
public final class StoreVerifier {
    private static final Pattern SEGMENT = Pattern.compile("\\d+-\\d+\\.segment");
    /// The files of a data directory itself; what stands in its directories is looked at there.
    private static final Set<String> KNOWN = Set.of("lock", "control.sock", "offered-tls", "listeners.json");

    private final Path directory;
    private final boolean inUse;
    private final VerifyOptions options;
    private final Findings findings;
    private final WorkProgress progress;
    private final DamagedBlobs damaged = new DamagedBlobs();

    private StoreVerifier(
            Path directory, boolean inUse, VerifyOptions options, Consumer<Finding> reader, WorkProgress progress) {
        this.directory = directory;
        this.inUse = inUse;
        this.options = options;
        this.findings = new Findings(reader);
        this.progress = progress;
    }

    /// Verifies a data directory, or a copy of one, that no server uses. The database is copied before it is opened:
    /// opening recovers and migrates, and the original is to stay as it is.
    ///
    /// @param scratch an empty directory for the copy; the caller removes it
    public static VerifyReport verifyDirectory(
            Path directory, Path scratch, VerifyOptions options, Consumer<Finding> reader, WorkProgress progress)
            throws IOException {
        var verifier = new StoreVerifier(directory, false, options, reader, progress);
        Path file = directory.resolve(DatabaseFile.PATH);
        if (!Files.exists(file)) {
            verifier.findings.add(
                    Finding.Kind.DATABASE_MISSING,
                    Finding.Place.ofFile(DatabaseFile.PATH),
                    "the database is not there");
            return verifier.report(new RowCounts(0, 0, 0), 0, 0, true);
        }
        DatabaseFile.difference(directory)
                .ifPresent(how -> verifier.findings.add(
                        Finding.Kind.DATABASE_ALTERED, Finding.Place.ofFile(DatabaseFile.PATH), how));
        Path copy = scratch.resolve("database");
        Files.createDirectories(copy);
        Files.copy(file, copy.resolve(file.getFileName().toString()));
        try (Database database = Database.openH2(copy);
                Segments segments = new Segments(directory.resolve("blobs"), PosternStore.NODE)) {
            return verifier.verify(database, segments);
        } catch (StoreFailure | IllegalStateException e) {
            verifier.findings.add(
                    Finding.Kind.DATABASE_UNREADABLE,
                    Finding.Place.ofFile(DatabaseFile.PATH),
                    "the database cannot be read: " + e.getMessage());
            return verifier.report(new RowCounts(0, 0, 0), 0, 0, true);
        }
    }

    /// Verifies an open store.
    static VerifyReport verify(
            Path directory,
            Database database,
            Segments segments,
            VerifyOptions options,
            Consumer<Finding> reader,
            WorkProgress progress)
            throws IOException {
        return new StoreVerifier(directory, true, options, reader, progress).verify(database, segments);
    }

    private record RowCounts(long accounts, long mailboxes, long messages) {}

    private VerifyReport verify(Database database, Segments segments) throws IOException {
        RowCounts counts = new RowCounts(0, 0, 0);
        boolean complete = true;
        try (Segments.Hold _ = segments.hold()) { // or a file could go between the look at its rows and at itself
            var rows = inOneMoment(database, connection -> {
                var verifier = new RowVerifier(connection, findings, damaged, progress, directory.resolve("blobs"));
                boolean all = verifier.verify();
                verifier.verifySegments();
                verifyFiles(verifier.namedSegments());
                return Map.entry(verifier, all);
            });
            complete = rows.getValue();
            counts = new RowCounts(
                    rows.getKey().accounts(),
                    rows.getKey().mailboxes(),
                    rows.getKey().messages());
        } catch (StoreFailure e) {
            unreadable(e);
        }
        long blobs = 0;
        long octets = 0;
        if (options.bodies() && complete) {
            var contents = new ContentVerifier(
                    database, segments, findings, damaged, progress, new Pace(options.octetsPerSecond()), (_, _) -> {});
            try {
                complete = contents.verify();
            } catch (StoreFailure e) {
                unreadable(e);
            }
            blobs = contents.blobs();
            octets = contents.octets();
        }
        try {
            nameDamaged(database);
        } catch (StoreFailure e) {
            unreadable(e);
        }
        return report(counts, blobs, octets, complete);
    }

    private VerifyReport report(RowCounts counts, long blobs, long octets, boolean complete) {
        return new VerifyReport(
                counts.accounts(), counts.mailboxes(), counts.messages(), blobs, octets, findings.counts(), complete);
    }

    private void unreadable(StoreFailure failure) {
        findings.add(
                Finding.Kind.DATABASE_UNREADABLE,
                Finding.Place.ofFile(DatabaseFile.PATH),
                "part of the database cannot be read: " + failure.getMessage());
    }

    private interface Look<T> {
        T at(Connection connection) throws SQLException, IOException;
    }

    /// A transaction that sees all tables as they are when it begins, whatever others commit meanwhile.
    private static <T> T inOneMoment(Database database, Look<T> look) throws IOException {
        try {
            return database.read(connection -> {
                connection.setTransactionIsolation(Constants.TRANSACTION_SNAPSHOT);
                try {
                    return look.at(connection);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /// Files that nobody names.
    private void verifyFiles(Set<String> named) throws IOException {
        for (Path file : list(directory)) {
            String name = file.getFileName().toString();
            if (!KNOWN.contains(name) && !name.startsWith("quickstart.") && !Files.isDirectory(file)) {
                findings.add(Finding.Kind.UNKNOWN_FILE, Finding.Place.ofFile(name), "Postern has no file of that name");
            }
        }
        List<Path> segmentFiles = list(directory.resolve("blobs"));
        // a running server may have stored a body whose row is not there yet
        Optional<String> growing = inUse
                ? segmentFiles.stream()
                        .map(file -> file.getFileName().toString())
                        .filter(name -> SEGMENT.matcher(name).matches())
                        .max(Comparator.comparingInt(StoreVerifier::number))
                : Optional.empty();
        for (Path file : segmentFiles) {
            String name = file.getFileName().toString();
            Finding.Place place = Finding.Place.ofFile("blobs/" + name);
            if (!SEGMENT.matcher(name).matches()) {
                findings.add(Finding.Kind.UNKNOWN_FILE, place, "it is no segment");
            } else if (!named.contains(name.substring(0, name.indexOf('.')))
                    && Files.size(file) > 0
                    && !name.equals(growing.orElse(""))) {
                findings.add(Finding.Kind.DEAD_SPACE, place, Files.size(file) + " octets, and no message in them");
            }
        }
    }

    private static int number(String segment) {
        return Integer.parseInt(segment.substring(segment.indexOf('-') + 1, segment.indexOf('.')));
    }

    private static List<Path> list(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    /// Whose the damaged bodies are. Those that were expunged or moved in the meantime are nobody's trouble.
    private void nameDamaged(Database database) throws IOException {
        if (damaged.all().isEmpty()) {
            return;
        }
        inOneMoment(database, connection -> {
            dropMoved(connection);
            Set<Long> unused = DamagedMessages.find(
                    connection,
                    damaged,
                    lost -> findings.add(Finding.Kind.MESSAGE_UNREADABLE, lost.place(), lost.description()));
            for (long row : unused) {
                DamagedBlobs.Damage damage = damaged.all().get(row);
                if (damage != null) {
                    findings.add(
                            Finding.Kind.UNREADABLE_AND_UNUSED,
                            Finding.Place.STORE.blob(damage.blob()),
                            damage.how() + "; no mailbox has it");
                }
            }
            if (damaged.beyond() > 0) {
                findings.add(
                        Finding.Kind.MESSAGE_UNREADABLE,
                        Finding.Place.STORE,
                        damaged.beyond() + " more message bodies cannot be read");
            }
            return true;
        });
    }

    private void dropMoved(Connection connection) throws SQLException {
        List<Long> moved = new ArrayList<>();
        try (PreparedStatement select =
                connection.prepareStatement("select node, segment, position, length from blob where id = ?")) {
            for (DamagedBlobs.Damage damage : damaged.all().values()) {
                select.setLong(1, damage.row());
                try (ResultSet row = select.executeQuery()) {
                    boolean isMissing = damage.blob().node() == 0;
                    boolean there = row.next();
                    if (there
                            ? !new BlobReference(row.getInt(1), row.getInt(2), row.getLong(3), row.getLong(4))
                                    .equals(damage.blob())
                            : !isMissing) {
                        moved.add(damage.row());
                    }
                }
            }
        }
        moved.forEach(row -> damaged.all().remove(row));
    }
}
