package org.postern.imap;

import org.postern.store.MailboxException;

/// A well-formed command that cannot be obeyed: answered NO with a response code.
final class CommandRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Why, in the words of RFC 5530 §3, RFC 3501 §7.1, RFC 7889 §3 and RFC 6154 §6.
    enum Code {
        ALREADYEXISTS,
        AUTHENTICATIONFAILED,
        CANNOT,
        CORRUPTION,
        EXPIRED,
        EXPUNGEISSUED,
        HASCHILDREN,
        LIMIT,
        NONEXISTENT,
        OVERQUOTA,
        PRIVACYREQUIRED,
        READ_ONLY,
        SERVERBUG,
        TOOBIG,
        TRYCREATE,
        UNAVAILABLE,
        /// RFC 3516 §4.3.
        UNKNOWN_CTE,
        USEATTR;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    private final String code;

    private CommandRefused(String code, String text) {
        super(text);
        this.code = code;
    }

    static CommandRefused refused(Code code, String text) {
        return new CommandRefused(code.toString(), text);
    }

    /// RFC 3501 §7.1: the code lists what would have been understood.
    static CommandRefused badCharset() {
        return new CommandRefused("BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
    }

    static CommandRefused of(MailboxException exception) {
        Code code = switch (exception.reason()) {
            case NO_SUCH_MAILBOX, GONE -> Code.NONEXISTENT;
            case ALREADY_EXISTS -> Code.ALREADYEXISTS;
            case CANNOT -> Code.CANNOT;
            case HAS_CHILDREN -> Code.HASCHILDREN;
            case USE_TAKEN -> Code.USEATTR;
            case OVER_QUOTA -> Code.OVERQUOTA;
            case LIMIT -> Code.LIMIT;
            case UNAVAILABLE, NO_SPACE -> Code.UNAVAILABLE;
            case CORRUPTION -> Code.CORRUPTION; // RFC 5530 §3
        };
        return refused(code, String.valueOf(exception.getMessage()));
    }

    /// The same for a mailbox that messages were to go to: the client may create it and try again (RFC
    /// 3501 §7.1).
    static CommandRefused ofTarget(MailboxException exception) {
        return exception.reason() == MailboxException.Reason.NO_SUCH_MAILBOX
                ? refused(Code.TRYCREATE, String.valueOf(exception.getMessage()))
                : of(exception);
    }

    String code() {
        return code;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
