package org.postern.submission;

import static org.postern.smtp.SmtpRefusal.refused;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Consumer;
import org.postern.smtp.MessageSink;
import org.postern.store.MessageSpool;

/// Takes a message as it comes: keeps the header, within a bound, until it is whole, judges and mends it, and then lets
/// the body through to the spool.
final class SubmittedMessage implements MessageSink {
    static final int HEADER_OCTETS = 1024 * 1024;
    private static final byte[] CRLF = {'\r', '\n'};

    private final String received;
    private final String domain;
    private final Instant now;
    private final Consumer<Originators> judge;
    private final MessageSpool spool;

    private byte[] header = new byte[8 * 1024];
    private int kept;
    private int searched;
    private boolean inBody;

    /// @param received the trace field to put on top
    /// @param domain for a Message-ID, where the client made none
    /// @param judge refuses originators by throwing
    SubmittedMessage(String received, String domain, Instant now, Consumer<Originators> judge, MessageSpool spool) {
        this.received = received;
        this.domain = domain;
        this.now = now;
        this.judge = judge;
        this.spool = spool;
    }

    @Override
    public void write(byte[] octets, int offset, int length) {
        if (inBody) {
            store(octets, offset, length);
            return;
        }
        keep(octets, offset, length);
        if (blankLineKept()) {
            endHeader();
        } else if (kept > HEADER_OCTETS) {
            throw refused(552, "5.3.4", "The header is larger than " + HEADER_OCTETS + " octets");
        }
    }

    private void keep(byte[] octets, int offset, int length) {
        if (header.length - kept < length) {
            header = Arrays.copyOf(header, Math.max(kept + length, header.length * 2));
        }
        System.arraycopy(octets, offset, header, kept, length);
        kept += length;
    }

    /// True if what is kept holds an empty line. Looks at each octet once; a CRLF that is cut apart is found when its
    /// rest has come.
    private boolean blankLineKept() {
        while (searched + 1 < kept) {
            if (header[searched] == '\r' && header[searched + 1] == '\n') {
                boolean blank = searched == 0
                        || (searched >= 2 && header[searched - 2] == '\r' && header[searched - 1] == '\n');
                if (blank) {
                    return true;
                }
            }
            searched++;
        }
        return false;
    }

    private void endHeader() {
        var fields = new SubmittedHeader(header, kept);
        if (fields.length() > HEADER_OCTETS) {
            throw refused(552, "5.3.4", "The header is larger than " + HEADER_OCTETS + " octets");
        }
        judge.accept(fields.originators());
        byte[] fixed = fields.fixed(received, domain, now);
        store(fixed, 0, fixed.length);
        int rest = fields.length();
        boolean blankLine = kept - rest >= 2 && header[rest] == '\r' && header[rest + 1] == '\n';
        if (!blankLine) {
            store(CRLF, 0, 2); // what follows was never a field: now nobody can take it for one
        }
        store(header, rest, kept - rest);
        inBody = true;
        header = CRLF;
        kept = 0;
    }

    /// The message has ended; if it is a header only, this was its end.
    void finish() {
        if (!inBody) {
            endHeader();
        }
    }

    private void store(byte[] octets, int offset, int length) {
        try {
            spool.write(octets, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be spooled", e);
        }
    }
}
