package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/// Reads what the module writes for the wire by the grammar of RFC 3501 §9, and fails at the first octet that does not
/// follow it: an IMAP client's view of ENVELOPE and BODYSTRUCTURE.
final class WireChecker {
    private final String text;
    private int position;

    private WireChecker(byte[] octets) {
        text = new String(octets, ISO_8859_1);
        if (text.indexOf('\0') >= 0) {
            throw new AssertionError("NUL in " + text);
        }
    }

    static void checkEnvelope(byte[] envelope) {
        WireChecker checker = new WireChecker(envelope);
        checker.envelope();
        checker.end();
    }

    /// Checks a BODY or BODYSTRUCTURE and returns how deep it nests.
    static int bodyDepth(byte[] body) {
        WireChecker checker = new WireChecker(body);
        int depth = checker.body();
        checker.end();
        return depth;
    }

    private void end() {
        if (position != text.length()) {
            throw new AssertionError("octets left at " + position + " of " + text);
        }
    }

    private void envelope() {
        expect("(");
        nstring();
        expect(" ");
        nstring();
        for (int list = 0; list < 6; list++) {
            expect(" ");
            addresses();
        }
        expect(" ");
        nstring();
        expect(" ");
        nstring();
        expect(")");
    }

    private void addresses() {
        if (take("NIL")) {
            return;
        }
        expect("(");
        do {
            expect("(");
            nstring();
            for (int i = 0; i < 3; i++) {
                expect(" ");
                nstring();
            }
            expect(")");
        } while (!take(")"));
    }

    private int body() {
        expect("(");
        int depth = 1;
        if (at('(')) {
            do {
                depth = Math.max(depth, body() + 1);
            } while (at('('));
            expect(" ");
            string();
            if (take(" ")) {
                parameters();
                extension();
            }
        } else {
            String type = string();
            expect(" ");
            String subtype = string();
            expect(" ");
            parameters();
            expect(" ");
            nstring();
            expect(" ");
            nstring();
            expect(" ");
            String encoding = string();
            expect(" ");
            number();
            boolean global = subtype.equals("GLOBAL") && TransferEncoding.isIdentity(encoding);
            if (type.equals("MESSAGE") && (subtype.equals("RFC822") || global)) {
                expect(" ");
                envelope();
                expect(" ");
                depth = body() + 1;
                expect(" ");
                number();
            } else if (type.equals("TEXT")) {
                expect(" ");
                number();
            }
            if (take(" ")) {
                nstring();
                extension();
            }
        }
        expect(")");
        return depth;
    }

    /// SP body-fld-dsp SP body-fld-lang SP body-fld-loc
    private void extension() {
        expect(" ");
        if (!take("NIL")) {
            expect("(");
            string();
            expect(" ");
            parameters();
            expect(")");
        }
        expect(" ");
        if (take("(")) {
            do {
                string();
            } while (take(" "));
            expect(")");
        } else {
            nstring();
        }
        expect(" ");
        nstring();
    }

    private void parameters() {
        if (take("NIL")) {
            return;
        }
        expect("(");
        do {
            string();
            expect(" ");
            string();
        } while (take(" "));
        expect(")");
    }

    private void number() {
        int from = position;
        while (position < text.length() && Character.isDigit(text.charAt(position))) {
            position++;
        }
        if (from == position) {
            throw new AssertionError("no number at " + position + " of " + text);
        }
    }

    private void nstring() {
        if (!take("NIL")) {
            string();
        }
    }

    private String string() {
        if (take("{")) {
            int from = position;
            number();
            int length = Integer.parseInt(text.substring(from, position));
            expect("}\r\n");
            position += length;
            return text.substring(position - length, position);
        }
        expect("\"");
        StringBuilder content = new StringBuilder();
        while (!take("\"")) {
            char c = text.charAt(position++);
            if (c == '\\') {
                c = text.charAt(position++);
                if (c != '"' && c != '\\') {
                    throw new AssertionError("bad escape at " + position + " of " + text);
                }
            }
            if (c >= 0x80 || c == '\r' || c == '\n') {
                throw new AssertionError("not quotable at " + position + " of " + text);
            }
            content.append(c);
        }
        return content.toString();
    }

    private boolean at(char c) {
        return position < text.length() && text.charAt(position) == c;
    }

    private boolean take(String expected) {
        if (!text.startsWith(expected, position)) {
            return false;
        }
        position += expected.length();
        return true;
    }

    private void expect(String expected) {
        if (!take(expected)) {
            throw new AssertionError("expected '" + expected + "' at " + position + " of " + text);
        }
    }
}
