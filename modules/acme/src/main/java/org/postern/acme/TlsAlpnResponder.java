package org.postern.acme;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers tls-alpn-01 (RFC 8737), and nothing else, while it is open: handshakes of the protocol `acme-tls/1` get
/// the certificate that the authority looks for. Accepts on a virtual thread of its own, each handshake on another.
final class TlsAlpnResponder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TlsAlpnResponder.class);
    private static final String PROTOCOL = "acme-tls/1";
    private static final int PATIENCE = 10_000; // milliseconds
    private static final char[] NO_PASSWORD = new char[0];

    private final SSLServerSocket server;

    TlsAlpnResponder(InetSocketAddress address, KeyPair pair, X509Certificate certificate) throws IOException {
        server = (SSLServerSocket)
                context(pair, certificate).getServerSocketFactory().createServerSocket();
        server.setReuseAddress(true);
        server.bind(address);
        Thread.ofVirtual().name("tls-alpn-01").start(this::accept);
    }

    private static SSLContext context(KeyPair pair, X509Certificate certificate) throws IOException {
        try {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, NO_PASSWORD);
            keys.setKeyEntry("challenge", pair.getPrivate(), NO_PASSWORD, new Certificate[] {certificate});
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("the certificate for a challenge cannot be shown", e);
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                SSLSocket socket = (SSLSocket) server.accept();
                Thread.ofVirtual().name("tls-alpn-01").start(() -> shake(socket));
            } catch (IOException closed) {
                LOG.debug("tls-alpn-01 no longer listens: {}", closed.getMessage());
            }
        }
    }

    private static void shake(SSLSocket socket) {
        try (socket) {
            socket.setSoTimeout(PATIENCE);
            socket.setHandshakeApplicationProtocolSelector(
                    (_, offered) -> offered.contains(PROTOCOL) ? PROTOCOL : null);
            socket.startHandshake();
        } catch (IOException strangers) {
            LOG.debug("tls-alpn-01: a handshake failed: {}", strangers.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
