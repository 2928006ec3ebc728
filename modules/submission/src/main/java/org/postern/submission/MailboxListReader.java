package org.postern.submission;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Reads the addresses out of `From` and `Sender` (RFC 5322 §3.4), strictly: who may send as whom is decided by them,
/// so what could be read in two ways is not read at all.
///
/// Two leniencies: `raw-text-in-name`, as octets above 127 and unquoted dots in display names (RFC 5322 §4.1
/// obs-phrase) are common and cannot move an address; and comments everywhere that the RFC has them.
final class MailboxListReader {
    private static final int NESTED_COMMENTS = 20;

    private final String text;
    private final boolean international;
    private int position;

    private MailboxListReader(String text, boolean international) {
        this.text = text;
        this.international = international;
    }

    /// What does not follow the grammar.
    private static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;
    }

    /// mailbox-list = mailbox *("," mailbox)
    ///
    /// The addresses as `local@domain`, their local parts without quotes. Empty if this is no such list; groups
    /// (RFC 6854) are none, for they may name nobody.
    /// @param value a field's value, unfolded
    /// @param international true where addresses may be more than ASCII (RFC 6532 §3.2): the value is decoded then;
    ///   otherwise it has one char per octet
    static Optional<List<String>> read(String value, boolean international) {
        var reader = new MailboxListReader(value, international);
        try {
            List<String> addresses = new ArrayList<>();
            do {
                addresses.add(reader.expectMailbox());
            } while (reader.take(','));
            return reader.position == value.length() ? Optional.of(addresses) : Optional.empty();
        } catch (Malformed e) {
            return Optional.empty();
        }
    }

    /// mailbox   = name-addr / addr-spec name-addr = [display-name] angle-addr
    private String expectMailbox() throws Malformed {
        skipSpaceAndComments();
        int start = position;
        if (takePhrase() && take('<')) {
            String address = expectAddress();
            if (!take('>')) {
                throw new Malformed();
            }
            skipSpaceAndComments();
            return address;
        }
        position = start;
        return expectAddress();
    }

    /// phrase = 1*word, here also none: what may stand before an angle bracket.
    private boolean takePhrase() throws Malformed {
        while (position < text.length() && peek() != '<') {
            if (peek() == '"') {
                expectQuotedString();
            } else if (isAtext(peek()) || peek() == '.' || peek() > 0x7f) {
                position++;
            } else if (!skipSpaceAndComments()) {
                return false;
            }
        }
        return true;
    }

    /// addr-spec = local-part "@" domain local-part = dot-atom / quoted-string ; and domain = dot-atom: nobody
    /// here owns a domain literal
    private String expectAddress() throws Malformed {
        skipSpaceAndComments();
        String localPart = peek() == '"' ? expectQuotedString() : expectDotAtom();
        skipSpaceAndComments();
        if (!take('@')) {
            throw new Malformed();
        }
        skipSpaceAndComments();
        String domain = expectDotAtom();
        skipSpaceAndComments();
        return localPart + "@" + domain;
    }

    /// dot-atom-text = 1*atext *("." 1*atext)
    private String expectDotAtom() throws Malformed {
        int start = position;
        do {
            int atom = position;
            while (isAtext(peek()) || (international && isBeyondAscii(peek()))) {
                position++;
            }
            if (position == atom) {
                throw new Malformed();
            }
        } while (take('.'));
        return text.substring(start, position);
    }

    /// quoted-string = DQUOTE *([FWS] qcontent) [FWS] DQUOTE
    private String expectQuotedString() throws Malformed {
        StringBuilder content = new StringBuilder();
        position++;
        while (!take('"')) {
            take('\\');
            content.append((char) expectAny());
        }
        return content.toString();
    }

    private int expectAny() throws Malformed {
        if (position == text.length()) {
            throw new Malformed();
        }
        return text.charAt(position++);
    }

    /// CFWS; false if there was none
    private boolean skipSpaceAndComments() throws Malformed {
        int start = position;
        while (peek() == ' ' || peek() == '\t' || peek() == '(') {
            if (peek() == '(') {
                skipComment(0);
            } else {
                position++;
            }
        }
        return position > start;
    }

    /// comment = "(" *([FWS] ccontent) [FWS] ")"
    private void skipComment(int depth) throws Malformed {
        if (depth == NESTED_COMMENTS) {
            throw new Malformed();
        }
        position++;
        while (!take(')')) {
            if (peek() == '(') {
                skipComment(depth + 1);
            } else {
                take('\\');
                expectAny();
            }
        }
    }

    private static final int END = -1;

    private int peek() {
        return position < text.length() ? text.charAt(position) : END;
    }

    private boolean take(char expected) {
        if (peek() != expected) {
            return false;
        }
        position++;
        return true;
    }

    /// UTF8-non-ascii, without controls and spaces
    private static boolean isBeyondAscii(int character) {
        return character >= 0xa0 && !Character.isSpaceChar(character) && !Character.isISOControl(character);
    }

    /// RFC 5322 §3.2.3
    private static boolean isAtext(int character) {
        return (character >= 'a' && character <= 'z')
                || (character >= 'A' && character <= 'Z')
                || (character >= '0' && character <= '9')
                || (character > ' ' && "!#$%&'*+-/=?^_`{|}~".indexOf(character) >= 0);
    }
}
