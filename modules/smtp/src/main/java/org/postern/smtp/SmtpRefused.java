package org.postern.smtp;

/// A command or message that is answered with a 4xx or 5xx reply; the session goes on.
public final class SmtpRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Reply reply;

    public SmtpRefused(int code, String status, String text) {
        super(text);
        this.reply = Reply.of(code, status, text);
    }

    public Reply reply() {
        return reply;
    }
}
