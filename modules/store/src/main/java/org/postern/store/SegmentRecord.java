package org.postern.store;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/// How a blob lies in its segment: a head of 20 octets, a table, and the blocks of 64 KiB one after the other.
///
/// ```
/// head  = "POS2", 8 octets length, 4 octets CRC-32C of the table, 4 octets CRC-32C of the 16 before
/// table = 8 octets of the whole record's extent, then for each block 4 octets stored length, 4 octets CRC-32C
/// ```
///
/// The checksum of a block is over what is stored. The stored length of a block that zstd has compressed has its
/// highest bit set. So any part of a blob is checked, and read, for the price of the blocks that it touches.
///
/// Records of the first format ("POST": 8 octets length, 4 octets CRC-32C of the payload, 4 of these 16, payload) are
/// still read. [BlobReference#position] is the octet after the head in both.
final class SegmentRecord {
    static final int HEADER = 20;
    static final int BLOCK = 64 * 1024;
    private static final int FIRST = 0x504f5354; // "POST"
    private static final int BLOCKS = 0x504f5332; // "POS2"
    private static final int COMPRESSED = 1 << 31;
    private static final int LEVEL = 3;

    private SegmentRecord() {}

    static int blocks(long length) {
        return Math.toIntExact((length + BLOCK - 1) / BLOCK);
    }

    /// Head and table: what stands before the first block.
    static int overhead(long length) {
        return HEADER + 8 + 8 * blocks(length);
    }

    /// Fills in head and table of one record while its blocks are stored.
    static final class Table {
        private final long length;
        private final ByteBuffer entries;

        Table(long length) {
            this.length = length;
            entries = ByteBuffer.allocate(8 + 8 * blocks(length)).position(8);
        }

        /// Takes the next block; gives what is to be stored of it.
        ByteBuffer add(byte[] block, int count, boolean compress) {
            ByteBuffer stored = ByteBuffer.wrap(block, 0, count);
            int flag = 0;
            if (compress) {
                byte[] smaller = new byte[(int) Zstd.compressBound(count)];
                long size = Zstd.compressByteArray(smaller, 0, smaller.length, block, 0, count, LEVEL);
                if (!Zstd.isError(size) && size < count - count / 16) {
                    stored = ByteBuffer.wrap(smaller, 0, (int) size);
                    flag = COMPRESSED;
                }
            }
            entries.putInt(stored.remaining() | flag).putInt(checksum(stored));
            return stored;
        }

        ByteBuffer finish(long extent) {
            entries.putLong(0, extent);
            ByteBuffer record = ByteBuffer.allocate(overhead(length))
                    .putInt(BLOCKS)
                    .putLong(length)
                    .putInt(checksum(entries.flip()));
            record.putInt(checksum(record.duplicate().flip()));
            return record.put(entries).flip();
        }
    }

    static int checksum(ByteBuffer octets) {
        var checksum = new CRC32C();
        checksum.update(octets.duplicate());
        return (int) checksum.getValue();
    }

    /// Where the blocks of one blob are.
    ///
    /// @param ends of each block, in the file; empty for a record of the first format
    /// @param payload of the first block's first octet
    /// @param checksums of the blocks; of the whole payload in the first format
    record Layout(BlobReference blob, long payload, long[] ends, int[] checksums, boolean[] compressed) {
        boolean isFirstFormat() {
            return ends.length == 0 && checksums.length == 1;
        }

        private long start(int block) {
            return block == 0 ? payload : ends[block - 1];
        }

        /// Compares the blocks from one on, up to another, with their checksums.
        void verify(FileChannel channel, int from, int to) throws IOException {
            byte[] buffer = new byte[to > from ? (int) Math.min(BLOCK, blob.length()) : 0];
            for (int block = from; block < to; block++) {
                readStored(channel, block, buffer);
            }
        }

        /// Compares a record of the first format with its checksum.
        void verifyWhole(FileChannel channel) throws IOException {
            var checksum = new CRC32C();
            byte[] buffer = new byte[Math.clamp(blob.length(), 1, BLOCK)];
            for (long at = 0; at < blob.length(); ) {
                int count = (int) Math.min(buffer.length, blob.length() - at);
                readFully(channel, ByteBuffer.wrap(buffer, 0, count), payload + at, blob);
                checksum.update(buffer, 0, count);
                at += count;
            }
            if ((int) checksum.getValue() != checksums[0]) {
                throw damaged(blob, "its checksum does not match");
            }
        }

