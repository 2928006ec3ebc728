package org.postern.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// A directory of backups.
///
/// `generations/<time>` holds what one backup copied anew: its `manifest`, the database, certificates and keys.
/// `segments` holds message bodies for all generations together: segments only grow, so a generation names the part of
/// each file that it needs. A generation gets its name when everything in it is on the disk; what has another name was
/// left by a backup that did not finish, and goes with the next one.
public final class BackupDirectory implements AutoCloseable {
    private static final String UNFINISHED = "unfinished-";

    /// One whole backup.
    ///
    /// @param name as its directory is named: the time, in a form that every file system takes
    /// @param octets that are needed to restore it
    public record Generation(String name, Instant time, long octets) {}

    private final Path path;
    private final FileChannel lock;

    private BackupDirectory(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /// Opens it for one user at a time; makes it where it does not exist and that is asked for.
    public static BackupDirectory open(Path path, boolean make) throws IOException {
        if (make) {
            if (Files.isDirectory(path) && !Files.isDirectory(path.resolve("generations"))) {
                try (Stream<Path> files = Files.list(path)) {
                    if (files.findAny().isPresent()) {
                        throw new IOException(path + " is no directory of backups, and not empty: name another one");
                    }
                }
            }
            BackupFiles.makeDirectories(path.resolve("generations"));
            BackupFiles.makeDirectories(path.resolve("segments"));
        } else if (!Files.isDirectory(path.resolve("generations"))) {
            throw new IOException(path + " is no directory of backups: it has no generations");
        }
        FileChannel lock = BackupFiles.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock held = lock.tryLock();
            if (held == null) {
                throw new IOException(path + " is in use by another backup or restore: wait for it");
            }
        } catch (OverlappingFileLockException e) {
            lock.close();
            throw new IOException(path + " is in use by another backup or restore: wait for it", e);
        } catch (IOException e) {
            lock.close();
            throw e;
        }
        return new BackupDirectory(path, lock);
    }

    Path segments() {
        return path.resolve("segments");
    }

    Path generation(String name) {
        return path.resolve("generations").resolve(name);
    }

    static String name(Instant time) {
        return time.toString().replace(':', '-');
    }

    /// Those that are whole, oldest first.
    public List<Generation> generations() throws IOException {
        List<Generation> generations = new ArrayList<>();
        for (BackupManifest manifest : manifests()) {
            long octets = manifest.files().stream()
                            .mapToLong(BackupManifest.Stored::length)
                            .sum()
                    + manifest.ranges().stream()
                            .mapToLong(BackupManifest.Range::length)
                            .sum();
            generations.add(new Generation(name(manifest.time()), manifest.time(), octets));
        }
        return generations;
    }

    List<BackupManifest> manifests() throws IOException {
        List<BackupManifest> manifests = new ArrayList<>();
        try (Stream<Path> directories = Files.list(path.resolve("generations"))) {
            for (Path directory : directories.toList()) {
                if (!directory.getFileName().toString().startsWith(UNFINISHED)) {
                    manifests.add(BackupManifest.read(directory.resolve(BackupManifest.FILE)));
                }
            }
        }
        manifests.sort(Comparator.comparing(BackupManifest::time));
        return manifests;
    }

    /// The last one that was made at `time` or before.
    /// @param at the last one of all where empty
    BackupManifest manifest(Optional<Instant> at) throws IOException {
        List<BackupManifest> all = manifests();
        return all.reversed().stream()
                .filter(manifest -> at.isEmpty() || !manifest.time().isAfter(at.get()))
                .findFirst()
                .orElseThrow(() -> new IOException(
                        all.isEmpty()
                                ? path + " holds no backup"
                                : path + " holds no backup from " + at.orElseThrow() + " or before; the first is of "
                                        + all.getFirst().time()));
    }

    /// A place for a generation under way.
    Path begin(Instant time) throws IOException {
        try (Stream<Path> directories = Files.list(path.resolve("generations"))) {
            for (Path left : directories
                    .filter(directory -> directory.getFileName().toString().startsWith(UNFINISHED))
                    .toList()) {
                BackupFiles.removeTree(left);
            }
        }
        Path unfinished = generation(UNFINISHED + name(time));
        BackupFiles.makeDirectories(unfinished);
        return unfinished;
    }

    /// Makes a generation whole: everything in it is on the disk.
    void finish(Path unfinished, Instant time) throws IOException {
        BackupFiles.forceDirectory(segments());
        BackupFiles.forceDirectory(unfinished);
        Files.move(unfinished, generation(name(time)));
        BackupFiles.forceDirectory(path.resolve("generations"));
    }

    /// Removes all generations but the newest `keep`, and the segments that no other one needs.
    /// @return what was removed
    public List<Generation> prune(int keep) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("at least one generation is kept");
        }
        List<Generation> all = generations();
        List<Generation> removed = List.copyOf(all.subList(0, Math.max(0, all.size() - keep)));
        for (Generation generation : removed) {
            // not whole from here on
            Path gone = generation(UNFINISHED + generation.name());
            Files.move(generation(generation.name()), gone);
            BackupFiles.forceDirectory(path.resolve("generations"));
            BackupFiles.removeTree(gone);
        }
        Set<String> needed = new HashSet<>();
        manifests().forEach(manifest -> manifest.ranges().forEach(range -> needed.add(range.file())));
        try (Stream<Path> files = Files.list(segments())) {
            for (Path file : files.toList()) {
                if (!needed.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
        return removed;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
