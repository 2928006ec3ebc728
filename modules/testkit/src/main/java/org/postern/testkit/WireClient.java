package org.postern.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/// A client's end of a connection, line by line: no protocol of its own. Characters are octets (ISO 8859-1).
public final class WireClient implements AutoCloseable {
    private static final int PATIENCE = 30_000; // milliseconds

    private final Socket connected;
    private Socket socket;
    private InputStream in;

    private WireClient(Socket socket) throws IOException {
        this.connected = socket;
        use(socket);
    }

    private void use(Socket current) throws IOException {
        socket = current;
        socket.setSoTimeout(PATIENCE);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    public static WireClient plain(InetSocketAddress address) throws IOException {
        return new WireClient(new Socket(address.getAddress(), address.getPort()));
    }

    /// By a Unix socket. It waits for answers without end: the test needs a timeout.
    public static WireClient unixSocket(Path path) throws IOException {
        return new WireClient(new UnixSocket(SocketChannel.open(UnixDomainSocketAddress.of(path))));
    }

    /// Just enough of a [Socket] for a client.
    private static final class UnixSocket extends Socket {
        private final SocketChannel channel;

        UnixSocket(SocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public InputStream getInputStream() {
            return Channels.newInputStream(channel);
        }

        @Override
        public OutputStream getOutputStream() {
            return Channels.newOutputStream(channel);
        }

        @Override
        public void setSoTimeout(int milliseconds) {
            // a channel that blocks has none
        }

        @Override
        public void setTcpNoDelay(boolean on) {
            // it is no TCP
        }

        @Override
        public boolean isConnected() {
            return true; // asked by those who put TLS on top
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    public static WireClient implicitTls(InetSocketAddress address, SSLContext trust) throws IOException {
        WireClient client = plain(address);
        try {
            client.startTls(trust);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /// The handshake, with the server verified as localhost.
    public void startTls(SSLContext trust) throws IOException {
        var secure =
                (SSLSocket) trust.getSocketFactory().createSocket(connected, "localhost", connected.getPort(), true);
        SSLParameters parameters = secure.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secure.setSSLParameters(parameters);
        secure.startHandshake();
        use(secure);
    }

    public void send(byte[] octets) throws IOException {
        socket.getOutputStream().write(octets);
        socket.getOutputStream().flush();
    }

    public void send(String text) throws IOException {
        send(text.getBytes(ISO_8859_1));
    }

    public void sendLine(String text) throws IOException {
        send(text + "\r\n");
    }

    public void patience(Duration duration) throws IOException {
        socket.setSoTimeout((int) duration.toMillis());
    }

    /// The next line without its CRLF; null at the end of the connection.
    public @Nullable String readLine() throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            int octet;
            try {
                octet = in.read();
            } catch (SocketException | SSLException reset) {
                octet = -1; // a server that refuses may reset
            }
            if (octet < 0) {
                return line.size() == 0 ? null : line.toString(ISO_8859_1);
            }
            if (octet == '\n') {
                String text = line.toString(ISO_8859_1);
                return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text + " (ended by a bare LF)";
            }
            line.write(octet);
        }
    }

    /// Reads until a line begins with `prefix`; returns all lines read, that one last.
    public List<String> readUntil(String prefix) throws IOException {
        List<String> lines = new ArrayList<>();
        while (true) {
            String line = readLine();
            if (line == null) {
                throw new IOException("the server ended the connection before '" + prefix + "'; it said " + lines);
            }
            lines.add(line);
            if (line.startsWith(prefix)) {
                return lines;
            }
        }
    }

    /// Sends a line and reads until the line that begins with `prefix`.
    public List<String> command(String line, String prefix) throws IOException {
        sendLine(line);
        return readUntil(prefix);
    }

    public byte[] readOctets(int count) throws IOException {
        return in.readNBytes(count);
    }

    /// Goes away with a reset, as a client that crashed or lost its network.
    public void abort() throws IOException {
        connected.setSoLinger(true, 0);
        connected.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        connected.close();
    }
}
