package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/// Lines of a small text file, one character for each octet, with a bound on each line.
final class OctetLines {
    private static final int LONGEST = 64 * 1024;

    private final InputStream in;
    private int number;

    OctetLines(InputStream in) {
        this.in = in;
    }

    /// The next line without its end; null after the last one.
    @Nullable
    String next() throws IOException {
        var line = new ByteArrayOutputStream(128);
        while (true) {
            int octet = in.read();
            if (octet < 0 && line.size() == 0) {
                return null;
            }
            if (octet < 0 || octet == '\n') {
                number++;
                return line.toString(ISO_8859_1);
            }
            if (line.size() == LONGEST) {
                throw new IOException("line " + (number + 1) + " has more than " + LONGEST + " octets");
            }
            line.write(octet);
        }
    }

    /// Of the line that was read last, from 1.
    int number() {
        return number;
    }
}
