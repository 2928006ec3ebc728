package org.postern.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// What one generation of a backup consists of: a file of lines, the last one a digest of those before it.
///
/// @param files in the generation's own directory: the database, certificates and keys
/// @param ranges of segments, in order; a segment's file in the backup is shared by the generations
record BackupManifest(Instant time, List<Stored> files, List<Range> ranges) {
    static final String FILE = "manifest";
    private static final String FIRST = "postern-backup 1";

    /// @param path below the data directory
    record Stored(long length, String digest, String path) {}

    /// @param segment as its file is named in the store: `1-17`
    /// @param file as it is named in the backup
    record Range(String segment, long from, long length, String digest, String file) {
        long end() {
            return from + length;
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    private static String digest(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    String text() {
        var text = new StringBuilder(FIRST + "\ntime " + time + "\n");
        for (Stored file : files) {
            text.append("file %d %s %s\n".formatted(file.length(), file.digest(), file.path()));
        }
        for (Range range : ranges) {
            text.append("segment %s %d %d %s %s\n"
                    .formatted(range.segment(), range.from(), range.length(), range.digest(), range.file()));
        }
        return text + "end " + digest(text.toString()) + "\n";
    }

    /// @throws IOException where the file is no manifest, or not as it was written
    static BackupManifest read(Path file) throws IOException {
        String text = Files.readString(file);
        int end = text.lastIndexOf("end ");
        if (!text.startsWith(FIRST + "\n") || end < 0) {
            throw new IOException(file + " is no manifest of a backup that this version knows");
        }
        if (!text.substring(end).strip().equals("end " + digest(text.substring(0, end)))) {
            throw new IOException(file + " is damaged: its digest does not match");
        }
        Instant time = Instant.EPOCH;
        List<Stored> files = new ArrayList<>();
        List<Range> ranges = new ArrayList<>();
        try {
            for (String line : text.substring(0, end).lines().toList()) {
                String[] words = line.split(" ", line.startsWith("segment ") ? 6 : 4);
                switch (words[0]) {
                    case "time" -> time = Instant.parse(words[1]);
                    case "file" -> files.add(new Stored(Long.parseLong(words[1]), words[2], words[3]));
                    case "segment" ->
                        ranges.add(new Range(
                                words[1], Long.parseLong(words[2]), Long.parseLong(words[3]), words[4], words[5]));
                    default -> {} // the first line
                }
            }
        } catch (DateTimeParseException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException(file + " is damaged: " + e.getMessage(), e);
        }
        return new BackupManifest(time, files, ranges);
    }
}
