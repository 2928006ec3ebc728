package org.postern.pop3;

/// A command that breaks the grammar or comes in the wrong state: counted against the client.
final class BadCommand extends RuntimeException {
    private static final long serialVersionUID = 1;

    private BadCommand(String text) {
        super(text);
    }

    static BadCommand syntax(String text) {
        return new BadCommand(text);
    }

    static BadCommand wrongState(String text) {
        return new BadCommand(text);
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
