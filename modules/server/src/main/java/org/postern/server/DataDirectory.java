package org.postern.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The directory that holds everything Postern keeps: for its owner alone, and for one process at a time.
final class DataDirectory implements AutoCloseable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path path;
    private final FileChannel lockFile;

    private DataDirectory(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /// Makes the directory if need be, and takes its lock. The lock is the operating system's: it ends with the
    /// process, however that ends. The file names the process for whoever finds it taken.
    ///
    /// @throws StartException where it is in use, not ours, or open to others
    static DataDirectory open(Path path) {
        try {
            Path parent = Objects.requireNonNullElse(path.toAbsolutePath().getParent(), path);
            if (!Files.isDirectory(parent)) {
                Files.createDirectories(parent);
            }
            try {
                Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } catch (FileAlreadyExistsException e) {
                // made before
            }
            requireOurs(path);
            return lock(path);
        } catch (IOException e) {
            throw new StartException("cannot use the data directory " + path + ": " + e, e);
        }
    }

    /// @throws StartException where it is no directory, or open to others
    static void requireOurs(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new StartException(path + " is no directory");
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        if (!OWNER_ONLY.containsAll(permissions)) {
            throw new StartException(path + " holds mail and keys, and others may enter it ("
                    + PosixFilePermissions.toString(permissions) + "): chmod 700 " + path);
        }
    }

    /// Takes the lock of a directory that no server uses, to look at it: nothing in it is changed. A copy may be
    /// without a lock file, or not for us to write to.
    ///
    /// @return what holds the lock until it is closed
    static AutoCloseable requireUnused(Path path) {
        Path file = path.resolve("lock");
        if (!Files.isDirectory(path)) {
            throw new StartException(path + " is no directory");
        }
        if (!Files.isWritable(file)) {
            return () -> {};
        }
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                channel.close();
                throw new StartException(path + " is in use by process "
                        + Files.readString(file).strip() + ", which does not answer its control socket");
            }
            return channel;
        } catch (IOException e) {
            throw new StartException("cannot use the data directory " + path + ": " + e, e);
        }
    }

    private static DataDirectory lock(Path path) throws IOException {
        Path file = path.resolve("lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = tryLock(channel);
        if (lock == null) {
            channel.close();
            throw new StartException(path + " is in use by process "
                    + Files.readString(file).strip() + ": stop it, or choose another data directory");
        }
        channel.truncate(0);
        channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)), 0);
        return new DataDirectory(path, channel);
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this very process has it
        }
    }

    Path path() {
        return path;
    }

    /// A directory below, for its owner alone.
    Path subdirectory(String name) {
        Path directory = path.resolve(name);
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            }
            return directory;
        } catch (IOException e) {
            throw new StartException("cannot make " + directory + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            throw new StartException("cannot release " + path, e);
        }
    }
}
