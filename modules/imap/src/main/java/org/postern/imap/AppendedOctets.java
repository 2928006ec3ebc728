package org.postern.imap;

import java.io.IOException;

/// Looks at the octets of an appended message on their way: whether there is a NUL, and whether the header is more
/// than ASCII.
final class AppendedOctets implements WireReader.OctetSink {
    private final WireReader.OctetSink sink;
    private boolean inHeader = true;
    private boolean lineEmpty = true;
    private boolean eightBitHeader;
    private boolean nul;

    AppendedOctets(WireReader.OctetSink sink) {
        this.sink = sink;
    }

    boolean eightBitHeader() {
        return eightBitHeader;
    }

    boolean nul() {
        return nul;
    }

    @Override
    public void write(byte[] octets, int offset, int length) throws IOException {
        int end = offset + length;
        int at = offset;
        while (at < end && inHeader) {
            lookAtHeader(octets[at++]);
        }
        while (at < end && !nul) {
            nul = octets[at++] == 0;
        }
        sink.write(octets, offset, length);
    }

    private void lookAtHeader(byte octet) {
        if (octet == '\n') {
            inHeader = !lineEmpty; // the blank line
            lineEmpty = true;
        } else if (octet != '\r') {
            lineEmpty = false;
            eightBitHeader |= octet < 0;
            nul |= octet == 0;
        }
    }
}
