package org.postern.interchange;

import java.io.IOException;
import java.io.OutputStream;

/// Puts one `>` more before each line that begins with `From `, `>From ` and so on (mboxrd): what [FromUnquoting] takes
/// away. The one who writes ends the message with [#finish].
final class FromQuoting extends OutputStream {
    private final OutputStream out;
    private boolean atLineStart = true;
    private int marks;
    private int matched;

    FromQuoting(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int octet) throws IOException {
        if (!atLineStart) {
            out.write(octet);
            atLineStart = octet == '\n';
            return;
        }
        if (octet == '>' && matched == 0) {
            marks++; // may be without end: counted, not kept
            return;
        }
        if ((octet & 0xff) == FromLine.BEGINNING.charAt(matched)) {
            matched++;
            if (matched == FromLine.BEGINNING.length()) {
                marks++;
                finish();
            }
            return;
        }
        finish();
        out.write(octet);
        atLineStart = octet == '\n';
    }

    @Override
    public void write(byte[] octets, int offset, int length) throws IOException {
        int from = offset;
        int end = offset + length;
        for (int index = offset; index < end; index++) {
            if (atLineStart) {
                write(octets[index]);
                from = index + 1;
            } else if (octets[index] == '\n') {
                out.write(octets, from, index + 1 - from);
                from = index + 1;
                atLineStart = true;
            }
        }
        if (from < end) {
            out.write(octets, from, end - from);
        }
    }

    /// Gives out what was held back.
    void finish() throws IOException {
        for (; marks > 0; marks--) {
            out.write('>');
        }
        for (int index = 0; index < matched; index++) {
            out.write(FromLine.BEGINNING.charAt(index));
        }
        matched = 0;
        atLineStart = false;
    }
}
