package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;

/// Text of a file as it goes over the wire: a LF alone becomes CRLF, and NUL becomes 0x80, as Dovecot serves it
/// (RFC 9051 §9: a literal holds no NUL). A CR alone stays. Large reads only: there is no buffer for single octets.
final class CrlfInputStream extends InputStream {
    private final InputStream in;
    private final byte[] raw = new byte[32 * 1024];
    private int from;
    private int to;
    private boolean afterCr;
    private boolean owesLf;

    CrlfInputStream(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (from == to && !owesLf && !fill()) {
            return -1;
        }
        int at = offset;
        int end = offset + length;
        if (owesLf) {
            into[at++] = '\n';
            owesLf = false;
        }
        while (at < end && from < to) {
            byte octet = raw[from++];
            if (octet == '\n' && !afterCr) {
                into[at++] = '\r';
                if (at == end) {
                    owesLf = true;
                    break;
                }
            }
            afterCr = octet == '\r';
            into[at++] = octet == 0 ? (byte) 0x80 : octet;
        }
        return at - offset;
    }

    private boolean fill() throws IOException {
        from = 0;
        to = Math.max(0, in.read(raw, 0, raw.length));
        return to > 0;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
