package org.postern.interchange;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A directory that is exported to, and its ledger: `.postern-export`, a file of lines. The first one says what is
/// exported there, so that no other directory is taken for one; the others are the targets' own notes, the last one
/// counts. Mail is in it: everything is for its owner alone.
final class ExportDirectory implements AutoCloseable {
    static final String LEDGER = ".postern-export";
    private static final String FIRST = "postern-export 1 ";
    private static final FileAttribute<?> DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path path;
    private final FileChannel ledger;
    private final List<String> notes;

    private ExportDirectory(Path path, FileChannel ledger, List<String> notes) {
        this.path = path;
        this.ledger = ledger;
        this.notes = notes;
    }

    /// @param what is exported: format and account
    /// @throws IOException where the directory holds something else
    static ExportDirectory open(Path path, String what) throws IOException {
        makeDirectories(path);
        Path file = path.resolve(LEDGER);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            requireEmpty(path);
        }
        FileChannel channel = FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                FILE);
        try {
            if (channel.tryLock() == null) {
                throw new IOException(path + " is in use by another export");
            }
            List<String> lines = lines(channel);
            if (lines.isEmpty()) {
                channel.truncate(0);
                var opened = new ExportDirectory(path, channel, new ArrayList<>());
                opened.append(FIRST + what);
                force(path);
                return opened;
            }
            if (!lines.getFirst().equals(FIRST + what)) {
                throw new IOException(path + " holds another export ("
                        + lines.getFirst().replace(FIRST, "") + "): name another directory");
            }
            return new ExportDirectory(path, channel, new ArrayList<>(lines.subList(1, lines.size())));
        } catch (java.nio.channels.OverlappingFileLockException e) {
            channel.close();
            throw new IOException(path + " is in use by another export", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void requireEmpty(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            if (files.findAny().isPresent()) {
                throw new IOException(path + " is not empty, and no export: name another directory");
            }
        }
    }

    /// Whole lines; a last one without an end was cut off.
    private static List<String> lines(FileChannel channel) throws IOException {
        if (channel.size() > 256 << 20) {
            throw new IOException("the ledger of the export is too large");
        }
        ByteBuffer octets = ByteBuffer.allocate((int) channel.size());
        while (octets.hasRemaining() && channel.read(octets, octets.position()) > 0) {
            // until it is full
        }
        String text = UTF_8.decode(octets.flip()).toString();
        int end = text.lastIndexOf('\n') + 1;
        return text.substring(0, end).lines().toList();
    }

    Path path() {
        return path;
    }

    /// The targets' own notes of earlier runs, oldest first.
    List<String> notes() {
        return List.copyOf(notes);
    }

    /// Adds a note; durable on return.
    void note(String line) throws IOException {
        append(line);
        notes.add(line);
    }

    private void append(String line) throws IOException {
        long at = channelEnd();
        ByteBuffer octets = ByteBuffer.wrap((line + "\n").getBytes(UTF_8));
        while (octets.hasRemaining()) {
            at += ledger.write(octets, at);
        }
        ledger.force(true);
    }

    /// Behind the last whole line.
    private long channelEnd() throws IOException {
        long end = ledger.size();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (end > 0) {
            one.clear();
            ledger.read(one, end - 1);
            if (one.get(0) == '\n') {
                break;
            }
            end--;
        }
        return end;
    }

    // ---- files

    /// Makes a directory and those above it; none of those it makes may be a link.
    static void makeDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null) {
            makeDirectories(parent);
        }
        Files.createDirectory(directory, DIRECTORY);
    }

    /// A directory below the one that is exported to: made, and no link.
    static void makeBelow(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(directory, DIRECTORY);
        }
    }

    static FileChannel create(Path file) throws IOException {
        Files.deleteIfExists(file); // of a run that was cut off
        return FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FILE);
    }

    static FileChannel goOn(Path file) throws IOException {
        return FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS), FILE);
    }

    /// Replaces a small file as a whole.
    static void replace(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = create(temporary);
                OutputStream out = Channels.newOutputStream(channel)) {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// Makes names in a directory durable.
    static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public void close() throws IOException {
        ledger.close();
    }
}
