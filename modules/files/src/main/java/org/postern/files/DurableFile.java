package org.postern.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;

/// A small file that is there whole or not at all.
public final class DurableFile {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> EVERYBODY = PosixFilePermissions.fromString("rw-r--r--");

    private DurableFile() {}

    /// Replaces a file; its readers see the old one or the new one. Returns when the new one is on the disk under its
    /// name. It is for its owner alone, whatever the old one was.
    ///
    /// @throws IOException and the old file is there still; or, where only the directory could not be forced, the
    ///     new one, which a crash may take back
    public static void replace(Path file, byte[] content) throws IOException {
        replace(file, content, OWNER_ONLY);
    }

    /// As above, in UTF-8.
    public static void replace(Path file, String content) throws IOException {
        replace(file, content.getBytes(StandardCharsets.UTF_8));
    }

    /// As above, and everybody may read it.
    public static void replaceForEverybody(Path file, String content) throws IOException {
        replace(file, content.getBytes(StandardCharsets.UTF_8), EVERYBODY);
    }

    private static void replace(Path file, byte[] content, Set<PosixFilePermission> permissions) throws IOException {
        Path directory = directory(file);
        Path fresh = directory.resolve(file.getFileName() + ".new");
        // of a process that was killed: never written into, for others may have it open, or it may lead elsewhere
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try {
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                channel.force(true);
            }
            if (!permissions.equals(OWNER_ONLY)) {
                Files.setPosixFilePermissions(fresh, permissions); // whatever the umask
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException failure) {
            try {
                Files.deleteIfExists(fresh); // it may hold a secret
            } catch (IOException stays) {
                failure.addSuppressed(stays);
            }
            throw failure;
        }
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true); // the new name is as durable as what it stands for
        }
    }

    /// Gives a file that cannot be read another name: the next [#replace] does not take it away from whoever looks at
    /// what was in it.
    ///
    /// @return what became of it, for the log
    public static String putAside(Path file) {
        Path aside = directory(file)
                .resolve(file.getFileName() + ".unreadable-" + Instant.now().getEpochSecond());
        try {
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
            return "it is kept as " + aside;
        } catch (IOException stays) {
            return "it cannot be put aside (" + stays + ")";
        }
    }

    private static Path directory(Path file) {
        return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is in a directory");
    }
}
