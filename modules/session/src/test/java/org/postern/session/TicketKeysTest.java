package org.postern.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.tls.RetiredVersions;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsSettings;

/// How long a ticket is good, with a clock of our own: BoringSSL's keys are ours, the JDK's are its own.
class TicketKeysTest {
    private static final TestCertificate CERTIFICATE = TestCertificate.forLocalhost("mail.example.test");

    private final AtomicLong clock = new AtomicLong();
    private final BoringSslEngines engines = new BoringSslEngines(
            new TlsSettings(TlsEngine.BORINGSSL, RetiredVersions.REFUSE),
            new ServedCertificates(
                    List.of(new ServedCertificate(CERTIFICATE.key(), List.of(CERTIFICATE.certificate())))),
            clock::get);

    /// A client that remembers its TLS sessions.
    private final class Client implements X509TrustManager {
        private final SSLContext context;
        private final AtomicInteger fullHandshakes = new AtomicInteger();

        Client() throws Exception {
            context = SSLContext.getInstance("TLSv1.2"); // whose tickets come within the handshake
            context.init(null, new TrustManager[] {this}, null);
        }

        /// True where no certificate had to be looked at.
        boolean resumes() throws SSLException {
            int before = fullHandshakes.get();
            SSLEngine client = context.createSSLEngine("mail.example.test", 993);
            client.setUseClientMode(true);
            SSLEngine server = engines.newEngine(
                    new TlsEngines.Client(Optional.of("mail.example.test"), true, false),
                    new WordsProtocol(),
                    UnpooledByteBufAllocator.DEFAULT);
            handshake(client, server);
            return fullHandshakes.get() == before;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {
            throw new IllegalStateException("a server that is a client");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            fullHandshakes.incrementAndGet();
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static void handshake(SSLEngine client, SSLEngine server) throws SSLException {
        ByteBuffer toServer = ByteBuffer.allocate(64 << 10);
        ByteBuffer toClient = ByteBuffer.allocate(64 << 10);
        client.beginHandshake();
        server.beginHandshake();
        for (int round = 0; round < 100 && (busy(client) || busy(server)); round++) {
            step(client, toClient, toServer);
            step(server, toServer, toClient);
        }
        assertThat(busy(client) || busy(server)).isFalse();
    }

    private static boolean busy(SSLEngine engine) {
        return engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
    }

    /// As much as one side can do for now.
    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        ByteBuffer nothing = ByteBuffer.allocate(32 << 10);
        in.flip();
        for (int turn = 0; turn < 20 && busy(engine); turn++) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> {
                    for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                        task.run();
                    }
                }
                case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (engine.unwrap(in, nothing.clear()).getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW
                            || !in.hasRemaining()) {
                        turn = 20;
                    }
                }
                case NOT_HANDSHAKING, FINISHED -> turn = 20;
            }
        }
        in.compact();
    }

    @Test
    @Requirement("TLS-4")
    void aTicketIsReadUnderTheKeyBeforeAndThenNeverAgain() throws Exception {
        Client early = new Client();
        Client late = new Client();
        Client silent = new Client();
        for (Client client : List.of(early, late, silent)) {
            assertThat(client.resumes()).isFalse();
            assertThat(client.resumes()).isTrue();
        }
        clock.addAndGet(Duration.ofHours(12).plusMinutes(1).toNanos());
        assertThat(early.resumes()).isTrue(); // there is another key now; this one still reads
        clock.addAndGet(Duration.ofHours(12).plusMinutes(1).toNanos());
        assertThat(early.resumes()).isTrue(); // it has got a ticket under the second key
        assertThat(late.resumes()).isFalse(); // the first key is gone
        // nobody comes for long: no key survives that
        clock.addAndGet(Duration.ofHours(25).toNanos());
        assertThat(silent.resumes()).isFalse();
        assertThat(early.resumes()).isFalse();
    }
}
