package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// H2's database file, `checked:` and the name of the file, with a checksum over each of its chunks.
///
/// H2 writes a chunk with each checkpoint, in one write, and looks for the newest whole one when it opens; whole is
/// for it what has its header and its footer. But a disk writes sectors, in any order: after a power cut both may be
/// there and what is between them not. So the checksum goes into the header, in the blanks that H2 keeps there, and a
/// chunk that does not match it is not shown. Which chunk is the newest, H2 is told by [HeaderBlocks].
/// Chunks without a checksum, of an older Postern, are passed on as they are.
public final class ChunkChecks extends FilePathWrapper {
    static final String SCHEME = "checked";

    private static final Logger LOG = LoggerFactory.getLogger(ChunkChecks.class);
    private static final int BLOCK = 4096;
    /// H2 reads so much to look at a header.
    private static final int HEADER = 1024;

    private static final Pattern START = Pattern.compile("chunk:([0-9a-f]+),len:([0-9a-f]+),[^\n]*");
    private static final Pattern VERSION = Pattern.compile(",version:([0-9a-f]+)[ ,]");
    private static final String MARK = ",crc:";
    private static final int MARKED = MARK.length() + 8;
    private static final Map<Path, Patience> PATIENCE = new ConcurrentHashMap<>();

    /// For H2, which makes one for each name.
    public ChunkChecks() {}

    /// To be called before the file is opened.
    static Patience register(Path file) {
        FilePath.register(new ChunkChecks());
        return PATIENCE.computeIfAbsent(file, Patience::new);
    }

    /// The file is closed.
    static void forget(Path file) {
        PATIENCE.remove(file);
    }

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public FileChannel open(String mode) throws IOException {
        String name = getBase().toString();
        Path file = Path.of(name.substring(Math.max(0, name.indexOf('/'))));
        return new Channel(getBase().open(mode), name, register(file));
    }

    /// The text of the chunk header at the buffer's position; empty if there is none.
    private static String header(ByteBuffer at) {
        ByteBuffer start = at.duplicate();
        byte[] octets = new byte[Math.min(start.remaining(), HEADER)];
        start.get(octets);
        for (int index = 0; index < octets.length; index++) {
            if (octets[index] == '\n') {
                return new String(octets, 0, index, ISO_8859_1);
            }
        }
        return "";
    }

    /// The checksum of a chunk; blanks count where the checksum itself stands.
    private static String checksum(ByteBuffer chunk, int mark) {
        var checksum = new CRC32C();
        checksum.update(chunk.duplicate().limit(chunk.position() + mark));
        checksum.update(" ".repeat(MARKED).getBytes(ISO_8859_1));
        checksum.update(chunk.duplicate().position(chunk.position() + mark + MARKED));
        return HexFormat.of().toHexDigits((int) checksum.getValue());
    }

    private static boolean readFully(FileChannel file, ByteBuffer into, long position) throws IOException {
        while (into.hasRemaining()) {
            if (file.read(into, position + into.position()) <= 0) {
                return false;
            }
        }
        into.flip();
        return true;
    }

    /// True if the chunk is at its place, and matches its checksum if it has one.
    static boolean isWhole(FileChannel file, DatabaseHeader.Named chunk) throws IOException {
        long position = chunk.block() * BLOCK;
        ByteBuffer start = ByteBuffer.allocate(HEADER);
        if (position + HEADER > file.size() || !readFully(file, start, position)) {
            return false;
        }
        String header = header(start);
        int mark = header.indexOf(MARK);
        return named(header, position).equals(Optional.of(chunk))
                && (mark < 0 || matches(file, position, mark, header));
    }

    /// The chunk that a header is of; empty if it is none.
    private static Optional<DatabaseHeader.Named> named(String header, long position) {
        Matcher start = START.matcher(header);
        Matcher version = VERSION.matcher(header);
        return start.matches() && version.find()
                ? Optional.of(new DatabaseHeader.Named(
                        HexFormat.fromHexDigits(start.group(1)),
                        position / BLOCK,
                        HexFormat.fromHexDigitsToLong(version.group(1))))
                : Optional.empty();
    }

