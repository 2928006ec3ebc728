package org.postern.mua;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A connection to a server: lines, in clear at first, and inside of TLS after [#startTls]. Blocking, for one
/// thread at a time; one deadline covers all that is done until it is set anew. Nothing is buffered without bound.
final class Wire implements AutoCloseable {
    /// RFC 9051 asks a client for 8,192 octets at least; a line of SMTP has 512 (RFC 5321 §4.5.3.1.5)
    private static final int LONGEST_LINE = 16_384;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private long deadline; // by System.nanoTime
    private @Nullable TlsLayer tls; // null before TLS
    private byte[] octets = new byte[0]; // read and not yet consumed, from `next` on
    private int next;

    private Wire(Socket socket, long deadline) throws IOException {
        this.socket = socket;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
        this.deadline = deadline;
    }

    static Wire connect(InetSocketAddress address, Duration patience) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        Socket socket = new Socket();
        try {
            socket.setTcpNoDelay(true);
            socket.connect(address, (int) Math.max(1, patience.toMillis()));
            return new Wire(socket, deadline);
        } catch (IOException e) {
            socket.close();
            throw new WireException(ClientRule.UNREACHABLE, address + ": " + e.getMessage());
        }
    }

    void patience(Duration patience) {
        deadline = System.nanoTime() + patience.toNanos();
    }

    Socket socket() {
        return socket;
    }

    boolean secured() {
        return tls != null;
    }

    /// Octets as they come from the network, at least one.
    int receive(byte[] buffer) throws IOException {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new WireException(ClientRule.DEADLINE, "");
        }
        try {
            socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
            int count = in.read(buffer);
            if (count < 0) {
                throw new WireException(ClientRule.CONNECTION_LOST, "the server closed it");
            }
            return count;
        } catch (SocketTimeoutException e) {
            throw new WireException(ClientRule.DEADLINE, "");
        } catch (WireException e) {
            throw e;
        } catch (IOException e) {
            throw new WireException(ClientRule.CONNECTION_LOST, String.valueOf(e.getMessage()));
        }
    }

    void transmit(byte[] buffer, int length) throws IOException {
        try {
            out.write(buffer, 0, length);
            out.flush();
        } catch (IOException e) {
            throw new WireException(ClientRule.CONNECTION_LOST, String.valueOf(e.getMessage()));
        }
    }

    /// False where the server has closed TLS.
    private boolean fill() throws IOException {
        if (tls != null) {
            octets = tls.read();
        } else {
            byte[] buffer = new byte[LONGEST_LINE];
            int count = receive(buffer);
            octets = Arrays.copyOf(buffer, count);
        }
        next = 0;
        return octets.length > 0;
    }

    /// One line without its end; octets stand as characters (ISO 8859-1).
    String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            while (next < octets.length) {
                byte octet = octets[next++];
                if (octet == '\n') {
                    String text = line.toString(ISO_8859_1);
                    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
                }
                line.write(octet);
                if (line.size() > LONGEST_LINE) {
                    throw new WireException(ClientRule.LINE_TOO_LONG, "more than " + LONGEST_LINE + " octets");
                }
            }
            if (!fill()) {
                throw new WireException(ClientRule.CONNECTION_LOST, "the server closed TLS");
            }
        }
    }

    /// As a stream does: -1 after the server has closed TLS in good order.
    int read(byte[] buffer, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (next >= octets.length && !fill()) {
            return -1;
        }
        int count = Math.min(length, octets.length - next);
        System.arraycopy(octets, next, buffer, offset, count);
        next += count;
        return count;
    }

    void writeLine(String line) throws IOException {
        if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
            throw new IllegalArgumentException("a line holds no line end");
        }
        write((line + "\r\n").getBytes(ISO_8859_1));
    }

    void write(byte[] data) throws IOException {
        if (tls != null) {
            tls.write(data);
        } else {
            transmit(data, data.length);
        }
    }

    /// Whether the server has sent more than was read. Before a handshake that is somebody's injection: the server
    /// has nothing to say until the client has spoken.
    boolean hasMore() throws IOException {
        return next < octets.length || (tls == null && in.available() > 0);
    }

    /// The handshake. What was buffered in clear never gets past it (ST-16, ST-17).
    TlsSession startTls(TlsLayer layer) throws IOException {
        if (hasMore()) {
            throw new WireException(
                    layer.afterStartTls() ? ClientRule.STARTTLS_INJECTED : ClientRule.CLEAR_ON_TLS_PORT, "");
        }
        octets = new byte[0];
        next = 0;
        TlsSession session = layer.handshake(this);
        tls = layer;
        return session;
    }

    /// close_notify first where there is TLS (RFC 8314 §3.4); never waits for the other side's.
    @Override
    public void close() {
        try (socket) {
            if (tls != null) {
                tls.close();
            }
        } catch (IOException e) {
            return; // it is closed, which is all that was wanted
        }
    }
}
