package org.postern.mua;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// A client's side of TLS 1.2 and 1.3 on a [Wire], by the JDK's engine. The handshake takes any certificate: it is
/// judged afterwards, before anything of an account is sent ([Judge]), so that a report can show what was
/// presented.
final class TlsLayer {
    /// RFC 9325 §4.2: forward secrecy and authenticated encryption only
    private static final Pattern SUITES =
            Pattern.compile("TLS_(AES|CHACHA20)_.*|TLS_ECDHE_(ECDSA|RSA)_WITH_.*(_GCM_|_CHACHA20_).*");

    private static final SSLContext CONTEXT = context();

    private final SSLEngine engine;
    private final Optional<String> serverName;
    private final String applicationProtocol;
    private final boolean afterStartTls;
    private final HandshakeReader reader = new HandshakeReader();
    private ByteBuffer received; // from the network, ready to be read
    private @Nullable Wire wire;
    private boolean established;
    private byte[] early = new byte[0]; // came with the server's last flight; read first

    /// @param applicationProtocol to be offered by ALPN; empty for none
    TlsLayer(Optional<String> serverName, String applicationProtocol, boolean afterStartTls) {
        Optional<SNIHostName> indication = serverName.flatMap(TlsLayer::indication);
        this.serverName = indication.map(SNIHostName::getAsciiName);
        this.applicationProtocol = applicationProtocol;
        this.afterStartTls = afterStartTls;
        engine = CONTEXT.createSSLEngine(); // without host and port: no session is resumed
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"}); // RFC 8997 §3
        parameters.setCipherSuites(Arrays.stream(engine.getSupportedCipherSuites())
                .filter(suite -> SUITES.matcher(suite).matches())
                .toArray(String[]::new));
        indication.ifPresent(name -> parameters.setServerNames(List.of(name)));
        if (!applicationProtocol.isEmpty()) {
            parameters.setApplicationProtocols(new String[] {applicationProtocol});
        }
        engine.setSSLParameters(parameters);
        received = ByteBuffer.allocate(engine.getSession().getPacketBufferSize() * 2)
                .flip();
    }

