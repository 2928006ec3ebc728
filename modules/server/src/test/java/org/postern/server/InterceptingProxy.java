package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.postern.testkit.TestCertificate;

/// Somebody between client and server on an IMAP port with STARTTLS, who holds a certificate that the client trusts:
/// reads everything, and hands it on.
final class InterceptingProxy implements AutoCloseable {
    private final InetSocketAddress server;
    private final SSLContext towardsServer;
    private final SSLContext towardsClient;
    private final UnaryOperator<String> tampering;
    private final ServerSocket listening;

    /// @param rogue what the client is shown
    /// @param tampering changes each line that the server says inside TLS
    InterceptingProxy(
            InetSocketAddress server, SSLContext trust, TestCertificate rogue, UnaryOperator<String> tampering)
            throws IOException {
        this.server = server;
        this.towardsServer = trust;
        this.towardsClient = serving(rogue);
        this.tampering = tampering;
        this.listening = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
        Thread.ofVirtual().start(this::accept);
    }

    private static SSLContext serving(TestCertificate certificate) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("rogue", certificate.key(), new char[0], new Certificate[] {certificate.certificate()});
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Thread.ofVirtual().start(() -> intercept(client));
            }
        } catch (IOException e) {
            // closed: the test is over
        }
    }

    private void intercept(Socket client) {
        try (client;
                Socket upstream = new Socket(server.getAddress(), server.getPort())) {
            while (true) {
                String line = readLine(upstream.getInputStream());
                client.getOutputStream().write(line.getBytes(ISO_8859_1));
                if (line.contains(" OK Begin TLS")) {
                    break;
                }
                if (line.startsWith("* CAPABILITY")) {
                    continue; // its tagged line follows
                }
                String command = readLine(client.getInputStream());
                upstream.getOutputStream().write(command.getBytes(ISO_8859_1));
            }
            var inner = (SSLSocket) towardsServer.getSocketFactory().createSocket(upstream, "localhost", 0, true);
            var outer = (SSLSocket) towardsClient.getSocketFactory().createSocket(client, null, 0, true);
            outer.setUseClientMode(false);
            inner.startHandshake();
            outer.startHandshake();
            Thread.ofVirtual().start(() -> relay(outer, inner, UnaryOperator.identity()));
            relay(inner, outer, tampering);
        } catch (IOException e) {
            // either end left
        }
    }

    private static void relay(Socket from, Socket to, UnaryOperator<String> change) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (String line = readLine(in); !line.isEmpty(); line = readLine(in)) {
                out.write(change.apply(line).getBytes(ISO_8859_1));
            }
            to.close();
        } catch (IOException e) {
            // either end left
        }
    }

    /// With its end; empty at the end of the stream.
    private static String readLine(InputStream in) throws IOException {
        var line = new ByteArrayOutputStream();
        for (int octet = in.read(); octet >= 0; octet = in.read()) {
            line.write(octet);
            if (octet == '\n') {
                break;
            }
        }
        return line.toString(ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
