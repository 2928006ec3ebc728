package org.postern.pop3;

/// A well-formed command that cannot be obeyed.
final class CommandRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Why, in the words of RFC 2449 §8 and RFC 3206 §4, §5.
    enum Code {
        NONE(""),
        /// The credentials are wrong.
        AUTH("[AUTH] "),
        IN_USE("[IN-USE] "),
        /// It may work later.
        SYS_TEMP("[SYS/TEMP] ");

        private final String prefix;

        Code(String prefix) {
            this.prefix = prefix;
        }
    }

    private final Code code;

    private CommandRefused(Code code, String text) {
        super(text);
        this.code = code;
    }

    static CommandRefused refused(Code code, String text) {
        return new CommandRefused(code, text);
    }

    static CommandRefused refused(String text) {
        return new CommandRefused(Code.NONE, text);
    }

    Code code() {
        return code;
    }

    /// With the response code before it.
    String text() {
        return code.prefix + getMessage();
    }
}
