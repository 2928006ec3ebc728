package org.postern.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Reads lines that end in CRLF, and in nothing else, within a bound. A line that breaks a rule is read to its end and
/// thrown away, so that the next one starts where it should.
public final class LineReader {
    /// What kind of line was read.
    public enum Outcome {
        LINE,
        /// Longer than the bound.
        TOO_LONG,
        /// It holds a CR or LF that is not part of its end.
        BARE_CR_OR_LF
    }

    private static final int USUAL = 512;

    private final Connection connection;
    private final int limit;
    private byte[] line;
    private int length;

    /// @param limit octets of a line without its CRLF
    public LineReader(Connection connection, int limit) {
        this.connection = connection;
        this.limit = limit;
        this.line = new byte[Math.min(USUAL, limit)];
    }

    /// Waits for the next line.
    public Outcome read() throws IOException {
        length = 0;
        boolean tooLong = false;
        boolean bare = false;
        boolean afterCarriageReturn = false;
        while (true) {
            int octet = connection.read();
            if (afterCarriageReturn) {
                if (octet == '\n') {
                    break;
                }
                bare = true;
            } else if (octet == '\n') {
                bare = true;
            }
            afterCarriageReturn = octet == '\r';
            if (!afterCarriageReturn) {
                if (length == line.length && length < limit) {
                    grow();
                }
                if (length < line.length) {
                    line[length++] = (byte) octet;
                } else {
                    tooLong = true;
                }
            }
        }
        return bare ? Outcome.BARE_CR_OR_LF : tooLong ? Outcome.TOO_LONG : Outcome.LINE;
    }

    private void grow() {
        byte[] larger = Arrays.copyOf(line, Math.min(limit, line.length * 4));
        Arrays.fill(line, (byte) 0); // it may hold a secret
        line = larger;
    }

    /// The last line, one character an octet (ISO 8859-1).
    public String text() {
        return new String(line, 0, length, StandardCharsets.ISO_8859_1);
    }

    /// A copy of the last line's octets.
    public byte[] octets() {
        return Arrays.copyOf(line, length);
    }

    /// Overwrites the last line: it held a secret.
    public void wipe() {
        Arrays.fill(line, 0, length, (byte) 0);
        length = 0;
    }
}
