package org.postern.store;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.postern.message.MessageExtract;
import org.postern.message.MessageExtractor;

/// Reads every message body: the record's checksums, the octets against their SHA-256, and what was derived of them
/// (ENVELOPE, BODYSTRUCTURE, outline, sizes) against a fresh parse.
///
/// Short transactions, and none while a body is read: mail is delivered, expunged and moved to other segments
/// meanwhile. What looks wrong is looked up again, and counts only if the row still says what it said before.
final class ContentVerifier {
    private static final int PAGE = 500;
    private static final int ATTEMPTS = 5;

    private final Database database;
    private final Segments segments;
    private final Findings findings;
    private final DamagedBlobs damaged;
    private final WorkProgress progress;
    private final Pace pace;
    private final Outdated outdated;
    private long blobs;
    private long octets;

    ContentVerifier(
            Database database,
            Segments segments,
            Findings findings,
            DamagedBlobs damaged,
            WorkProgress progress,
            Pace pace,
            Outdated outdated) {
        this.database = database;
        this.segments = segments;
        this.findings = findings;
        this.damaged = damaged;
        this.progress = progress;
        this.pace = pace;
        this.outdated = outdated;
    }

    /// Is given what a message's row should say.
    interface Outdated {
        void replace(long message, MessageExtract fresh);
    }

    /// A message's row, with its blob's.
    private record Stored(long message, long row, BlobReference blob, byte[] digest, MessageExtract extract) {
        boolean names(Stored other) {
            return row == other.row && blob.equals(other.blob);
        }
    }

    /// What one body was found to be.
    private sealed interface Read {
        record Whole(MessageExtract extract) implements Read {}

        record Damaged(String how) implements Read {}
    }

    long blobs() {
        return blobs;
    }

    long octets() {
        return octets;
    }

    /// False where it was ended early.
    boolean verify() {
        long total = database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select coalesce(sum(length), 0) from blob");
                    ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        });
        long last = 0;
        long lastBlob = -1;
        Read lastRead = new Read.Damaged("");
        while (true) {
            long after = last;
            List<Long> page = database.read(connection -> page(connection, after));
            if (page.isEmpty()) {
                return true;
            }
            for (long message : page) {
                if (progress.isAbandoned()) {
                    return false;
                }
                last = message;
                Optional<Stored> stored = load(message);
                if (stored.isEmpty() || damaged.contains(stored.get().row())) {
                    continue;
                }
                if (stored.get().row() != lastBlob) { // a delivery to several is several rows of one body
                    lastRead = read(stored.get());
                    lastBlob = stored.get().row();
                    progress.report("bodies", Math.min(octets, total), total, WorkProgress.Unit.OCTETS);
                }
                if (lastRead instanceof Read.Whole whole) {
                    compare(stored.get(), whole.extract());
                }
            }
        }
    }

    private static List<Long> page(Connection connection, long after) throws SQLException {
        List<Long> page = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select id from message where id > ? order by id fetch first " + PAGE + " rows only")) {
            select.setLong(1, after);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    page.add(row.getLong(1));
                }
            }
        }
        return page;
    }

    private Optional<Stored> load(long message) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select b.id, b.node, b.segment, b.position, b.length, b.digest, m.extractor_version, m.envelope,"
                            + " m.body, m.body_structure, m.outline, m.sent_date from message m join blob b on b.id = m.blob"
                            + " where m.id = ?")) {
                select.setLong(1, message);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next()) {
                        return Optional.empty();
                    }
                    var blob = new BlobReference(row.getInt(2), row.getInt(3), row.getLong(4), row.getLong(5));
                    return Optional.of(new Stored(
                            message,
                            row.getLong(1),
                            blob,
                            row.getBytes(6),
                            new MessageExtract(
                                    row.getInt(7),
                                    blob.length(),
                                    row.getBytes(8),
                                    row.getBytes(9),
                                    row.getBytes(10),
                                    row.getBytes(11),
                                    row.getInt(12))));
                }
            }
        });
    }

    /// Reads the body; where it is damaged, makes sure that it is still that message's.
    private Read read(Stored first) {
        Stored stored = first;
        for (int attempt = 1; ; attempt++) {
            Read read = readOnce(stored);
            if (read instanceof Read.Whole) {
                blobs++;
                octets += stored.blob().length();
                return read;
            }
            Optional<Stored> again = load(stored.message());
            if (again.isEmpty()) {
                return read; // expunged in the meantime: nobody misses it
            }
            if (attempt == ATTEMPTS || again.get().names(stored)) {
                damaged.add(new DamagedBlobs.Damage(stored.row(), stored.blob(), ((Read.Damaged) read).how()));
                return read;
            }
            stored = again.get(); // it was moved
        }
    }

    private Read readOnce(Stored stored) {
        pace.spend(stored.blob().length());
        try {
            segments.verify(stored.blob());
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            MessageExtract extract;
            try (InputStream body = new DigestInputStream(
                    new BufferedInputStream(
                            segments.open(stored.blob(), 0, stored.blob().length()), 64 * 1024),
                    digest)) {
                extract = MessageExtractor.extract(body);
            }
            return Arrays.equals(digest.digest(), stored.digest())
                    ? new Read.Whole(extract)
                    : new Read.Damaged("its octets are not those that were stored (SHA-256)");
        } catch (IOException e) {
            return new Read.Damaged(String.valueOf(e.getMessage()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    private void compare(Stored stored, MessageExtract fresh) {
        MessageExtract kept = stored.extract();
        String differs = difference(kept, fresh);
        if (differs.isEmpty() || !stillThere(stored)) {
            return;
        }
        outdated.replace(stored.message(), fresh);
        Finding.Place place = Finding.Place.STORE.blob(stored.blob());
        if (kept.version() == fresh.version()) {
            findings.add(
                    Finding.Kind.DERIVED_DATA,
                    place,
                    "message row " + stored.message() + ": " + differs + " is not what its octets say");
        } else {
            findings.add(
                    Finding.Kind.DERIVED_DATA_OLD,
                    place,
                    "message row " + stored.message() + ": " + differs + " is of version " + kept.version()
                            + ", now is " + fresh.version());
        }
    }

    static String difference(MessageExtract kept, MessageExtract fresh) {
        List<String> differs = new ArrayList<>();
        if (!Arrays.equals(kept.envelope(), fresh.envelope())) {
            differs.add("ENVELOPE");
        }
        if (!Arrays.equals(kept.body(), fresh.body())) {
            differs.add("BODY");
        }
        if (!Arrays.equals(kept.bodyStructure(), fresh.bodyStructure())) {
            differs.add("BODYSTRUCTURE");
        }
        if (!Arrays.equals(kept.outline(), fresh.outline())) {
            differs.add("outline");
        }
        if (kept.sentDate() != fresh.sentDate()) {
            differs.add("sent date");
        }
        if (kept.size() != fresh.size()) {
            differs.add("size");
        }
        return String.join(", ", differs);
    }

    private boolean stillThere(Stored stored) {
        return load(stored.message())
                .filter(again -> again.row() == stored.row()
                        && difference(again.extract(), stored.extract()).isEmpty())
                .isPresent();
    }
}
