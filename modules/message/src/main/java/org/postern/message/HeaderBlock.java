package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fields of one header block that ENVELOPE and BODYSTRUCTURE need, unfolded and otherwise as they stand: one char
/// per octet. What lies beyond [#LIMIT] octets is not considered.
final class HeaderBlock {
    static final int LIMIT = 1 << 20;

    enum Field {
        DATE,
        SUBJECT,
        FROM,
        SENDER,
        REPLY_TO,
        TO,
        CC,
        BCC,
        IN_REPLY_TO,
        MESSAGE_ID,
        CONTENT_TYPE,
        CONTENT_TRANSFER_ENCODING,
        CONTENT_ID,
        CONTENT_DESCRIPTION,
        CONTENT_DISPOSITION,
        CONTENT_LANGUAGE,
        CONTENT_LOCATION,
        CONTENT_MD5;

        private static final Map<String, Field> BY_NAME = byName();

        private static Map<String, Field> byName() {
            Map<String, Field> names = new HashMap<>();
            for (Field field : values()) {
                names.put(field.name().toLowerCase(Locale.ROOT).replace('_', '-'), field);
            }
            return Map.copyOf(names);
        }

        /// RFC 5322 §4.5.3: old messages may say these more than once; together they are one list.
        private boolean accumulates() {
            return this == TO || this == CC || this == BCC;
        }
    }

    private final boolean message;
    private final Map<Field, StringBuilder> values = new EnumMap<>(Field.class);
    private @Nullable StringBuilder current;
    private boolean begun;
    private long considered;

    /// @param message false for the header of a body part, of which only the Content- fields count (RFC 2045 §3)
    HeaderBlock(boolean message) {
        this.message = message;
    }

    /// The field's value without surrounding white space, or null where it is missing.
    @Nullable
    String value(Field field) {
        StringBuilder value = values.get(field);
        return value == null ? null : value.toString().strip();
    }

    /// How much of the next line is worth keeping.
    int room() {
        return (int) Math.max(LIMIT - considered, LineScanner.DELIMITER_OCTETS);
    }

    /// Takes a line; false for one that is no part of a header field.
    boolean take(LineScanner line) {
        boolean full = considered >= LIMIT;
        considered += line.end() - line.start();
        byte[] octets = line.octets();
        int length = line.contentLength();
        if (length > 0 && isWhiteSpace(octets[0])) {
            if (current != null && !full) {
                current.append(new String(octets, 0, length, ISO_8859_1));
            }
            return begun;
        }
        int nameLength = nameLength(octets, length);
        if (nameLength < 0) {
            current = null;
            boolean mailboxLine = message && !begun && isMailboxFromLine(octets, length);
            begun |= mailboxLine;
            return mailboxLine;
        }
        begun = true;
        current = full ? null : begin(octets, nameLength, length);
        return true;
    }

    private @Nullable StringBuilder begin(byte[] octets, int nameLength, int length) {
        Field field = Field.BY_NAME.get(new String(octets, 0, nameLength, ISO_8859_1).toLowerCase(Locale.ROOT));
        if (field == null || (!message && field.compareTo(Field.CONTENT_TYPE) < 0)) {
            return null;
        }
        StringBuilder value = values.get(field);
        if (value == null) {
            value = new StringBuilder();
            values.put(field, value);
        } else if (field.accumulates()) {
            value.append(", ");
        } else {
            return null;
        }
        int colon = nameLength;
        while (octets[colon] != ':') {
            colon++;
        }
        return value.append(new String(octets, colon + 1, length - colon - 1, ISO_8859_1));
    }

    /// RFC 5322 §2.2: printable ASCII up to a colon; white space before the colon is the obsolete syntax of §4.5.
    /// Returns the name's length, or -1 if the line begins no field.
    static int nameLength(byte[] octets, int length) {
        int name = 0;
        while (name < length && octets[name] > ' ' && octets[name] < 0x7f && octets[name] != ':') {
            name++;
        }
        int colon = name;
        while (colon < length && isWhiteSpace(octets[colon])) {
            colon++;
        }
        return name > 0 && colon < length && octets[colon] == ':' ? name : -1;
    }

    static boolean isWhiteSpace(byte octet) {
        return octet == ' ' || octet == '\t';
    }

    /// The separator line of mbox files, left at the top by careless imports: skipped, not a field and not the body.
    private static boolean isMailboxFromLine(byte[] octets, int length) {
        String head = new String(octets, 0, Math.min(length, 6), ISO_8859_1);
        return head.startsWith("From ") || head.startsWith(">From ");
    }
}