    /// In octets.
    private static long length(String header) {
        Matcher start = START.matcher(header);
        return start.matches() ? Long.parseLong(start.group(2), 16) * BLOCK : -1;
    }

    /// A chunk longer than can be is no chunk.
    private static boolean matches(FileChannel file, long position, int mark, String header) throws IOException {
        long length = length(header);
        if (length < 0 || length > file.size() - position || length > Integer.MAX_VALUE) {
            return false;
        }
        ByteBuffer chunk = ByteBuffer.allocate((int) length);
        return readFully(file, chunk, position) && header.startsWith(checksum(chunk, mark), mark + MARK.length());
    }

    /// Reads are positional: they need no lock, and wait for nobody.
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    private static final class Channel extends FileBaseDefault {
        private final FileChannel file;
        private final String name;
        private final Patience patience;
        private final HeaderBlocks blocks;
        /// No version is written while one is being forced: it would be named in the block that names that one.
        private final ReentrantLock writing = new ReentrantLock();

        Channel(FileChannel file, String name, Patience patience) {
            this.file = file;
            this.name = name;
            this.patience = patience;
            this.blocks = new HeaderBlocks(file, patience);
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            writing.lock();
            try {
                blocks.beforeWrite();
                int length = source.remaining();
                if (position == 0 && length == 2 * BLOCK) {
                    blocks.write(source);
                    source.position(source.limit());
                    return length;
                }
                String header = position % BLOCK == 0 && length % BLOCK == 0 ? header(source) : "";
                Optional<DatabaseHeader.Named> chunk =
                        length(header) == length ? named(header, position) : Optional.empty();
                if (chunk.isEmpty()) {
                    return patience.write(() -> file.write(source, position));
                }
                return write(source, position, header, chunk.get());
            } finally {
                writing.unlock();
            }
        }

        private int write(ByteBuffer source, long position, String header, DatabaseHeader.Named chunk)
                throws IOException {
            boolean marked = header.contains(MARK);
            int mark = header.stripTrailing().length();
            if (!marked && header.length() - mark >= MARKED) {
                String checksum = checksum(source, mark);
                source.duplicate().position(source.position() + mark).put((MARK + checksum).getBytes(ISO_8859_1));
            }
            if (marked || !blocks.isNew(chunk.version())) {
                blocks.moved();
                return patience.write(() -> file.write(source, position));
            }
            blocks.beforeVersion();
            int length = source.remaining();
            int checksum = HeaderBlocks.checksum(source);
            while (source.hasRemaining()) {
                long at = position + length - source.remaining();
                patience.write(() -> file.write(source, at));
            }
            blocks.written(chunk, length / BLOCK, checksum);
            return length;
        }

        @Override
        public int read(ByteBuffer destination, long position) throws IOException {
            ByteBuffer read = destination.duplicate();
            int count = file.read(destination, position);
            if (position == 0 && count >= 2 * BLOCK) {
                showHeaders(read);
            } else if (count >= HEADER && position % BLOCK == 0) {
                String header = header(read.limit(read.position() + count));
                int mark = header.indexOf(MARK);
                if (mark > 0 && length(header) > 0 && !matches(file, position, mark, header)) {
                    LOG.warn("{}: what was written at {} is not whole, and is not taken into account", name, position);
                    read.put(new byte[HEADER]);
                }
            }
            return count;
        }

        private void showHeaders(ByteBuffer destination) throws IOException {
            writing.lock();
            try {
                ByteBuffer shown = blocks.shown();
                if (shown != null) {
                    destination.put(shown);
                }
            } finally {
                writing.unlock();
            }
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        protected void implTruncate(long size) throws IOException {
            writing.lock();
            try {
                blocks.beforeWrite();
                file.truncate(size);
            } finally {
                writing.unlock();
            }
        }

        @Override
        public void force(boolean metadata) throws IOException {
            writing.lock();
            try {
                blocks.force();
            } finally {
                writing.unlock();
            }
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return file.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            file.close();
        }
    }
}
