package org.postern.smtp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// The header of a message on its way in: its fields as they stand, octet for octet.
public final class HeaderFields {
    /// One field with its continuation lines and their CRLFs.
    ///
    /// @param name in lower case
    public record Field(String name, String raw) {
        /// Unfolded (RFC 5322 §2.2.3).
        public String value() {
            return raw.substring(raw.indexOf(':') + 1).replace("\r\n", "");
        }
    }

    private final List<Field> fields = new ArrayList<>();
    private final int length;

    /// Reads the fields at the beginning of a message. The header ends before the first line that is no
    /// field: a blank one, or one that another program could read as anything.
    HeaderFields(byte[] octets, int end) {
        String text = new String(octets, 0, end, ISO_8859_1);
        int position = 0;
        while (true) {
            int next = endOfField(text, position);
            String name = next < 0 ? "" : fieldName(text, position);
            if (name.isEmpty()) {
                break;
            }
            fields.add(new Field(name.toLowerCase(Locale.ROOT), text.substring(position, next)));
            position = next;
        }
        length = position;
    }

    /// Where the lines of the field that begins here end; -1 if there is no whole line.
    private static int endOfField(String text, int from) {
        int lineEnd = text.indexOf("\r\n", from);
        while (lineEnd >= 0) {
            int next = lineEnd + 2;
            if (next >= text.length() || (text.charAt(next) != ' ' && text.charAt(next) != '\t')) {
                return next;
            }
            lineEnd = text.indexOf("\r\n", next);
        }
        return -1;
    }

    /// field-name = 1*ftext ; RFC 5322 §2.2. White space before the colon is the obsolete syntax of §4.5.
    private static String fieldName(String text, int from) {
        int end = from;
        while (text.charAt(end) > ' ' && text.charAt(end) < 0x7f && text.charAt(end) != ':') {
            end++;
        }
        int colon = end;
        while (text.charAt(colon) == ' ' || text.charAt(colon) == '\t') {
            colon++;
        }
        return text.charAt(colon) == ':' ? text.substring(from, end) : "";
    }

    /// Octets of the fields, without the line that ends the header.
    int length() {
        return length;
    }

    /// In the order in which they stand.
    public List<Field> all() {
        return Collections.unmodifiableList(fields);
    }

    /// Those of one name, given in lower case.
    public List<Field> named(String name) {
        return fields.stream().filter(field -> field.name().equals(name)).toList();
    }
}
