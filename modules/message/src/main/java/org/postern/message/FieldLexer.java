package org.postern.message;

/// The lexical pieces that structured fields share (RFC 5322 §3.2), read leniently: what is not closed ends with the
/// field. Encoded words and 8-bit characters pass as they stand, which Mime4J's parsers do not allow.
final class FieldLexer {
    private final String text;
    private int position;

    FieldLexer(String text) {
        this.text = text;
    }

    boolean atEnd() {
        return position >= text.length();
    }

    /// The character here; only if not at the end.
    char peek() {
        return text.charAt(position);
    }

    void skip() {
        position++;
    }

    int position() {
        return position;
    }

    void moveTo(int other) {
        position = other;
    }

    /// Where the first of these characters stands from here on, or the end of the text.
    int find(String characters) {
        int found = position;
        while (found < text.length() && characters.indexOf(text.charAt(found)) < 0) {
            found++;
        }
        return found;
    }

    /// The characters up to the first of `stops`.
    String run(String stops) {
        int from = position;
        position = find(stops);
        return text.substring(from, position);
    }

    static boolean isWhiteSpace(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    /// CFWS = (1*([FWS] comment) [FWS]) / FWS
    void skipSpaceAndComments() {
        while (!atEnd()) {
            if (peek() == '(') {
                comment();
            } else if (isWhiteSpace(peek())) {
                position++;
            } else {
                return;
            }
        }
    }

    /// What stands between the character here and `close`, quoted pairs resolved.
    String quoted(char close) {
        StringBuilder content = new StringBuilder();
        position++;
        while (!atEnd()) {
            char c = text.charAt(position++);
            if (c == close) {
                break;
            }
            content.append(c == '\\' && !atEnd() ? text.charAt(position++) : c);
        }
        return content.toString();
    }

    /// comment = "(" *([FWS] ccontent) [FWS] ")", which nests
    String comment() {
        StringBuilder content = new StringBuilder();
        int depth = 0;
        while (!atEnd()) {
            char c = text.charAt(position++);
            if (c == '(' && depth++ == 0) {
                continue;
            }
            if (c == ')' && --depth == 0) {
                break;
            }
            content.append(c == '\\' && !atEnd() ? text.charAt(position++) : c);
        }
        return content.toString();
    }
}
