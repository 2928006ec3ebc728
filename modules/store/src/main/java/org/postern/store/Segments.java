package org.postern.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// Blobs in append-only segment files: `blobs/<node>-<number>.segment`.
///
/// A record is: 4 octets magic, 8 octets length, 4 octets CRC-32C of the payload, 4 octets CRC-32C of these 16, then
/// the payload. Records are only ever added; a torn one at the end of a file is passed over by going on in a new file.
/// Reads and writes are positional, on shared channels: no thread that uses them may be interrupted.
final class Segments implements AutoCloseable {
    private static final int MAGIC = 0x504f5354; // "POST"
    static final int HEADER = 20;
    private static final long ROLL_AT = 256L * 1024 * 1024;
    private static final Pattern NAME = Pattern.compile("(\\d+)-(\\d+)\\.segment");

    private final Path directory;
    private final int node;
    private final long rollAt;
    // guarded by this
    private final Map<Integer, FileChannel> channels = new HashMap<>();
    private final Set<Integer> dirty = new HashSet<>();
    private int current;
    private long end;
    private int holds;
    private final UnderWay appends = new UnderWay();
    private final Set<Path> condemned = new HashSet<>();

    Segments(Path directory, int node) throws IOException {
        this(directory, node, ROLL_AT);
    }

