package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
/// H2 appends a chunk with each checkpoint, in one write, and looks for the newest whole one when it opens; whole is
/// for
/// it what has its header and its footer. But a disk writes sectors, in any order: after a power cut both may be there
/// and what is between them not. So the checksum goes into the header, in the blanks that H2 keeps there, and a
/// chunk that does not match it is not shown: H2 goes back to the one before, which is the last that was acknowledged.
/// Chunks without a checksum, of an older Postern, are passed on as they are.
public final class ChunkChecks extends FilePathWrapper {
    static final String SCHEME = "checked";

    private static final Logger LOG = LoggerFactory.getLogger(ChunkChecks.class);
    private static final int BLOCK = 4096;
    /// H2 reads so much to look at a header.
    private static final int HEADER = 1024;

    private static final Pattern START = Pattern.compile("chunk:[0-9a-f]+,len:([0-9a-f]+),[^\n]*");
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

    // Reads and writes are positional: they need no lock, and must not wait for each other.
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    private static final class Channel extends FileBaseDefault {
        private final FileChannel file;
        private final String name;
        private final Patience patience;

        Channel(FileChannel file, String name, Patience patience) {
            this.file = file;
            this.name = name;
            this.patience = patience;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            if (position % BLOCK == 0 && source.remaining() % BLOCK == 0) {
                String header = header(source);
                Matcher start = START.matcher(header);
                int mark = header.stripTrailing().length();
                if (start.matches()
                        && Long.parseLong(start.group(1), 16) * BLOCK == source.remaining()
                        && !header.contains(MARK)
                        && header.length() - mark >= MARKED) {
                    String checksum = checksum(source, mark);
                    source.duplicate().position(source.position() + mark).put((MARK + checksum).getBytes(ISO_8859_1));
                }
            }
            return patience.write(() -> file.write(source, position));
        }

        @Override
        public int read(ByteBuffer destination, long position) throws IOException {
            ByteBuffer read = destination.duplicate();
            int count = file.read(destination, position);
            if (count >= HEADER && position % BLOCK == 0) {
                String header = header(read.limit(read.position() + count));
                Matcher start = START.matcher(header);
                int mark = header.indexOf(MARK);
                if (mark > 0
                        && start.matches()
                        && !matches(position, Long.parseLong(start.group(1), 16) * BLOCK, mark, header)) {
                    LOG.warn("{}: what was written at {} is not whole, and is not taken into account", name, position);
                    read.put(new byte[HEADER]);
                }
            }
            return count;
        }

        /// A chunk larger than can be is no chunk.
        private boolean matches(long position, long length, int mark, String header) throws IOException {
            if (length > file.size() - position || length > Integer.MAX_VALUE) {
                return false;
            }
            ByteBuffer chunk = ByteBuffer.allocate((int) length);
            while (chunk.hasRemaining()) {
                if (file.read(chunk, position + chunk.position()) <= 0) {
                    return false;
                }
            }
            return header.startsWith(checksum(chunk.flip(), mark), mark + MARK.length());
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        protected void implTruncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            file.force(metadata);
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
