package org.postern.smtp;

/// A command that is not carried out, with the reply that says why. The session goes on.
public final class SmtpRefusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient SmtpReply reply;

    private SmtpRefusal(SmtpReply reply) {
        super(reply.toString());
        this.reply = reply;
    }

    /// To be thrown.
    /// @param code 400 to 599
    public static SmtpRefusal refused(int code, String status, String text) {
        if (code < 400) {
            throw new IllegalArgumentException(code + " is no refusal");
        }
        return new SmtpRefusal(new SmtpReply(code, status, text));
    }

    // ---- those that many commands share (RFC 5321 §4.2.4, RFC 3463 §3.6)

    static SmtpRefusal unrecognized() {
        return refused(500, "5.5.1", "Command not recognized");
    }

    static SmtpRefusal notImplemented() {
        return refused(502, "5.5.1", "Command not implemented");
    }

    static SmtpRefusal malformed(String text) {
        return refused(501, "5.5.4", text);
    }

    static SmtpRefusal wrongState(String text) {
        return refused(503, "5.5.1", text);
    }

    public SmtpReply reply() {
        return reply;
    }
}