    Segments(Path directory, int node, long rollAt) throws IOException {
        this.directory = directory;
        this.node = node;
        this.rollAt = rollAt;
        Files.createDirectories(directory);
        int highest = 0;
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches() && Integer.parseInt(name.group(1)) == node) {
                    highest = Math.max(highest, Integer.parseInt(name.group(2)));
                }
            }
        }
        // What the last process left unfinished stays as it is: this one begins a file of its own.
        current = highest;
        end = rollAt;
    }

    /// Appends the spool's octets; durable after the next [#force].
    BlobReference append(FileSpool spool) throws IOException {
        try (UnderWay.Work _ = appends.begin()) {
            return write(spool);
        }
    }

    private BlobReference write(FileSpool spool) throws IOException {
        long length = spool.size();
        int segment;
        long position;
        FileChannel channel;
        synchronized (this) {
            if (end + HEADER + length > rollAt && end > 0) {
                roll();
            }
            segment = current;
            position = end;
            end += HEADER + length;
            channel = channel(segment);
        }
        long payload = position + HEADER;
        var checksum = new CRC32C();
        byte[] buffer = new byte[Math.clamp(length, 1, 64 * 1024)];
        long at = payload;
        try (InputStream in = spool.open()) {
            for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
                write(channel, ByteBuffer.wrap(buffer, 0, count), at);
                at += count;
            }
        }
        if (at != payload + length) {
            throw new IOException("the spool changed while it was stored");
        }
        write(channel, header(length, (int) checksum.getValue()), position);
        synchronized (this) {
            dirty.add(segment);
        }
        return new BlobReference(node, segment, payload, length);
    }

    private static ByteBuffer header(long length, int checksum) {
        ByteBuffer header =
                ByteBuffer.allocate(HEADER).putInt(MAGIC).putLong(length).putInt(checksum);
        var own = new CRC32C();
        own.update(header.array(), 0, HEADER - 4);
        return header.putInt((int) own.getValue()).flip();
    }

    private static void write(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
    }

    private void roll() throws IOException {
        current++;
        end = rollAt; // until the file's name is durable too: a failure below leaves the next append to try again
        channels.put(
                current,
                FileChannel.open(
                        path(node, current),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE));
        // the file's name must be as durable as what is in it
        try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
            folder.force(true);
        }
        end = 0;
    }

    /// @param segment as its file is named: `1-17`
    Path path(String segment) {
        return directory.resolve(segment + ".segment");
    }

    /// How long each segment's file is, by the name of the segment: up to there nothing is written any more. Waits for
    /// the appends that are under way now.
    Map<String, Long> settledSizes() throws IOException {
        String growing;
        long reserved;
        Map<String, Long> sizes = new TreeMap<>();
        List<Path> files;
        synchronized (this) { // a file that is begun later is none of these
            growing = node + "-" + current;
            reserved = end;
            try (Stream<Path> all = Files.list(directory)) {
                files = all.toList();
            }
        }
        appends.await();
        for (Path file : files) {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches()) {
                String segment = name.group(1) + "-" + name.group(2);
                long size = Files.size(file);
                // the last file of an earlier process does not grow: then `end` says that the next append begins one
                boolean grows = segment.equals(growing) && reserved != rollAt;
                sizes.put(segment, grows ? Math.min(size, reserved) : size);
            }
        }
        return sizes;
    }

    private Path path(int ofNode, int segment) {
        return directory.resolve(ofNode + "-" + segment + ".segment");
    }

    private synchronized FileChannel channel(int segment) throws IOException {
        FileChannel open = channels.get(segment);
        if (open == null || !open.isOpen()) {
            Path file = path(node, segment);
            if (!Files.exists(file)) {
                throw new IOException("segment file is missing: " + file);
            }
            open = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            channels.put(segment, open);
        }
        return open;
    }

    /// Makes durable all that was appended before this call.
    void force() {
        Set<Integer> segments;
        synchronized (this) {
            segments = new HashSet<>(dirty);
            dirty.clear();
        }
        try {
            for (int segment : segments) {
                channel(segment).force(false);
            }
        } catch (IOException e) {
            throw new StoreFailure(e);
        }
    }

    /// The blob's octets from `offset` on, at most `length`; nothing before them is read.
    InputStream open(BlobReference blob, long offset, long length) throws IOException {
        long from = Math.clamp(offset, 0, blob.length());
        long to = Math.min(blob.length(), from + Math.max(0, length));
        return new RangeStream(channel(blob.segment()), blob, from, to);
    }

    /// Reads the whole record and compares it with its checksums.
    /// @throws IOException naming segment and position where they differ
    void verify(BlobReference blob) throws IOException {
        FileChannel channel = channel(blob.segment());
        ByteBuffer header = ByteBuffer.allocate(HEADER);
        readFully(channel, header, blob.position() - HEADER, blob);
        header.flip();
        var own = new CRC32C();
        own.update(header.array(), 0, HEADER - 4);
        if (header.getInt() != MAGIC
                || header.getLong() != blob.length()
                || header.getInt(HEADER - 4) != (int) own.getValue()) {
            throw damaged(blob, "its header does not match");
        }
        int expected = header.getInt();
        var checksum = new CRC32C();
        try (InputStream in = open(blob, 0, blob.length())) {
            byte[] buffer = new byte[64 * 1024];
            for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
                checksum.update(buffer, 0, count);
            }
        }
        if ((int) checksum.getValue() != expected) {
            throw damaged(blob, "its checksum does not match");
        }
    }

    private static void readFully(FileChannel channel, ByteBuffer into, long position, BlobReference blob)
            throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count < 0) {
                throw damaged(blob, "the file ends before it");
            }
            at += count;
        }
    }

    /// While one is open no segment file is deleted: a copy of the database made meanwhile, and the files that its rows
    /// name, belong together. Whoever copies takes it before it copies the database. Files only grow meanwhile.
    final class Hold implements AutoCloseable {
        private boolean closed; // guarded by Segments.this

        private Hold() {}

        @Override
        public void close() throws IOException {
            synchronized (Segments.this) {
                if (!closed) {
                    closed = true;
                    holds--;
                    deleteCondemned();
                }
            }
        }
    }

    synchronized Hold hold() {
        holds++;
        return new Hold();
    }

    /// Deletes the segment's file, once nobody holds the segments. No row may name it any more, nor may the next start
    /// find one that does.
    synchronized void delete(int segment) throws IOException {
        condemned.add(path(node, segment));
        deleteCondemned();
    }

    private void deleteCondemned() throws IOException {
        if (holds == 0) {
            for (Path file : List.copyOf(condemned)) {
                Files.deleteIfExists(file);
                condemned.remove(file);
            }
        }
    }

    private static IOException damaged(BlobReference blob, String how) {
        return new IOException("blob in segment " + blob.node() + "-" + blob.segment() + " at " + blob.position()
                + " is damaged: " + how);
    }

    @Override
    public synchronized void close() throws IOException {
        for (FileChannel channel : channels.values()) {
            channel.close();
        }
        channels.clear();
    }

    /// A range of a blob, read a buffer at a time from its place in the file.
    private static final class RangeStream extends InputStream {
        /// The JDK copies each read through native memory of the same size.
        private static final int MOST_AT_ONCE = 64 * 1024;

        private final FileChannel channel;
        private final BlobReference blob;
        private final long end;
        private long position;

        RangeStream(FileChannel channel, BlobReference blob, long from, long to) {
            this.channel = channel;
            this.blob = blob;
            this.position = blob.position() + from;
            this.end = blob.position() + to;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (position >= end) {
                return -1;
            }
            int most = (int) Math.min(Math.min(length, MOST_AT_ONCE), end - position);
            int count = channel.read(ByteBuffer.wrap(into, offset, most), position);
            if (count <= 0) {
                throw damaged(blob, "the file ends inside it");
            }
            position += count;
            return count;
        }

        @Override
        public long skip(long count) {
            long skipped = Math.clamp(count, 0, end - position);
            position += skipped;
            return skipped;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, end - position);
        }
    }
}
