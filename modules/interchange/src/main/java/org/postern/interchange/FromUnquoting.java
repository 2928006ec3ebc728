package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;

/// Takes one `>` from each line that begins with `>From `, `>>From ` and so on (mboxrd).
final class FromUnquoting extends InputStream {
    private final InputStream in;
    private boolean atLineStart = true;
    private int marks; // `>` that are still to be given out
    private int matched; // octets of "From " to be given out behind them
    private int given;
    private int held = -2; // the octet that ended the look ahead; -2: none

    FromUnquoting(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        if (atLineStart) {
            lookAhead();
        }
        if (marks > 0) {
            marks--;
            return '>';
        }
        if (given < matched) {
            return FromLine.BEGINNING.charAt(given++);
        }
        int octet = held == -2 ? in.read() : held;
        held = -2;
        atLineStart = octet == '\n';
        return octet;
    }

    /// A line's beginning may be marks without end: they are counted, not kept.
    private void lookAhead() throws IOException {
        atLineStart = false;
        marks = 0;
        matched = 0;
        given = 0;
        int octet = in.read();
        while (octet == '>') {
            marks++;
            octet = in.read();
        }
        while (marks > 0 && matched < FromLine.BEGINNING.length() && octet == FromLine.BEGINNING.charAt(matched)) {
            matched++;
            octet = matched < FromLine.BEGINNING.length() ? in.read() : -2;
        }
        if (matched == FromLine.BEGINNING.length()) {
            marks--;
        }
        held = octet;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int count = 0;
        while (count < length) {
            int octet = read();
            if (octet < 0) {
                return count == 0 ? -1 : count;
            }
            into[offset + count++] = (byte) octet;
        }
        return count;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