        private int readStored(FileChannel channel, int block, byte[] into) throws IOException {
            int count = (int) (ends[block] - start(block));
            ByteBuffer stored = ByteBuffer.wrap(into, 0, count);
            readFully(channel, stored, start(block), blob);
            if (checksum(stored.flip()) != checksums[block]) {
                throw damaged(blob, "the checksum of its octets from " + (long) block * BLOCK + " on does not match");
            }
            return count;
        }

        /// The checked octets of a block, or at the first format of as much; the count of those in the buffer.
        int read(FileChannel channel, int block, byte[] into) throws IOException {
            int length = (int) Math.min(BLOCK, blob.length() - (long) block * BLOCK);
            if (isFirstFormat()) {
                readFully(channel, ByteBuffer.wrap(into, 0, length), payload + (long) block * BLOCK, blob);
            } else if (compressed[block]) {
                byte[] stored = new byte[(int) (ends[block] - start(block))];
                readStored(channel, block, stored);
                try {
                    if (Zstd.decompressByteArray(into, 0, length, stored, 0, stored.length) != length) {
                        throw damaged(blob, "a block is shorter than it was");
                    }
                } catch (ZstdException e) {
                    throw damaged(blob, "a block cannot be decompressed: " + e.getMessage());
                }
            } else {
                readStored(channel, block, into);
            }
            return length;
        }
    }

    /// Where the octets of a blob begin that is not compressed, whether it is whole or not.
    static long payload(FileChannel channel, BlobReference blob) throws IOException {
        ByteBuffer magic = ByteBuffer.allocate(4);
        boolean first = blob.position() >= HEADER
                && channel.read(magic, blob.position() - HEADER) == 4
                && magic.getInt(0) == FIRST;
        return first ? blob.position() : blob.position() - HEADER + overhead(blob.length());
    }

    /// Reads and checks head and table.
    static Layout layout(FileChannel channel, BlobReference blob) throws IOException {
        long at = blob.position() - HEADER;
        ByteBuffer head = ByteBuffer.allocate(overhead(blob.length()));
        while (head.hasRemaining() && channel.read(head, at + head.position()) > 0) {
            // a record of the first format may end before
        }
        head.flip();
        if (head.remaining() < HEADER) {
            throw damaged(blob, "the file ends before it");
        }
        int magic = head.getInt();
        long length = head.getLong();
        int checksum = head.getInt();
        if (head.getInt() != checksum(head.duplicate().position(0).limit(HEADER - 4)) || length != blob.length()) {
            throw damaged(blob, "its header does not match");
        }
        return switch (magic) {
            case FIRST -> new Layout(blob, blob.position(), new long[0], new int[] {checksum}, new boolean[0]);
            case BLOCKS -> blocks(head, blob, checksum);
            default -> throw damaged(blob, "its header does not match");
        };
    }

    private static Layout blocks(ByteBuffer table, BlobReference blob, int checksum) throws IOException {
        int count = blocks(blob.length());
        if (table.remaining() < 8 + 8 * count || checksum(table) != checksum) {
            throw damaged(blob, "its table does not match");
        }
        long payload = blob.position() + table.remaining();
        table.getLong();
        long[] ends = new long[count];
        int[] checksums = new int[count];
        boolean[] compressed = new boolean[count];
        long end = payload;
        for (int block = 0; block < count; block++) {
            int stored = table.getInt();
            compressed[block] = (stored & COMPRESSED) != 0;
            end += stored & ~COMPRESSED;
            ends[block] = end;
            checksums[block] = table.getInt();
        }
        return new Layout(blob, payload, ends, checksums, compressed);
    }

    private static void readFully(FileChannel channel, ByteBuffer into, long position, BlobReference blob)
            throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = channel.read(into, at);
            if (count <= 0) {
                throw damaged(blob, "the file ends inside it");
            }
            at += count;
        }
    }

    static IOException damaged(BlobReference blob, String how) {
        return new IOException("blob in segment " + blob.node() + "-" + blob.segment() + " at " + blob.position()
                + " is damaged: " + how);
    }
}
