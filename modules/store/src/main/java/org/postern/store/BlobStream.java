package org.postern.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;

/// A range of a blob, read a block at a time from its place in the file. For one thread; must be closed.
final class BlobStream extends InputStream {
    private final SegmentRecord.Layout layout;
    private final FileChannel channel;
    private final long end;
    private final Runnable onClose;
    private final byte[] buffer;
    private long position;
    private int block = -1;
    private boolean closed;

    BlobStream(SegmentRecord.Layout layout, FileChannel channel, long from, long to, Runnable onClose) {
        this.layout = layout;
        this.channel = channel;
        this.position = from;
        this.end = to;
        this.onClose = onClose;
        this.buffer = new byte
                [from < to ? (int) Math.min(SegmentRecord.BLOCK, layout.blob().length()) : 0];
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
        int wanted = (int) (position / SegmentRecord.BLOCK);
        if (wanted != block) {
            layout.read(channel, wanted, buffer);
            block = wanted;
        }
        int at = (int) (position % SegmentRecord.BLOCK);
        int count = (int) Math.min(Math.min(length, SegmentRecord.BLOCK - at), end - position);
        System.arraycopy(buffer, at, into, offset, count);
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

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            onClose.run();
        }
    }
}
