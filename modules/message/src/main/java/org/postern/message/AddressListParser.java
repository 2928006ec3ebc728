package org.postern.message;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads an address list (RFC 5322 §3.4) leniently: whatever stands between two commas yields at most one address and
/// never an error.
final class AddressListParser {
    /// More than ENVELOPE shows of one list; the parser stops there.
    private static final int ADDRESS_LIMIT = 10_000;

    private static final String ATOM_STOPS = " \t\r\n(\",;:<>@";

    private final FieldLexer lexer;
    private final List<Address> addresses = new ArrayList<>();

    /// Words before an address: with single spaces between them (a display name), and without (a local part).
    private final StringBuilder phrase = new StringBuilder();

    private final StringBuilder compact = new StringBuilder();
    private boolean spaceBefore;
    private @Nullable String comment;
    private boolean inGroup;

    /// The element of the current list position has been added; what follows up to the comma is only looked at for a
    /// name in a comment.
    private boolean complete;

    private AddressListParser(String text) {
        this.lexer = new FieldLexer(text);
    }

    static List<Address> parse(String text) {
        AddressListParser parser = new AddressListParser(text);
        parser.addressList();
        return parser.addresses;
    }

    /// address-list = (address *("," address)) / obs-addr-list
    private void addressList() {
        while (!lexer.atEnd() && addresses.size() < ADDRESS_LIMIT) {
            switch (lexer.peek()) {
                case ' ', '\t', '\r', '\n' -> {
                    spaceBefore = true;
                    lexer.skip();
                }
                case '(' -> {
                    spaceBefore = true;
                    nameFromComment(lexer.comment());
                }
                case '"' -> word(lexer.quoted('"'));
                case ',' -> {
                    endElement();
                    lexer.skip();
                }
                case ';' -> {
                    endElement();
                    endGroup();
                    lexer.skip();
                }
                case ':' -> {
                    lexer.skip();
                    if (!inGroup && !complete) {
                        startGroup();
                    }
                }
                case '<' -> angleAddress();
                case '@' -> {
                    lexer.skip();
                    String domain = domain();
                    if (!complete) {
                        add(null, null, compact.toString(), domain);
                    }
                }
                case '>' -> lexer.skip();
                default -> word(lexer.run(ATOM_STOPS));
            }
        }
        endElement();
        endGroup();
    }

    private void word(String word) {
        if (complete) {
            return;
        }
        if (spaceBefore && !phrase.isEmpty()) {
            phrase.append(' ');
        }
        phrase.append(word);
        compact.append(word);
        spaceBefore = false;
    }

    /// group = display-name ":" [group-list] ";"
    private void startGroup() {
        addresses.add(new Address.GroupStart(phrase.toString()));
        inGroup = true;
        clear();
    }

    private void endGroup() {
        if (inGroup) {
            addresses.add(new Address.GroupEnd());
            inGroup = false;
        }
    }

    /// angle-addr = "<" [obs-route] addr-spec ">"
    private void angleAddress() {
        lexer.skip();
        String route = route();
        StringBuilder localPart = new StringBuilder();
        String domain = "";
        boolean open = true;
        while (open && !lexer.atEnd()) {
            switch (lexer.peek()) {
                case '>' -> {
                    lexer.skip();
                    open = false;
                }
                case '@' -> {
                    lexer.skip();
                    domain = domain();
                }
                case '"' -> localPart.append(lexer.quoted('"'));
                case '(' -> lexer.comment();
                case ' ', '\t', '\r', '\n', '<', ':' -> lexer.skip();
                // A bracket left open: the comma ends it, or one slip would swallow the rest of the list.
                case ',', ';' -> open = false;
                default -> localPart.append(lexer.run(ATOM_STOPS));
            }
        }
        if (!complete) {
            add(phrase.isEmpty() ? null : phrase.toString(), route, localPart.toString(), domain);
        }
    }

    /// obs-route = obs-domain-list ":"
    private @Nullable String route() {
        if (lexer.atEnd() || lexer.peek() != '@') {
            return null;
        }
        int start = lexer.position();
        String route = lexer.run(":>\"(");
        if (lexer.atEnd() || lexer.peek() != ':') {
            lexer.moveTo(start);
            return null;
        }
        lexer.skip();
        return route.strip();
    }

    /// domain = dot-atom / domain-literal / obs-domain
    private String domain() {
        StringBuilder domain = new StringBuilder();
        while (!lexer.atEnd()) {
            char c = lexer.peek();
            if (c == '[') {
                domain.append('[').append(lexer.quoted(']')).append(']');
            } else if (c == '(') {
                nameFromComment(lexer.comment());
            } else if (FieldLexer.isWhiteSpace(c)) {
                lexer.skip();
            } else if (",;:<>\"@".indexOf(c) >= 0) {
                break;
            } else {
                domain.append(lexer.run(" \t\r\n[(,;:<>\"@"));
            }
        }
        return domain.toString();
    }

    private void add(@Nullable String name, @Nullable String route, String localPart, String domain) {
        addresses.add(new Address.Mailbox(name, route, localPart, domain));
        complete = true;
        if (comment != null) {
            nameFromComment(comment);
        }
    }

    /// `user@example.org (A User)`: the oldest way to give a name, still sent by machines.
    private void nameFromComment(String content) {
        String name = content.strip();
        if (name.isEmpty()) {
            return;
        }
        if (!complete) {
            comment = name;
        } else if (addresses.getLast() instanceof Address.Mailbox mailbox && mailbox.name() == null) {
            addresses.set(
                    addresses.size() - 1,
                    new Address.Mailbox(name, mailbox.route(), mailbox.localPart(), mailbox.domain()));
        }
    }

    /// At a comma or an end: words without an at sign become an address too. Its host is the empty string, never NIL,
    /// which would make it a group (RFC 3501 §7.4.2).
    private void endElement() {
        if (!complete && !phrase.isEmpty()) {
            boolean oneWord = phrase.length() == compact.length();
            add(oneWord ? null : phrase.toString(), null, oneWord ? compact.toString() : "", "");
        }
        clear();
    }

    private void clear() {
        phrase.setLength(0);
        compact.setLength(0);
        comment = null;
        complete = false;
        spaceBefore = false;
    }
}
