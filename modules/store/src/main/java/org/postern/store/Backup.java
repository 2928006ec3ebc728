package org.postern.store;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Makes one generation of a backup beside a running server.
///
/// The order is what makes it consistent: no segment file may be deleted from here on; then the database is copied
/// as it is at one moment; then the segments, up to where they had grown after that moment. A row is committed
/// only when its body is in its segment, so every body that the copied rows name is in what is copied. What the
/// segments hold beyond that is space that no row names.
final class Backup {
    /// What is compared of a segment before its copy is taken to be the beginning of it.
    private static final int COMPARED = 64 * 1024;

    private final Database database;
    private final Segments segments;
    private final BackupDirectory target;
    private final Pace pace;
    private final WorkProgress progress;
    private long copied;
    private long total;

    Backup(Database database, Segments segments, BackupDirectory target, Pace pace, WorkProgress progress) {
        this.database = database;
        this.segments = segments;
        this.target = target;
        this.pace = pace;
        this.progress = progress;
    }

    /// @param beside further files, by where they stand below the data directory: certificates, keys, configuration
    BackupReport run(Map<String, Path> beside) throws IOException {
        try (Segments.Hold _ = segments.hold()) {
            List<BackupManifest> before = target.manifests();
            Instant time = after(before);
            Path unfinished = target.begin(time);
            List<BackupManifest.Stored> files = new ArrayList<>();
            progress.report("database", 0, 0, WorkProgress.Unit.OCTETS);
            BackupFiles.Written written = BackupFiles.write(
                    unfinished.resolve(DatabaseFile.PATH), out -> DatabaseCopy.write(database, paced(out)));
            files.add(new BackupManifest.Stored(written.length(), written.digest(), DatabaseFile.PATH));
            long anew = written.length();
            for (Map.Entry<String, Path> file : new TreeMap<>(beside).entrySet()) {
                BackupFiles.Written other = BackupFiles.write(unfinished.resolve(file.getKey()), out -> {
                    try (InputStream in = Files.newInputStream(file.getValue())) {
                        in.transferTo(out);
                    }
                });
                files.add(new BackupManifest.Stored(other.length(), other.digest(), file.getKey()));
                anew += other.length();
            }
            List<BackupManifest.Range> ranges = copySegments(before);
            var manifest = new BackupManifest(time, files, ranges);
            BackupFiles.write(
                    unfinished.resolve(BackupManifest.FILE),
                    out -> out.write(manifest.text().getBytes(StandardCharsets.UTF_8)));
            target.finish(unfinished, time);
            long all = files.stream().mapToLong(BackupManifest.Stored::length).sum()
                    + ranges.stream().mapToLong(BackupManifest.Range::length).sum();
            return new BackupReport(BackupDirectory.name(time), time, all, anew + copied, beside.size());
        }
    }

    private OutputStream paced(OutputStream out) {
        return new FilterOutputStream(out) {
            @Override
            public void write(byte[] octets, int offset, int length) throws IOException {
                out.write(octets, offset, length);
                pace.spend(length);
            }
        };
    }

    /// Later than every other, whatever the clock does.
    private static Instant after(List<BackupManifest> before) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        return before.isEmpty() || before.getLast().time().isBefore(now)
                ? now
                : before.getLast().time().plusMillis(1);
    }

    private List<BackupManifest.Range> copySegments(List<BackupManifest> before) throws IOException {
        Map<String, List<BackupManifest.Range>> known = new HashMap<>();
        Map<String, Long> stored = new HashMap<>();
        for (BackupManifest manifest : before) { // the newest wins
            Map<String, List<BackupManifest.Range>> ofOne = new HashMap<>();
            for (BackupManifest.Range range : manifest.ranges()) {
                ofOne.computeIfAbsent(range.segment(), _ -> new ArrayList<>()).add(range);
                stored.merge(range.file(), range.end(), Math::max);
            }
            known.putAll(ofOne);
        }
        Map<String, Long> sizes = new TreeMap<>(segments.settledSizes());
        Map<String, List<BackupManifest.Range>> kept = new HashMap<>();
        for (Map.Entry<String, Long> segment : sizes.entrySet()) {
            List<BackupManifest.Range> ranges = known.getOrDefault(segment.getKey(), List.of());
            long have = ranges.isEmpty() ? 0 : ranges.getLast().end();
            if (have > 0 && have <= segment.getValue() && isBeginning(segment.getKey(), ranges.getLast())) {
                kept.put(segment.getKey(), ranges);
            } else {
                have = 0; // another file that got the same name, or a new one
            }
            total += segment.getValue() - have;
        }
        List<BackupManifest.Range> all = new ArrayList<>();
        for (Map.Entry<String, Long> segment : sizes.entrySet()) {
            List<BackupManifest.Range> ranges = kept.getOrDefault(segment.getKey(), List.of());
            all.addAll(ranges);
            long have = ranges.isEmpty() ? 0 : ranges.getLast().end();
            if (segment.getValue() > have) {
                String file = ranges.isEmpty()
                        ? unusedName(segment.getKey(), stored)
                        : ranges.getLast().file();
                if (stored.getOrDefault(file, have) > have) {
                    // an older generation names more of that file: it stays as it is
                    file = unusedName(segment.getKey(), stored);
                    all.removeAll(ranges);
                    have = 0;
                }
                all.add(copyRange(segment.getKey(), file, have, segment.getValue() - have));
            }
        }
        return all;
    }

    private static String unusedName(String segment, Map<String, Long> stored) {
        String name = segment + ".segment";
        for (int number = 2; stored.containsKey(name); number++) {
            name = segment + "." + number + ".segment";
        }
        return name;
    }

    /// Segments only grow, and one whose number was given again holds something else from its first record on.
    private boolean isBeginning(String segment, BackupManifest.Range last) throws IOException {
        Path file = target.segments().resolve(last.file());
        if (!Files.exists(file) || Files.size(file) < last.end()) {
            return false;
        }
        try (FileChannel source = FileChannel.open(segments.path(segment), StandardOpenOption.READ);
                FileChannel copy = FileChannel.open(file, StandardOpenOption.READ)) {
            int length = (int) Math.min(COMPARED, last.end());
            return same(source, copy, 0, length) && same(source, copy, last.end() - length, length);
        }
    }

    private static boolean same(FileChannel one, FileChannel other, long position, int length) throws IOException {
        var first = ByteBuffer.allocate(length);
        var second = ByteBuffer.allocate(length);
        while (first.hasRemaining() && one.read(first, position + first.position()) > 0) {
            // until it is full
        }
        while (second.hasRemaining() && other.read(second, position + second.position()) > 0) {
            // until it is full
        }
        return first.flip().equals(second.flip());
    }

    private BackupManifest.Range copyRange(String segment, String file, long from, long length) throws IOException {
        try (FileChannel source = FileChannel.open(segments.path(segment), StandardOpenOption.READ);
                FileChannel copy = BackupFiles.open(
                        target.segments().resolve(file), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            copy.truncate(from); // what a backup that did not finish has left
            String digest = BackupFiles.copyRange(source, copy, from, length, octets -> {
                copied += octets;
                pace.spend(octets);
                progress.report("message bodies", copied, total, WorkProgress.Unit.OCTETS);
            });
            copy.force(true);
            return new BackupManifest.Range(segment, from, length, digest, file);
        }
    }
}
