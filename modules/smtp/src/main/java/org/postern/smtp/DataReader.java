package org.postern.smtp;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.postern.session.Connection;

/// Reads the content of a message after DATA (RFC 5321 §4.1.1.4, §4.5.2) as a machine over octets.
///
/// Only CRLF.CRLF ends it. A CR or LF that stands alone never ends a line: a message that holds one is read to its
/// true end and refused, so that nobody after us can be made to see another end (SMTP smuggling).
final class DataReader {
    /// Why a message that was read to its end cannot be taken.
    enum Flaw {
        NONE,
        TOO_LARGE,
        BARE_CR_OR_LF,
        NUL,
        /// The sink failed; the cause was logged.
        NOT_STORED
    }

    private enum At {
        LINE_START,
        DOT,
        DOT_CR,
        IN_LINE,
        CR
    }

    private final SmtpRole.MessageSink sink;
    private final long limit;
    private final byte[] out = new byte[8 * 1024];
    private int outLength;
    private long size;
    private At at = At.LINE_START;
    private Flaw flaw = Flaw.NONE;
    private @Nullable Exception failure;

    /// @param limit octets that are kept; what comes after them is read and thrown away
    DataReader(SmtpRole.MessageSink sink, long limit) {
        this.sink = sink;
        this.limit = limit;
    }

    /// Reads until the end of the message, and not an octet further.
    Flaw read(Connection connection) throws IOException {
        byte[] in = new byte[8 * 1024];
        while (true) {
            int count = connection.read(in, 0, in.length);
            int used = accept(in, count);
            if (used >= 0) {
                connection.unread(count - used);
                return flaw;
            }
        }
    }

    /// What the sink threw when the flaw is NOT_STORED.
    @Nullable
    Exception failure() {
        return failure;
    }

    /// Takes octets; returns how many of them belong to the message if it ends among them, else -1.
    int accept(byte[] in, int count) {
        for (int index = 0; index < count; index++) {
            byte octet = in[index];
            switch (at) {
                case LINE_START -> {
                    if (octet == '.') {
                        at = At.DOT;
                    } else {
                        inLine(octet);
                    }
                }
                case DOT -> { // RFC 5321 §4.5.2: a leading dot is taken away
                    if (octet == '\r') {
                        at = At.DOT_CR;
                    } else {
                        inLine(octet);
                    }
                }
                case DOT_CR -> {
                    if (octet == '\n') {
                        flush();
                        return index + 1;
                    }
                    bare();
                    inLine(octet);
                }
                case IN_LINE -> inLine(octet);
                case CR -> {
                    if (octet == '\n') {
                        emit((byte) '\r');
                        emit((byte) '\n');
                        at = At.LINE_START;
                    } else {
                        bare();
                        inLine(octet);
                    }
                }
            }
        }
        return -1;
    }

    private void inLine(byte octet) {
        if (octet == '\r') {
            at = At.CR;
            return;
        }
        at = At.IN_LINE;
        if (octet == '\n') {
            bare();
        } else if (octet == 0) {
            flawed(Flaw.NUL); // no IMAP client could be given it (RFC 3501 §9, CHAR8)
        }
        emit(octet);
    }

    private void bare() {
        flawed(Flaw.BARE_CR_OR_LF);
    }

    private void flawed(Flaw found) {
        if (flaw == Flaw.NONE) {
            flaw = found;
        }
    }

    private void emit(byte octet) {
        if (++size > limit) {
            flawed(Flaw.TOO_LARGE);
        }
        if (flaw != Flaw.NONE) {
            return; // nobody will see it
        }
        if (outLength == out.length) {
            flush();
        }
        out[outLength++] = octet;
    }

    private void flush() {
        if (flaw == Flaw.NONE && outLength > 0) {
            try {
                sink.write(out, 0, outLength);
            } catch (IOException | RuntimeException e) {
                // A full disk is ours, not the client's: its message is read to the end, or what is left of it would
                // be taken for commands.
                failure = e;
                flawed(Flaw.NOT_STORED);
            }
        }
        outLength = 0;
    }
}
