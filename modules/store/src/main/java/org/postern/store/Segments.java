package org.postern.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Blobs in append-only segment files, `blobs/<node>-<number>.segment`, as [SegmentRecord]s.
///
/// Records are only ever added; a torn one at the end of a file is passed over by going on in a new file. What arrives
/// and what compaction moves are appended to files of their own. Numbers are not used twice: the highest file stays.
/// Reads and writes are positional, on shared channels: no thread that uses them may be interrupted.
final class Segments implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("(\\d+)-(\\d+)\\.segment");
    /// Records up to this size are written with one call, and compressed before their place is chosen.
    private static final int AT_ONCE = 2 * SegmentRecord.BLOCK;
    /// So many records of the first format are remembered to be whole, so that reading them in parts stays cheap.
    private static final int REMEMBERED = 1000;

    /// Where the octets of a new blob come from.
    interface Source {
        InputStream open() throws IOException;
    }

    /// Whose blob it is: each appends to a file of its own.
    enum Purpose {
        ARRIVAL,
        COMPACTION
    }

    /// A blob that was just appended. Its segment is not compacted before it is released.
    ///
    /// @param stored octets that its record takes
    record Placed(BlobReference blob, long stored) {}

    /// A file that nothing is appended to any more.
    record Sealed(int number, long octets) {}

    private static final class Segment {
        private final int number;
        private @Nullable FileChannel channel;
        private int readers;
        private int placed;
        private boolean dirty;
        private boolean deleted;

        Segment(int number) {
            this.number = number;
        }
    }

    private static final class Head {
        private @Nullable Segment segment;
        private long end;
    }

    private final Path directory;
    private final int node;
    private final SegmentSettings settings;
    private final Disk disk;
    // guarded by this
    private final Map<Integer, Segment> segments = new TreeMap<>();
    private final Map<Purpose, Head> heads = Map.of(Purpose.ARRIVAL, new Head(), Purpose.COMPACTION, new Head());
    private int highest;
    private int holds;
    private final UnderWay appends = new UnderWay();
    private final Set<Path> condemned = new HashSet<>();

    private final Set<BlobReference> whole =
            Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<BlobReference, Boolean> eldest) {
                    return size() > REMEMBERED;
                }
            }));

    Segments(Path directory, int node) throws IOException {
        this(directory, node, SegmentSettings.DEFAULT, Disk.LOCAL);
    }

    Segments(Path directory, int node, SegmentSettings settings, Disk disk) throws IOException {
        this.directory = directory;
        this.node = node;
        this.settings = settings;
        this.disk = disk;
        disk.createDirectories(directory);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches() && Integer.parseInt(name.group(1)) == node) {
                    int number = Integer.parseInt(name.group(2));
                    // What the last process left unfinished stays as it is: this one begins files of its own.
                    segments.put(number, new Segment(number));
                    highest = Math.max(highest, number);
                }
            }
        }
    }

    /// Appends the spool's octets; durable after the next [#force].
    Placed append(MessageSpool spool) throws IOException {
        return append(Purpose.ARRIVAL, spool.size(), spool::open);
    }

    /// Appends so many octets; durable after the next [#force]. To be [released][#release] when a row names it, or
    /// never will.
    Placed append(Purpose purpose, long length, Source source) throws IOException {
        try (UnderWay.Work _ = appends.begin();
                InputStream in = source.open()) {
            return length <= AT_ONCE ? appendAtOnce(purpose, length, in) : appendInBlocks(purpose, length, in);
        }
    }

    private Placed appendAtOnce(Purpose purpose, long length, InputStream in) throws IOException {
        int overhead = SegmentRecord.overhead(length);
        var table = new SegmentRecord.Table(length);
        ByteBuffer record = ByteBuffer.allocate(overhead + (int) length).position(overhead);
        byte[] block = new byte[(int) Math.min(length, SegmentRecord.BLOCK)];
        for (long left = length; left > 0; left -= block.length) {
            int count = (int) Math.min(left, block.length);
            requireFull(in, block, count);
            record.put(table.add(block, count, settings.compress()));
        }
        requireEnd(in);
        int stored = record.position();
        record.flip().put(table.finish(stored)).position(0).limit(stored);
        Space space = reserve(purpose, stored);
        try {
            write(space.channel(), record, space.position());
            return placed(space, length, stored);
        } catch (IOException | RuntimeException e) {
            giveBack(space, space.position());
            throw e;
        }
    }

    private Placed appendInBlocks(Purpose purpose, long length, InputStream in) throws IOException {
        int overhead = SegmentRecord.overhead(length);
        Space space = reserve(purpose, overhead + length);
        try {
            var table = new SegmentRecord.Table(length);
            byte[] block = new byte[SegmentRecord.BLOCK];
            long at = space.position() + overhead;
            for (long left = length; left > 0; left -= block.length) {
                int count = (int) Math.min(left, block.length);
                requireFull(in, block, count);
                ByteBuffer stored = table.add(block, count, settings.compress());
                int size = stored.remaining();
                write(space.channel(), stored, at);
                at += size;
            }
            requireEnd(in);
            // what compression has saved is given back, unless somebody has begun behind it
            long end = giveBack(space, at) ? at : space.position() + space.octets();
            write(space.channel(), table.finish(end - space.position()), space.position());
            return placed(space, length, end - space.position());
        } catch (IOException | RuntimeException e) {
            giveBack(space, space.position());
            throw e;
        }
    }

    private static void requireFull(InputStream in, byte[] block, int count) throws IOException {
        if (in.readNBytes(block, 0, count) < count) {
            throw changed();
        }
    }

    private static void requireEnd(InputStream in) throws IOException {
        if (in.read() >= 0) {
            throw changed();
        }
    }

    private static IOException changed() {
        return new IOException("the spool changed while it was stored");
    }

    private record Space(Head head, Segment segment, FileChannel channel, long position, long octets) {}

    private synchronized Space reserve(Purpose purpose, long octets) throws IOException {
        Head head = heads.get(purpose);
        if (head == null) {
            throw new IllegalStateException("nobody appends for " + purpose);
        }
        Segment segment = head.segment;
        if (segment == null || (head.end > 0 && head.end + octets > settings.octets())) {
            segment = roll();
            head.segment = segment;
            head.end = 0;
        }
        var space = new Space(head, segment, channel(segment), head.end, octets);
        head.end += octets;
        segment.placed++;
        return space;
    }

    /// True if the space ends there now. While somebody holds the segments it does not: what a backup has copied stays.
    private synchronized boolean giveBack(Space space, long end) {
        boolean last = space.head().segment == space.segment() && space.head().end == space.position() + space.octets();
        if (last) {
            space.head().end = end;
        }
        if (end == space.position()) {
            space.segment().placed--;
        }
        return last;
    }

    private synchronized Placed placed(Space space, long length, long stored) {
        space.segment().dirty = true;
        return new Placed(
                new BlobReference(node, space.segment().number, space.position() + SegmentRecord.HEADER, length),
                stored);
    }

    /// A row names the blob now, or none ever will.
    synchronized void release(BlobReference blob) {
        Segment segment = segments.get(blob.segment());
        if (segment != null) {
            segment.placed--;
        }
    }

    private static void write(FileChannel channel, ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            at += channel.write(buffer, at);
        }
    }

    private Segment roll() throws IOException {
        var segment = new Segment(highest + 1);
        Path file = path(segment.number);
        FileChannel channel = disk.create(file);
        try {
            disk.force(directory); // the file's name must be as durable as what is in it
        } catch (IOException e) {
            channel.close();
            disk.delete(file);
            throw e;
        }
        highest = segment.number;
        segment.channel = channel;
        segments.put(segment.number, segment);
        return segment;
    }

    /// @param segment as its file is named: `1-17`
    Path path(String segment) {
        return directory.resolve(segment + ".segment");
    }

    /// How long each segment's file is, by the name of the segment: up to there nothing is written any more. Waits for
    /// the appends that are under way now. To be called while a hold is open: then no append gives space back.
    Map<String, Long> settledSizes() throws IOException {
        Map<String, Long> growing = new TreeMap<>();
        Map<String, Long> sizes = new TreeMap<>();
        List<Path> files;
        synchronized (this) { // a file that is begun later is none of these
            for (Head head : heads.values()) {
                if (head.segment != null) {
                    growing.put(node + "-" + head.segment.number, head.end);
                }
            }
            try (Stream<Path> all = Files.list(directory)) {
                files = all.toList();
            }
        }
        appends.await();
        for (Path file : files) {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches()) {
                String segment = name.group(1) + "-" + name.group(2);
                sizes.put(segment, Math.min(Files.size(file), growing.getOrDefault(segment, Long.MAX_VALUE)));
            }
        }
        return sizes;
    }

    private Path path(int segment) {
        return directory.resolve(node + "-" + segment + ".segment");
    }

    private FileChannel channel(Segment segment) throws IOException {
        FileChannel open = segment.channel;
        if (open == null || !open.isOpen()) {
            Path file = path(segment.number);
            if (!Files.exists(file)) {
                throw new NoSuchFileException(file.toString(), null, "the segment file is missing");
            }
            boolean head = heads.values().stream().anyMatch(each -> each.segment == segment);
            open = disk.open(file, head);
            segment.channel = open;
        }
        return open;
    }

    /// Makes durable all that was appended before this call.
    void force() {
        List<FileChannel> channels = new ArrayList<>();
        try {
            synchronized (this) {
                for (Segment segment : segments.values()) {
                    if (segment.dirty) {
                        channels.add(channel(segment));
                        segment.dirty = false;
                    }
                }
            }
            for (FileChannel channel : channels) {
                channel.force(false);
            }
        } catch (IOException e) {
            throw new StoreFailure(e);
        }
    }

    /// The blob's octets from `offset` on, at most `length`; nothing before them is read. They have been compared with
    /// their checksums when this returns, so that damage is known before a reply begins.
    /// @throws IOException naming segment and position where the blob is damaged
    InputStream open(BlobReference blob, long offset, long length) throws IOException {
        long from = Math.clamp(offset, 0, blob.length());
        long to = Math.min(blob.length(), from + Math.max(0, length));
        Segment segment = read(blob);
        try {
            FileChannel channel = channelOf(segment);
            SegmentRecord.Layout layout = SegmentRecord.layout(channel, blob);
            if (layout.isFirstFormat()) {
                if (!whole.contains(blob)) {
                    layout.verifyWhole(channel);
                    whole.add(blob);
                }
            } else if (from < to) {
                layout.verify(channel, (int) (from / SegmentRecord.BLOCK), SegmentRecord.blocks(to));
            }
            return new BlobStream(layout, channel, from, to, () -> endRead(segment));
        } catch (IOException | RuntimeException e) {
            endRead(segment);
            throw e;
        }
    }

    private synchronized FileChannel channelOf(Segment segment) throws IOException {
        return channel(segment);
    }

    private synchronized Segment read(BlobReference blob) throws IOException {
        Segment segment = segments.get(blob.segment());
        if (segment == null) {
            throw new NoSuchFileException(path(blob.segment()).toString(), null, "the segment file is missing");
        }
        segment.readers++;
        return segment;
    }

    private synchronized void endRead(Segment segment) {
        segment.readers--;
        closeDeleted(segment);
    }

    /// Reads the whole record and compares it with its checksums.
    /// @throws IOException naming segment and position where they differ
    void verify(BlobReference blob) throws IOException {
        Segment segment = read(blob);
        try {
            FileChannel channel = channelOf(segment);
            SegmentRecord.Layout layout = SegmentRecord.layout(channel, blob);
            if (layout.isFirstFormat()) {
                layout.verifyWhole(channel);
            } else {
                layout.verify(channel, 0, SegmentRecord.blocks(blob.length()));
            }
        } finally {
            endRead(segment);
        }
    }

    /// The files that nothing is appended to any more, and of which every blob has its row or never will.
    synchronized List<Sealed> sealed() throws IOException {
        List<Sealed> sealed = new ArrayList<>();
        for (Segment segment : segments.values()) {
            boolean head = heads.values().stream().anyMatch(each -> each.segment == segment);
            Path file = path(segment.number);
            if (!head && segment.placed == 0 && segment.number != highest && Files.exists(file)) {
                sealed.add(new Sealed(segment.number, Files.size(file)));
            }
        }
        return sealed;
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
    /// find one that does. Who reads in it reads on.
    synchronized void delete(int number) throws IOException {
        Segment segment = segments.remove(number);
        if (segment != null) {
            segment.deleted = true;
            closeDeleted(segment);
        }
        condemned.add(path(number));
        deleteCondemned();
    }

    private void closeDeleted(Segment segment) {
        if (segment.deleted && segment.readers == 0 && segment.channel != null) {
            try {
                segment.channel.close();
            } catch (IOException e) {
                throw new StoreFailure(e);
            }
        }
    }

    private void deleteCondemned() throws IOException {
        if (holds == 0) {
            for (Path file : List.copyOf(condemned)) {
                disk.delete(file);
                condemned.remove(file);
            }
        }
    }

    @Override
    public synchronized void close() throws IOException {
        for (Segment segment : segments.values()) {
            if (segment.channel != null) {
                segment.channel.close();
                segment.channel = null;
            }
        }
    }
}
