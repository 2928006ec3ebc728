package org.postern.smtp;

import org.jspecify.annotations.Nullable;

/// A message's octets on their way to the role, held to the rules that do not depend on how they are
/// framed: size, no NUL, lines that end in CRLF and are not endless. What breaks a rule makes the whole
/// message refused, at its end.
final class IncomingMessage {
    /// RFC 5322 §2.1.1 asks for 998 and RFC 5321 §4.5.3.1.6 for at least that.
    /// Leniency `long-lines`: programs that write HTML send a whole document as one line; nothing here holds
    /// lines.
    private static final int LINE_OCTETS = 1024 * 1024;

    private final MessageSink sink;
    private final long maximum;
    private int lineLength;
    private long size;
    private @Nullable RuntimeException failure;

    /// @param maximum octets of a message
    IncomingMessage(MessageSink sink, long maximum) {
        this.sink = sink;
        this.maximum = maximum;
    }

    /// Octets so far, whether handed on or not.
    long size() {
        return size;
    }

    /// Throws what the message was refused for, or what the sink threw.
    void requireAccepted() {
        if (failure != null) {
            throw failure;
        }
    }

    void hand(byte[] octets, int from, int to) {
        size += to - from;
        if (size > maximum) {
            refuse(552, "5.3.4", "The message is larger than " + maximum + " octets"); // RFC 1870 §6.3
        }
        if (failure == null && from < to) {
            try {
                sink.write(octets, from, to - from);
            } catch (RuntimeException e) {
                failure = e;
            }
        }
    }

    void lineEnded() {
        lineLength = 0;
    }

    void lengthen(int octets) {
        lineLength += octets;
        if (lineLength > LINE_OCTETS) {
            refuse(554, "5.6.0", "The message holds a line that is too long");
            lineLength = 0;
        }
    }

    void refuseNul() {
        refuse(554, "5.6.0", "The message holds a NUL"); // RFC 5321 §2.3.8 with RFC 6152: 8-bit, but not binary
    }

    void refuseBareLineFeed() {
        refuse(554, "5.6.0", "The message holds an LF without CR");
    }

    void refuseBareCarriageReturn() {
        refuse(554, "5.6.0", "The message holds a CR without LF");
    }

    private void refuse(int code, String status, String text) {
        if (failure == null) {
            failure = SmtpRefusal.refused(code, status, text);
        }
    }
}
