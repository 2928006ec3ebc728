package org.postern.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Stream;

/// Files of a backup and of what is restored from one: mail, password hashes and keys, so for their owner alone; and
/// on the disk when a method returns.
final class BackupFiles {
    private static final FileAttribute<?> DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<?> FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final int PIECE = 256 * 1024;

    private BackupFiles() {}

    /// Writes a file's octets.
    interface Content {
        void to(OutputStream out) throws IOException;
    }

    /// What was written.
    record Written(long length, String digest) {}

    static void makeDirectories(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            makeDirectories(parent);
        }
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(directory, DIRECTORY);
        }
    }

    static FileChannel open(Path file, StandardOpenOption... options) throws IOException {
        return FileChannel.open(file, Set.of(options), FILE);
    }

    /// A new file.
    static Written write(Path file, Content content) throws IOException {
        makeDirectories(parent(file));
        MessageDigest digest = BackupManifest.sha256();
        try (FileChannel channel = open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            var out = new DigestOutputStream(Channels.newOutputStream(channel), digest);
            content.to(out);
            out.flush();
            channel.force(true);
            return new Written(channel.size(), HexFormat.of().formatHex(digest.digest()));
        }
    }

    static Path parent(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException(file + " is no place for a file");
        }
        return parent;
    }

    /// Copies `length` octets from `from` on to the same place of another file.
    /// @return their SHA-256
    static String copyRange(FileChannel source, FileChannel target, long from, long length, Progress progress)
            throws IOException {
        MessageDigest digest = BackupManifest.sha256();
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        long at = from;
        while (at < from + length) {
            piece.clear().limit((int) Math.min(PIECE, from + length - at));
            int count = source.read(piece, at);
            if (count < 0) {
                throw new IOException("the file ends at " + at + ", and should go to " + (from + length));
            }
            piece.flip();
            digest.update(piece.duplicate());
            while (piece.hasRemaining()) {
                at += target.write(piece, at);
            }
            progress.copied(count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Is told of octets as they are copied.
    interface Progress {
        void copied(long octets);
    }

    /// Copies a whole file, and compares it with what it should be.
    static void copy(Path source, Path target, String digest) throws IOException {
        Written written = write(target, out -> {
            try (InputStream in = Files.newInputStream(source)) {
                in.transferTo(out);
            }
        });
        if (!written.digest().equals(digest)) {
            throw new IOException(source + " is damaged: its SHA-256 does not match");
        }
    }

    /// Reads a range and compares it with what it should be.
    static boolean matches(Path file, BackupManifest.Range range) throws IOException {
        MessageDigest digest = BackupManifest.sha256();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < range.end()) {
                return false;
            }
            channel.position(range.from());
            var in = new DigestInputStream(Channels.newInputStream(channel), digest);
            byte[] piece = new byte[PIECE];
            for (long left = range.length(); left > 0; ) {
                int count = in.read(piece, 0, (int) Math.min(PIECE, left));
                if (count < 0) {
                    return false;
                }
                left -= count;
            }
        }
        return HexFormat.of().formatHex(digest.digest()).equals(range.digest());
    }

    /// Makes names in a directory as durable as what is in the files.
    static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static void removeTree(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
