package org.postern.smtp;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.function.Function;

/// Takes a message as it comes: keeps the header, within a bound, until it is whole, has it judged and
/// edited, and then lets the body through.
public final class EditedMessage implements MessageSink {
    static final int HEADER_OCTETS = 1024 * 1024;
    private static final byte[] CRLF = {'\r', '\n'};

    /// Where the edited message goes.
    public interface Output {
        void write(byte[] octets, int offset, int length) throws IOException;
    }

    private final Function<HeaderFields, byte[]> editor;
    private final Output output;

    private byte[] header = new byte[8 * 1024];
    private int kept;
    private int searched;
    private boolean inBody;

    /// @param editor called once, when the header is whole; returns it as it is to be kept, without the blank
    ///   line; may refuse the message by throwing
    public EditedMessage(Function<HeaderFields, byte[]> editor, Output output) {
        this.editor = editor;
        this.output = output;
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
            throw SmtpRefusal.refused(552, "5.3.4", "The header is larger than " + HEADER_OCTETS + " octets");
        }
    }

    private void keep(byte[] octets, int offset, int length) {
        if (header.length - kept < length) {
            header = Arrays.copyOf(header, Math.max(kept + length, header.length * 2));
        }
        System.arraycopy(octets, offset, header, kept, length);
        kept += length;
    }

    /// True if what is kept holds an empty line. Looks at each octet once; a CRLF that is cut apart is found
    /// when its rest has come.
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
        var fields = new HeaderFields(header, kept);
        if (fields.length() > HEADER_OCTETS) {
            throw SmtpRefusal.refused(552, "5.3.4", "The header is larger than " + HEADER_OCTETS + " octets");
        }
        byte[] edited = editor.apply(fields);
        store(edited, 0, edited.length);
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
    public void finish() {
        if (!inBody) {
            endHeader();
        }
    }

    private void store(byte[] octets, int offset, int length) {
        try {
            output.write(octets, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be kept", e);
        }
    }
}
