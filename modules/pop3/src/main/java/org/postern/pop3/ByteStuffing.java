package org.postern.pop3;

import java.io.IOException;

/// Makes the lines of a multi-line response (RFC 1939 §3) of a message's octets, as they come, in runs as
/// large as they come: every line ends in CRLF, the last one too, and one that begins with a dot gets
/// another before it.
///
/// A bare LF becomes a line end as well: many clients take it for one, and to them a dot between two bare
/// LFs would end the response, so that the rest of a message could pose as answers of the server.
final class ByteStuffing {
    /// Where the lines go.
    interface Sink {
        void write(byte[] octets, int offset, int length) throws IOException;
    }

    /// As many lines of the body as there are.
    static final long WHOLE = Long.MAX_VALUE;

    private static final byte[] CRLF = {'\r', '\n'};
    private static final byte[] DOT = {'.'};

    private final Sink sink;
    private long linesLeft; // of the body
    private boolean inBody;
    private boolean lineStart = true;
    private boolean onlyCarriageReturn; // since the line began
    private boolean afterCarriageReturn;
    private long size;

    /// @param bodyLines how many lines to let through after the empty line that ends the header
    ByteStuffing(Sink sink, long bodyLines) {
        this.sink = sink;
        this.linesLeft = bodyLines;
    }

    /// True once all the lines asked for are out: what follows is not looked at.
    boolean complete() {
        return inBody && linesLeft == 0;
    }

    /// Octets let through so far, with the line ends that were added and without the dots that were
    /// stuffed in.
    long size() {
        return size;
    }

    void write(byte[] octets, int from, int to) throws IOException {
        int run = from; // the first octet that is not handed on yet
        int at = from;
        while (at < to && !complete()) {
            if (octets[at] == '\n') {
                if (!afterCarriageReturn) {
                    hand(octets, run, at);
                    hand(CRLF, 0, CRLF.length);
                    run = at + 1;
                }
                at++;
                endLine();
                continue;
            }
            if (lineStart && octets[at] == '.') {
                hand(octets, run, at);
                sink.write(DOT, 0, 1);
                run = at;
            }
            int start = at;
            while (at < to && octets[at] != '\n') {
                at++;
            }
            afterCarriageReturn = octets[at - 1] == '\r';
            onlyCarriageReturn = lineStart && afterCarriageReturn && at - start == 1;
            lineStart = false;
        }
        hand(octets, run, at);
    }

    private void endLine() {
        if (inBody) {
            linesLeft--;
        } else if (lineStart || onlyCarriageReturn) {
            inBody = true;
        }
        lineStart = true;
        afterCarriageReturn = false;
    }

    /// After the last octet: ends a last line that has no end.
    void finish() throws IOException {
        if (!lineStart) {
            hand(CRLF, 0, CRLF.length);
            lineStart = true;
        }
    }

    private void hand(byte[] octets, int from, int to) throws IOException {
        if (from < to) {
            sink.write(octets, from, to - from);
            size += to - from;
        }
    }
}
