package org.postern.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The two header blocks of the database file: one names the newest version that was forced, the other the newest that
/// was written.
///
/// H2 writes both at once and only now and then, and after a crash it goes from the chunk that the header names to the
/// next and the next. Space between them may have been used again, in the very write that is torn: then the way to the
/// newest version is broken, and H2 opens an older one, or one that was lost before and stands in the file still. So
/// each version is named when it is written, in the block that is not needed; a force makes the blocks change places.
/// After a crash H2 is shown the newest of the two whose chunk is whole, as if the file had been closed in order, and
/// follows nothing.
///
/// Not safe for threads: its owner sees to that no version is written while one is being forced.
final class HeaderBlocks {
    private static final int BLOCK = DatabaseHeader.BLOCK;
    private static final int SECTOR = 512;
    /// No more versions than this wait to be forced. See [Database#VERSIONS_KEPT].
    static final int UNFORCED = 16;

    private final FileChannel file;
    private final Patience patience;
    private boolean examined;
    private @Nullable ByteBuffer shown;
    private boolean forceFirst;
    /// The block that a crash leads to if the other is torn.
    private int durable;

    private boolean otherWritten;
    private long version = -1;
    private Map<String, String> attributes = new TreeMap<>();
    private boolean movedUnforced;
    private final List<DatabaseHeader.Written> unforced = new ArrayList<>();
    private final int[] lengths = {BLOCK, BLOCK};

    HeaderBlocks(FileChannel file, Patience patience) {
        this.file = file;
        this.patience = patience;
    }

    /// What H2 is to read in their place; null for what is there.
    @Nullable
    ByteBuffer shown() throws IOException {
        examine();
        return shown == null ? null : shown.duplicate();
    }

    private void examine() throws IOException {
        if (examined) {
            return;
        }
        examined = true;
        if (file.size() < 2 * BLOCK) {
            return;
        }
        List<Optional<DatabaseHeader>> headers = List.of(read(0), read(1));
        List<Integer> newestFirst =
                versionOf(headers.get(0)) < versionOf(headers.get(1)) ? List.of(1, 0) : List.of(0, 1);
        durable = newestFirst.getFirst();
        attributes = headers.get(durable).map(DatabaseHeader::attributes).orElse(attributes);
        forceFirst = true;
        for (int block : newestFirst) {
            Optional<DatabaseHeader> header = headers.get(block);
            if (header.isPresent() && isWhole(header.get())) {
                durable = block;
                version = versionOf(header);
                attributes = header.get().attributes();
                if (header.get().clean() || header.get().unforced().isPresent()) {
                    byte[] octets = header.get().asClean().octets();
                    shown = ByteBuffer.allocate(2 * BLOCK)
                            .put(0, octets)
                            .put(BLOCK, octets)
                            .asReadOnlyBuffer();
                    forceFirst = !headers.get(0).equals(headers.get(1))
                            || !header.get().clean();
                }
                return;
            }
        }
    }

    private static long versionOf(Optional<DatabaseHeader> header) {
        return header.flatMap(DatabaseHeader::chunk)
                .map(DatabaseHeader.Named::version)
                .orElse(-1L);
    }

    private Optional<DatabaseHeader> read(int block) throws IOException {
        ByteBuffer octets = ByteBuffer.allocate(BLOCK);
        return readFully(octets, (long) block * BLOCK) ? DatabaseHeader.parse(octets.array()) : Optional.empty();
    }

    private boolean readFully(ByteBuffer into, long position) throws IOException {
        while (into.hasRemaining()) {
            if (file.read(into, position + into.position()) <= 0) {
                return false;
            }
        }
        into.flip();
        return true;
    }

    /// True if what the header names is there.
    private boolean isWhole(DatabaseHeader header) throws IOException {
        if (header.chunk().isEmpty()) {
            return false;
        }
        if (header.unforced().isEmpty()) { // of H2 itself
            return ChunkChecks.isWhole(file, header.chunk().get());
        }
        for (DatabaseHeader.Written each : header.unforced().get()) {
            long position = each.block() * BLOCK;
            long length = (long) each.blocks() * BLOCK;
            if (position + length > file.size() || length > Integer.MAX_VALUE) {
                return false;
            }
            ByteBuffer octets = ByteBuffer.allocate((int) length);
            if (!readFully(octets, position) || checksum(octets) != each.checksum()) {
                return false;
            }
        }
        return true;
    }

    static int checksum(ByteBuffer octets) {
        var checksum = new CRC32C();
        checksum.update(octets.duplicate());
        return (int) checksum.getValue();
    }

    /// To be called before anything is written.
    void beforeWrite() throws IOException {
        examine();
        shown = null;
        if (forceFirst) { // what a killed process has left is in the kernel, and perhaps not yet on the disk
            forceFirst = false;
            file.force(true);
        }
    }

    /// True for a chunk that is newer than all before; others are moved.
    boolean isNew(long chunkVersion) {
        return chunkVersion > version;
    }

    /// A chunk was written to another place. No version may name that before it is forced.
    void moved() {
        movedUnforced = true;
    }

    /// To be called before a new version is written.
    void beforeVersion() throws IOException {
        if (movedUnforced || unforced.size() >= UNFORCED) {
            force();
        }
    }

    /// A new version was written.
    void written(DatabaseHeader.Named chunk, int blocks, int checksum) throws IOException {
        unforced.add(new DatabaseHeader.Written(chunk.block(), blocks, checksum));
        name(chunk);
    }

    private void name(DatabaseHeader.Named chunk) throws IOException {
        var header = new DatabaseHeader(attributes, Optional.empty(), false, Optional.empty());
        write(1 - durable, header.naming(chunk, unforced).octets());
        version = chunk.version();
        otherWritten = true;
    }

    /// What H2 writes into both blocks.
    void write(ByteBuffer source) throws IOException {
        byte[] block = new byte[BLOCK];
        source.duplicate().get(block);
        Optional<DatabaseHeader> header = DatabaseHeader.parse(block);
        Optional<DatabaseHeader.Named> chunk = header.flatMap(DatabaseHeader::chunk);
        if (header.isEmpty() || chunk.isEmpty()) { // of a new file
            for (ByteBuffer left = source.duplicate(); left.hasRemaining(); ) {
                patience.write(() -> file.write(left, left.position()));
            }
            header.ifPresent(found -> attributes = found.attributes());
            return;
        }
        attributes = header.get().attributes();
        if (header.get().clean()) {
            force();
            byte[] octets = Arrays.copyOf(header.get().octets(), BLOCK);
            write(1 - durable, octets);
            file.force(true);
            write(durable, octets);
            version = chunk.get().version();
            otherWritten = false;
        } else if (chunk.get().version() != version) {
            name(chunk.get());
        }
    }

    private void write(int block, byte[] text) throws IOException {
        int length = Math.max(lengths[block], roundUp(text.length));
        ByteBuffer octets = ByteBuffer.wrap(Arrays.copyOf(text, length));
        while (octets.hasRemaining()) {
            patience.write(() -> file.write(octets, (long) block * BLOCK + octets.position()));
        }
        lengths[block] = roundUp(text.length);
    }

    private static int roundUp(int length) {
        return (length + SECTOR - 1) / SECTOR * SECTOR;
    }

    void force() throws IOException {
        file.force(true);
        unforced.clear();
        movedUnforced = false;
        if (otherWritten) {
            durable = 1 - durable;
            otherWritten = false;
        }
    }
}
