package org.postern.nameserver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Files that are there whole or not at all, and that nobody else reads.
final class AtomicFile {
    private AtomicFile() {}

    /// Replaces the file; returns when it is on the disk under its name.
    static void write(Path file, byte[] content) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            throw new IOException("no directory: " + file);
        }
        Path fresh = Files.createTempFile(
                directory,
                file.getFileName() + ".",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer rest = ByteBuffer.wrap(content);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
                channel.force(true);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
        force(directory);
    }

    /// A new name lasts when its directory is on the disk.
    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, Set.of(StandardOpenOption.READ))) {
            channel.force(true);
        }
    }
}
