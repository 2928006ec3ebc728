package org.postern.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/// A client of IMAP with implicit TLS 1.3 that has read the greeting.
final class ImapClient implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final SSLSocket socket;
    private final InputStream in;
    private final boolean resumed;

    ImapClient(SSLContext context, int port) throws IOException {
        long before = System.currentTimeMillis();
        Socket connection = new Socket();
        connection.setTcpNoDelay(true);
        connection.connect(new InetSocketAddress(LOOPBACK, port), 30_000);
        connection.setSoTimeout(60_000);
        socket = (SSLSocket) context.getSocketFactory().createSocket(connection, "localhost", port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setNamedGroups(new String[] {"x25519"}); // the same key exchange with each server
        parameters.setCipherSuites(new String[] {"TLS_AES_128_GCM_SHA256"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        // a resumed session is the old one, and has its time
        resumed = socket.getSession().getCreationTime() < before;
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
        expect("* OK");
    }

    static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, LOOPBACK)) {
            return socket.getLocalPort();
        }
    }

    /// Returns when something accepts connections at the port.
    ///
    /// @throws IOException if that does not come within a minute, or the server has ended
    static void await(int port, BooleanSupplier alive) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (true) {
            try (var socket = new Socket()) {
                socket.connect(new InetSocketAddress(LOOPBACK, port), 1000);
                return;
            } catch (IOException notYet) {
                if (!alive.getAsBoolean() || System.nanoTime() > deadline) {
                    throw notYet;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
        }
    }

    boolean resumed() {
        return resumed;
    }

    /// The next connection of this context begins a new session.
    void forgetSession() {
        socket.getSession().invalidate();
    }

    private String line() throws IOException {
        var octets = new ByteArrayOutputStream();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0) {
                throw new IOException("the server ended the session");
            }
            octets.write(octet);
        }
        return octets.toString(US_ASCII).stripTrailing();
    }

    private String expect(String start) throws IOException {
        String line = line();
        while (!line.startsWith(start)) {
            if (line.startsWith("a NO") || line.startsWith("a BAD")) {
                throw new IOException("expected " + start + ", not: " + line);
            }
            line = line();
        }
        return line;
    }

    private void say(String line) throws IOException {
        socket.getOutputStream().write((line + "\r\n").getBytes(US_ASCII));
    }

    void login() throws IOException {
        say("a LOGIN " + ServerUnderTest.USER + " " + ServerUnderTest.PASSWORD);
        expect("a OK");
    }

    void append(byte[] message) throws IOException {
        say("a APPEND INBOX {" + message.length + "}");
        expect("+");
        socket.getOutputStream().write(message);
        say("");
        expect("a OK");
    }

    void select() throws IOException {
        say("a SELECT INBOX");
        expect("a OK");
    }

    /// Reads the whole of message 1, and throws it away.
    ///
    /// @return octets
    long fetch() throws IOException {
        say("a FETCH 1 BODY.PEEK[]");
        String line = expect("* 1 FETCH");
        long size = Long.parseLong(line.substring(line.lastIndexOf('{') + 1, line.length() - 1));
        in.skipNBytes(size);
        expect("a OK");
        return size;
    }

    void logout() throws IOException {
        say("a LOGOUT");
        try {
            expect("a OK");
        } finally {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
