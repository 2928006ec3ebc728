package org.postern.store;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/// The database's one file, while nobody has it open. H2 has checksums for some of it only, and where its end is
/// lost it goes back to what it held before: so size and CRC-32C of a file that was closed in order are noted
/// beside it, and the next to open it knows whether it is still that file.
final class DatabaseFile {
    static final String PATH = "database/postern.mv.db";
    private static final String CLOSED = "database/closed";

    private DatabaseFile() {}

    /// Notes what the file is. After it was closed in order.
    static void noteClosed(Path directory) throws IOException {
        Path file = directory.resolve(PATH);
        Path note = directory.resolve(CLOSED);
        Path temporary = note.resolveSibling("closed.new");
        byte[] text = (Files.size(file) + " " + checksum(file) + "\n").getBytes(StandardCharsets.US_ASCII);
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer octets = ByteBuffer.wrap(text);
            while (octets.hasRemaining()) {
                channel.write(octets);
            }
            channel.force(true);
        }
        Files.move(temporary, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// The file is about to be written to. Forced, or the note would come back with a power cut and deny what was
    /// written since.
    static void forgetClosed(Path directory, Disk disk) throws IOException {
        Path note = directory.resolve(CLOSED);
        if (Files.exists(note)) {
            disk.delete(note);
            disk.force(directory.resolve("database"));
        }
    }

    /// How the file differs from what was closed; empty if it does not, or if nobody noted (after a crash).
    static Optional<String> difference(Path directory) throws IOException {
        Optional<String> size = sizeDifference(directory);
        if (size.isPresent() || !Files.exists(directory.resolve(CLOSED))) {
            return size;
        }
        return checksum(directory.resolve(PATH)).equals(noted(directory)[1])
                ? Optional.empty()
                : Optional.of("it was altered after it was closed: its checksum differs");
    }

    /// The same, by the file's size alone.
    static Optional<String> sizeDifference(Path directory) throws IOException {
        if (!Files.exists(directory.resolve(CLOSED))) {
            return Optional.empty();
        }
        long noted = Long.parseLong(noted(directory)[0]);
        long size = Files.size(directory.resolve(PATH));
        return size == noted
                ? Optional.empty()
                : Optional.of("it was altered after it was closed: it had " + noted + " octets, and has " + size);
    }

    private static String[] noted(Path directory) throws IOException {
        String[] noted = Files.readString(directory.resolve(CLOSED), StandardCharsets.US_ASCII)
                .strip()
                .split(" ");
        return noted.length == 2 && noted[0].matches("\\d{1,18}") ? noted : new String[] {"-1", ""};
    }

    private static String checksum(Path file) throws IOException {
        var checksum = new CRC32C();
        byte[] buffer = new byte[256 * 1024];
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), buffer.length)) {
            for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
            }
        }
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }
}
