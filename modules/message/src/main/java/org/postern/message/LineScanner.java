package org.postern.message;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Reads octets as lines of any length and knows where each begins and ends. A line ends with LF or CRLF; a CR alone
/// is content. Of each line only the first octets are kept, as many as the caller asked for: memory does not depend
/// on the message. For one thread.
final class LineScanner {
    /// What is kept of a line that may be a boundary delimiter: two hyphens, a boundary, and more padding than any
    /// mailer writes.
    static final int DELIMITER_OCTETS = 1024;

    private final InputStream input;
    private final byte[] buffer = new byte[16 * 1024];
    private int position;
    private int limit;

    private byte[] kept = new byte[DELIMITER_OCTETS];
    private int keptLength;
    private long start;
    private long end;
    private int terminator;
    private int previousTerminator;
    private long linesBefore;
    private boolean again;

    LineScanner(InputStream input) {
        this.input = input;
    }

    /// Goes to the next line of a header and keeps up to `keep` octets of it; false at the end of the octets.
    boolean nextInHeader(int keep) throws IOException {
        return next(keep, false);
    }

    /// Goes to the next line of a body, of which only what may be a delimiter is kept; false at the end of the octets.
    boolean nextInBody() throws IOException {
        return next(DELIMITER_OCTETS, true);
    }

    /// The current line is read once more by the next call: it turned out to belong to what follows.
    void again() {
        again = true;
    }

    /// Where the line that will be read next begins.
    long nextStart() {
        return again ? start : end;
    }

    /// Number of line ends before [#nextStart].
    long linesBeforeNext() {
        return again || terminator == 0 ? linesBefore : linesBefore + 1;
    }

    long start() {
        return start;
    }

    /// First offset behind the line, its CRLF or LF included.
    long end() {
        return end;
    }

    /// Number of line ends before the current line.
    long linesBefore() {
        return linesBefore;
    }

    /// Octets of the line end before the current line: 0, 1 or 2.
    int previousTerminator() {
        return previousTerminator;
    }

    /// True for a line that is nothing but its end.
    boolean isBlank() {
        return terminator > 0 && end - start == terminator;
    }

    boolean isTerminated() {
        return terminator > 0;
    }

    /// The kept octets of the line, valid until the next line is read; see [#contentLength].
    byte[] octets() {
        return kept;
    }

    /// How many octets were kept, the line end included if it was reached.
    int keptLength() {
        return keptLength;
    }

    /// How many of the kept octets come before the line end.
    int contentLength() {
        return (int) Math.min(keptLength, end - start - terminator);
    }

    /// True if nothing of the line's content was left out.
    boolean isWhole() {
        return keptLength >= end - start - terminator;
    }

    private boolean next(int keep, boolean onlyHyphens) throws IOException {
        if (again) {
            again = false;
            return true;
        }
        linesBefore = linesBeforeNext();
        previousTerminator = terminator;
        start = end;
        keptLength = 0;
        terminator = 0;
        if (position == limit && !fill()) {
            return false;
        }
        int keeping = onlyHyphens && buffer[position] != '-' ? 0 : keep;
        byte last = 0;
        while (true) {
            int lineFeed = position;
            while (lineFeed < limit && buffer[lineFeed] != '\n') {
                lineFeed++;
            }
            boolean ended = lineFeed < limit;
            int stop = ended ? lineFeed + 1 : limit;
            keep(position, Math.min(stop - position, keeping - keptLength));
            end += stop - position;
            if (ended) {
                byte before = lineFeed > position ? buffer[lineFeed - 1] : last;
                terminator = before == '\r' ? 2 : 1;
                position = stop;
                return true;
            }
            last = buffer[limit - 1];
            position = stop;
            if (!fill()) {
                return true;
            }
        }
    }

    private void keep(int from, int count) {
        if (count <= 0) {
            return;
        }
        if (keptLength + count > kept.length) {
            kept = Arrays.copyOf(kept, Math.max(keptLength + count, kept.length * 2));
        }
        System.arraycopy(buffer, from, kept, keptLength, count);
        keptLength += count;
    }

    private boolean fill() throws IOException {
        int count = input.read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(count, 0);
        return limit > 0;
    }
}
