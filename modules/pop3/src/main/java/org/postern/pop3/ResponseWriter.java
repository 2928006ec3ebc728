package org.postern.pop3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Base64;
import org.postern.session.Connection;

/// Writes responses (RFC 1939 §3). Nothing is sent before the session waits: answers to pipelined
/// commands share packets (RFC 2449 §6.6). For the session's thread.
final class ResponseWriter {
    private static final int BUFFER_OCTETS = 16 * 1024;
    private static final byte[] END = {'.', '\r', '\n'};

    private final Connection connection;
    private boolean insideResponse;

    ResponseWriter(Connection connection) {
        this.connection = connection;
    }

    /// True while a multi-line response has begun and not ended.
    boolean isInsideResponse() {
        return insideResponse;
    }

    void ok(String text) throws IOException {
        line("+OK " + text);
    }

    void error(String text) throws IOException {
        line("-ERR " + text);
    }

    /// continue-req = "+" SP [base64] ; RFC 5034 §5
    void challenge(byte[] data) throws IOException {
        line("+ " + Base64.getEncoder().encodeToString(data));
    }

    void begin(String text) throws IOException {
        ok(text);
        insideResponse = true;
    }

    /// A line that does not begin with a dot.
    void line(String text) throws IOException {
        connection.writeAscii(text + "\r\n");
    }

    void end() throws IOException {
        connection.write(END);
        insideResponse = false;
    }

    /// A message, its header and at most so many lines of its body.
    void message(String text, InputStream octets, long bodyLines) throws IOException {
        begin(text);
        var lines = new ByteStuffing(connection::write, bodyLines);
        byte[] buffer = new byte[BUFFER_OCTETS];
        for (int count = read(octets, buffer); count >= 0 && !lines.complete(); count = read(octets, buffer)) {
            lines.write(buffer, 0, count);
        }
        lines.finish();
        end();
    }

    /// A failure to read the store is a fault of ours, not of the connection.
    static int read(InputStream octets, byte[] buffer) {
        try {
            return octets.read(buffer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
