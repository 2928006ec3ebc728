package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/// The fields of a header block as text to search: unfolded, encoded words and 8-bit text decoded (RFC 3501 §6.4.4,
/// RFC 2047). Holds at most 1 MiB of header.
public final class HeaderText {
    /// A header of 1 MiB could have 300,000 fields; what has more than this is no mail that someone looks for.
    private static final int FIELD_LIMIT = 10_000;

    private final List<Field> fields;

    private HeaderText(List<Field> fields) {
        this.fields = fields;
    }

    private record Field(String name, String value) {}

    /// The stream is read up to the end of the header and not closed.
    public static HeaderText read(InputStream headerBlock) throws IOException {
        List<Field> fields = new ArrayList<>();
        DecodedText decoded = new DecodedText();
        LineScanner line = new LineScanner(headerBlock);
        String name = "";
        StringBuilder value = new StringBuilder();
        while (line.end() < HeaderBlock.LIMIT && line.nextInHeader(HeaderBlock.LIMIT) && !line.isBlank()) {
            byte[] octets = line.octets();
            int length = line.contentLength();
            int nameLength = HeaderBlock.nameLength(octets, length);
            if (nameLength < 0 || HeaderBlock.isWhiteSpace(octets[0])) {
                // RFC 5322 §2.2.3: a continuation; a line that is no field is kept with the field before it
                value.append(new String(octets, 0, length, ISO_8859_1));
                continue;
            }
            add(fields, name, value, decoded);
            name = new String(octets, 0, nameLength, ISO_8859_1);
            String rest = new String(octets, nameLength, length - nameLength, ISO_8859_1);
            value = new StringBuilder(rest.substring(rest.indexOf(':') + 1));
        }
        add(fields, name, value, decoded);
        return new HeaderText(List.copyOf(fields));
    }

    private static void add(List<Field> fields, String name, StringBuilder value, DecodedText decoded) {
        if ((!name.isEmpty() || !value.isEmpty()) && fields.size() < FIELD_LIMIT) {
            fields.add(new Field(name, decoded.of(value.toString()).strip()));
        }
    }

    /// The decoded values of all fields of that name, in their order.
    public List<String> values(String name) {
        return fields.stream()
                .filter(field -> field.name.equalsIgnoreCase(name))
                .map(Field::value)
                .toList();
    }

    /// Whether any field, its name included, contains what the matcher looks for.
    boolean containsAnywhere(TextMatcher matcher) {
        return fields.stream().anyMatch(field -> matcher.isIn(field.name + ": " + field.value));
    }
}
