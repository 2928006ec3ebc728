package org.postern.imap;

/// A command that breaks the grammar or comes in the wrong state: answered BAD, the session goes on unless `fatal`.
final class BadCommand extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean fatal;

    private BadCommand(String text, boolean fatal) {
        super(text);
        this.fatal = fatal;
    }

    static BadCommand syntax(String text) {
        return new BadCommand(text, false);
    }

    static BadCommand wrongState(String text) {
        return new BadCommand(text, false);
    }

    /// For input that cannot be resynchronised, or that nobody who speaks IMAP would send: the session ends.
    static BadCommand fatal(String text) {
        return new BadCommand(text, true);
    }

    String text() {
        return String.valueOf(getMessage());
    }

    boolean fatal() {
        return fatal;
    }
}