    /// A host with an underscore has a name in DNS and in certificates, and none in SNI (RFC 6066 §3).
    private static Optional<SNIHostName> indication(String name) {
        try {
            return Optional.of(new SNIHostName(name));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new JudgedLater()}, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the Java runtime has no TLS", e);
        }
    }

    /// Extended, so that the runtime adds no checks of its own that would hide what was presented.
    private static final class JudgedLater extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            throw new IllegalStateException("a client meets no clients");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
            throw new IllegalStateException("a client meets no clients");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            throw new IllegalStateException("a client meets no clients");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    boolean afterStartTls() {
        return afterStartTls;
    }

    TlsSession handshake(Wire over) throws IOException {
        wire = over;
        try {
            engine.beginHandshake();
            ByteBuffer nothing = ByteBuffer.allocate(0);
            ByteBuffer data = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK -> tasks();
                    case NEED_WRAP -> wrap(nothing);
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (unwrap(data) == SSLEngineResult.Status.CLOSED) {
                            throw new WireException(ClientRule.HANDSHAKE_FAILED, "the server closed TLS");
                        }
                    }
                    case FINISHED, NOT_HANDSHAKING -> {
                        established = true;
                        early = Arrays.copyOf(data.array(), data.position());
                        return session();
                    }
                }
            }
        } catch (SSLException e) {
            throw failure(e);
        }
    }

    private WireException failure(SSLException e) {
        if (reader.notTls()) {
            return new WireException(
                    afterStartTls ? ClientRule.CLEAR_AFTER_STARTTLS : ClientRule.CLEAR_ON_TLS_PORT, "");
        }
        if (reader.versionTooOld()) {
            return new WireException(
                    ClientRule.VERSION_TOO_OLD, reader.version().orElse("an alert says so"));
        }
        if (reader.foreignApplicationProtocol(applicationProtocol)) {
            return new WireException(ClientRule.WRONG_APPLICATION_PROTOCOL, "");
        }
        return new WireException(
                established ? ClientRule.CONNECTION_LOST : ClientRule.HANDSHAKE_FAILED, String.valueOf(e.getMessage()));
    }

    private TlsSession session() throws IOException {
        if (reader.version().filter("TLSv1.2"::equals).isPresent()) {
            if (!reader.renegotiationInfo()) {
                throw new WireException(ClientRule.NO_RENEGOTIATION_INDICATION, "");
            }
            if (!reader.extendedMasterSecret()) {
                throw new WireException(ClientRule.NO_EXTENDED_MASTER_SECRET, "");
            }
        }
        ExtendedSSLSession session = (ExtendedSSLSession) engine.getSession();
        String chosen = engine.getApplicationProtocol();
        if (chosen != null && !chosen.isEmpty() && !chosen.equals(applicationProtocol)) {
            throw new WireException(ClientRule.WRONG_APPLICATION_PROTOCOL, chosen);
        }
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : session.getPeerCertificates()) {
            chain.add((X509Certificate) certificate);
        }
        return new TlsSession(
                session.getProtocol(),
                session.getCipherSuite(),
                reader.group(),
                serverName,
                Optional.ofNullable(chosen).filter(name -> !name.isEmpty()),
                chain,
                session.getStatusResponses().stream()
                        .filter(response -> response.length > 0)
                        .toList());
    }

    private void tasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private Wire wire() {
        if (wire == null) {
            throw new IllegalStateException("no handshake yet");
        }
        return wire;
    }

    private void wrap(ByteBuffer data) throws IOException {
        ByteBuffer packet = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(data, packet);
        if (packet.position() > 0) {
            wire().transmit(packet.array(), packet.position());
        }
    }

    /// One record at most; reads from the network where there is not enough.
    private SSLEngineResult.Status unwrap(ByteBuffer data) throws IOException {
        while (true) {
            SSLEngineResult result = engine.unwrap(received, data);
            switch (result.getStatus()) {
                case BUFFER_UNDERFLOW -> receive();
                case BUFFER_OVERFLOW -> throw new WireException(ClientRule.LINE_TOO_LONG, "in a handshake");
                case OK, CLOSED -> {
                    return result.getStatus();
                }
            }
        }
    }

    private void receive() throws IOException {
        byte[] octets = new byte[8_192];
        int count = wire().receive(octets);
        reader.accept(octets, count);
        if (reader.notTls() && !established) {
            throw failure(new SSLException("not TLS"));
        }
        received.compact();
        if (received.remaining() < count) {
            throw new WireException(ClientRule.LINE_TOO_LONG, "a record of TLS");
        }
        received.put(octets, 0, count).flip();
    }

    /// Data from inside, at least one octet; none after a close_notify (a bare end of the connection is a fault).
    byte[] read() throws IOException {
        if (early.length > 0) {
            byte[] first = early;
            early = new byte[0];
            return first;
        }
        ByteBuffer data = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        try {
            while (data.position() == 0) {
                if (unwrap(data) == SSLEngineResult.Status.CLOSED) {
                    return Arrays.copyOf(data.array(), data.position());
                }
                settle();
            }
        } catch (SSLException e) {
            throw failure(e);
        }
        return Arrays.copyOf(data.array(), data.position());
    }

    /// Tickets and key updates of TLS 1.3 are answered; another handshake is not (RFC 9325 §3.5).
    private void settle() throws IOException {
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> tasks();
                case NEED_WRAP -> {
                    if (engine.getSession().getProtocol().equals("TLSv1.2")) {
                        throw new WireException(ClientRule.RENEGOTIATION, "");
                    }
                    wrap(ByteBuffer.allocate(0));
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN, FINISHED, NOT_HANDSHAKING -> {
                    return;
                }
            }
        }
    }

    void write(byte[] octets) throws IOException {
        ByteBuffer data = ByteBuffer.wrap(octets);
        try {
            while (data.hasRemaining()) {
                wrap(data);
                if (engine.isOutboundDone()) {
                    throw new WireException(ClientRule.CONNECTION_LOST, "TLS is closed");
                }
            }
        } catch (SSLException e) {
            throw failure(e);
        }
    }

    void close() throws IOException {
        engine.closeOutbound();
        wrap(ByteBuffer.allocate(0));
    }
}
