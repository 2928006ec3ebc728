package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// Picks fields out of a header block, octet by octet as they stand: HEADER.FIELDS and HEADER.FIELDS.NOT
/// (RFC 3501 §6.4.5).
public final class HeaderFields {
    /// Which fields are meant by a list of names.
    public enum Choice {
        LISTED,
        NOT_LISTED
    }

    private static final byte[] CRLF = {'\r', '\n'};

    private HeaderFields() {}

    /// The chosen fields in their order, each with its continuation lines, and the blank line that ends a header
    /// (RFC 3501 §6.4.5: "the delimiting blank line is always included"). Names are compared without case.
    /// What lies beyond 1 MiB of header is left out. The stream is not closed.
    public static byte[] select(InputStream headerBlock, Collection<String> names, Choice choice) throws IOException {
        Set<String> wanted =
                names.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
        ByteArrayOutputStream chosen = new ByteArrayOutputStream();
        LineScanner line = new LineScanner(headerBlock);
        boolean taking = false;
        boolean terminated = true;
        byte[] blankLine = CRLF;
        while (line.end() < HeaderBlock.LIMIT && line.nextInHeader(HeaderBlock.LIMIT)) {
            byte[] octets = line.octets();
            if (line.isBlank()) {
                blankLine = Arrays.copyOf(octets, line.keptLength());
                break;
            }
            if (line.contentLength() == 0 || !HeaderBlock.isWhiteSpace(octets[0])) {
                taking = wanted.contains(name(octets, line.contentLength())) == (choice == Choice.LISTED);
            }
            if (taking) {
                chosen.write(octets, 0, line.keptLength());
                terminated = line.isTerminated();
            }
        }
        if (!terminated) {
            chosen.writeBytes(CRLF);
        }
        chosen.writeBytes(blankLine);
        return chosen.toByteArray();
    }

    /// The field's name in lower case; the empty string for a line that is no field, which no list names.
    private static String name(byte[] octets, int length) {
        int name = HeaderBlock.nameLength(octets, length);
        return name < 0 ? "" : new String(octets, 0, name, ISO_8859_1).toLowerCase(Locale.ROOT);
    }
}
