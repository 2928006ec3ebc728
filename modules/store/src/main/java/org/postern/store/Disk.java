package org.postern.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// What the store asks of the disk for what must last: narrow, so that a test can cut its power, fill it or slow it
/// down. Names are as durable as contents: a file that was created is there after a power cut only once its directory
/// was forced.
interface Disk {
    /// The machine's own.
    Disk LOCAL = new Disk() {
        @Override
        public String databaseScheme() {
            return "file:";
        }

        @Override
        public FileChannel create(Path file) throws IOException {
            return FileChannel.open(
                    file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }

        @Override
        public FileChannel open(Path file, boolean writable) throws IOException {
            return writable
                    ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : FileChannel.open(file, StandardOpenOption.READ);
        }

        @Override
        public void delete(Path file) throws IOException {
            Files.deleteIfExists(file);
        }

        @Override
        public void force(Path directory) throws IOException {
            try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
                folder.force(true);
            }
        }

        @Override
        public long free(Path directory) throws IOException {
            return directory.toFile().getUsableSpace(); // a FileStore would read the table of mounts each time
        }
    };

    /// The name under which H2 knows a file system that leads to this disk.
    String databaseScheme();

    FileChannel create(Path file) throws IOException;

    FileChannel open(Path file, boolean writable) throws IOException;

    void delete(Path file) throws IOException;

    /// Makes the names in a directory durable.
    void force(Path directory) throws IOException;

    /// Octets that can still be written there.
    long free(Path directory) throws IOException;

    /// Makes a directory and those above it, with durable names.
    default void createDirectories(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (!Files.isDirectory(directory) && parent != null) {
            createDirectories(parent);
            Files.createDirectories(directory);
            force(parent);
        }
    }
}
