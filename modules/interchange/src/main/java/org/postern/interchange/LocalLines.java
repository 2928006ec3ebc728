package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// Writes a message with this system's line ends: LF for CRLF. A message in which CR stands before CRLF would not come
/// back as it was; it is to be left as it is.
final class LocalLines {
    private final OutputStream out;
    private final boolean asItIs;
    private final byte[] written = new byte[32 * 1024];
    private int filled;
    private boolean afterCr;
    private int last = '\n';
    private long octets;
    private long bareLineFeeds;
    private boolean lossy;

    /// @param asItIs true to change nothing
    LocalLines(OutputStream out, boolean asItIs) {
        this.out = out;
        this.asItIs = asItIs;
    }

    /// Copies one message. False where it must be left as it is, and was not written to its end.
    boolean copy(InputStream in) throws IOException {
        byte[] chunk = new byte[32 * 1024];
        for (int count = in.read(chunk, 0, chunk.length); count >= 0; count = in.read(chunk, 0, chunk.length)) {
            for (int index = 0; index < count && !lossy; index++) {
                take(chunk[index]);
            }
            if (lossy) {
                return false;
            }
        }
        if (afterCr && !asItIs) {
            put('\r');
        }
        flush();
        return true;
    }

    private void take(byte octet) throws IOException {
        if (octet == '\n' && !afterCr) {
            bareLineFeeds++;
        }
        if (asItIs) {
            put(octet);
            afterCr = octet == '\r';
            return;
        }
        if (afterCr && octet != '\n') {
            put('\r');
        }
        afterCr = octet == '\r';
        if (octet == '\n' && last == '\r') {
            lossy = true;
        } else if (!afterCr) {
            put(octet);
        }
    }

    private void put(int octet) throws IOException {
        if (filled == written.length) {
            flush();
        }
        written[filled++] = (byte) octet;
        last = octet;
        octets++;
    }

    private void flush() throws IOException {
        out.write(written, 0, filled);
        filled = 0;
    }

    /// Octets that were written.
    long octets() {
        return octets;
    }

    /// Whether the last octet ended a line.
    boolean endsLine() {
        return last == '\n';
    }

    /// What a server tells clients of a message with this many octets when it reads it from the file.
    long served(long size) {
        return size + bareLineFeeds;
    }
}
