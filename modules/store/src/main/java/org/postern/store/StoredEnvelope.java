package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Optional;

/// What of a message's ENVELOPE (RFC 3501 §7.4.2) tells people which message it is, where the message itself is lost.
record StoredEnvelope(Optional<String> subject, Optional<String> messageId) {
    private static final int SHOWN = 200;

    static StoredEnvelope of(byte[] envelope) {
        try {
            var reader = new Reader(new String(envelope, ISO_8859_1));
            reader.position = 1;
            reader.skip(); // env-date
            Optional<String> subject = reader.nstring();
            for (int field = 0; field < 7; field++) { // from … in-reply-to
                reader.skip();
            }
            return new StoredEnvelope(subject, reader.nstring());
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            return new StoredEnvelope(Optional.empty(), Optional.empty()); // it is damaged too
        }
    }

    /// For people: `"Lunch on Friday" <7f3a@example.org>`.
    @Override
    public String toString() {
        return "subject " + subject.map(text -> "\"" + text + "\"").orElse("none") + ", Message-ID "
                + messageId.orElse("none");
    }

    private static final class Reader {
        private final String wire;
        private int position;

        Reader(String wire) {
            this.wire = wire;
        }

        /// Past one string, NIL or list, and the space behind it.
        void skip() {
            if (wire.charAt(position) != '(') {
                nstring();
                return;
            }
            position++;
            while (wire.charAt(position) != ')') {
                skip();
            }
            position++;
            passSpace();
        }

        /// RFC 3501 §9: nstring = string / nil
        Optional<String> nstring() {
            char first = wire.charAt(position);
            String text;
            if (first == '"') {
                var quoted = new StringBuilder();
                position++;
                while (wire.charAt(position) != '"') {
                    if (wire.charAt(position) == '\\') {
                        position++;
                    }
                    quoted.append(wire.charAt(position++));
                }
                position++;
                text = quoted.toString();
            } else if (first == '{') {
                int end = wire.indexOf("}\r\n", position);
                int length = Integer.parseInt(wire.substring(position + 1, end));
                text = wire.substring(end + 3, end + 3 + length);
                position = end + 3 + length;
            } else {
                position += 3; // NIL
                passSpace();
                return Optional.empty();
            }
            passSpace();
            String shown = new String(text.getBytes(ISO_8859_1), UTF_8).replaceAll("\\p{Cntrl}", " ");
            return Optional.of(shown.length() > SHOWN ? shown.substring(0, SHOWN) + "…" : shown);
        }

        private void passSpace() {
            if (position < wire.length() && wire.charAt(position) == ' ') {
                position++;
            }
        }
    }
}
