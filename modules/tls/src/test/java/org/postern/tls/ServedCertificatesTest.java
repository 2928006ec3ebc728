package org.postern.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;

/// Handshakes with the engines that listeners use.
class ServedCertificatesTest {
    private static ServedCertificate host;
    private static ServedCertificate hostRsa;
    private static ServedCertificate customer;
    private static ServedCertificate customerRsa;
    private static ServedCertificate wildcard;

    @BeforeAll
    static void make() {
        host = served(TestCertificate.forLocalhost("mail.example.test"));
        hostRsa = served(TestCertificate.withRsa("mail.example.test"));
        customer = served(TestCertificate.forLocalhost("customer.test", "imap.customer.test"));
        customerRsa = served(TestCertificate.withRsa("rsa.test"));
        wildcard = served(TestCertificate.forLocalhost("*.many.test"));
    }

    private static ServedCertificate served(TestCertificate made) {
        return new ServedCertificate(made.key(), List.of(made.certificate()));
    }

    @Test
    @Requirement({"R8314-44", "R8314-43"})
    void theNameThatTheClientAsksForChooses() throws Exception {
        var certificates = new ServedCertificates(List.of(host, customer, customerRsa, wildcard));
        assertThat(shown(certificates, Optional.of("mail.example.test"))).isEqualTo(host.leaf());
        assertThat(shown(certificates, Optional.of("customer.test"))).isEqualTo(customer.leaf()); // the service domain
        assertThat(shown(certificates, Optional.of("IMAP.Customer.Test"))).isEqualTo(customer.leaf()); // its SRV target
        assertThat(shown(certificates, Optional.of("a.many.test"))).isEqualTo(wildcard.leaf());
        assertThat(shown(certificates, Optional.of("a.b.many.test"))).isEqualTo(host.leaf());
        assertThat(shown(certificates, Optional.of("many.test"))).isEqualTo(host.leaf());
        assertThat(shown(certificates, Optional.empty())).isEqualTo(host.leaf());
        assertThat(shown(certificates, Optional.of("unknown.test"))).isEqualTo(host.leaf());
        // the client would rather have ECDSA, but that is for another name
        assertThat(shown(certificates, Optional.of("rsa.test"))).isEqualTo(customerRsa.leaf());
    }

    @Test
    void aNameHasTwoKindsOfKeysAndTheClientChoosesWhatItCanVerify() throws Exception {
        var certificates = new ServedCertificates(List.of(hostRsa, host, customer));
        for (Optional<String> name : List.of(Optional.of("mail.example.test"), Optional.<String>empty())) {
            assertThat(shown(certificates, name)).isEqualTo(host.leaf()); // its first choice
            assertThat(shown(certificates, name, "rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"))
                    .isEqualTo(hostRsa.leaf());
            assertThat(shown(certificates, name, "ecdsa_secp256r1_sha256")).isEqualTo(host.leaf());
        }
        // no certificate of another name in place of one that it cannot verify
        assertThatThrownBy(() -> shown(certificates, Optional.of("customer.test"), "rsa_pss_rsae_sha256"))
                .isInstanceOf(SSLHandshakeException.class);
    }

    @Test
    @Requirement("TLS-7")
    void whoAsksForAnUnknownNameMayBeRefused() throws Exception {
        var certificates = new ServedCertificates(List.of(host, customer), UnknownServerName.REFUSE);
        assertThat(shown(certificates, Optional.empty())).isEqualTo(host.leaf());
        assertThat(shown(certificates, Optional.of("customer.test"))).isEqualTo(customer.leaf());
        assertThatThrownBy(() -> shown(certificates, Optional.of("unknown.test")))
                .hasMessageContaining("unrecognized_name");
        certificates.replace(List.of(host), UnknownServerName.DEFAULT_CERTIFICATE);
        assertThat(shown(certificates, Optional.of("unknown.test"))).isEqualTo(host.leaf());
    }

    @Test
    void ofTwoForANameTheOneInItsTermIsServed() throws Exception {
        ServedCertificate expired =
                served(TestCertificate.until(Instant.now().minus(Duration.ofMinutes(1)), "customer.test"));
        var certificates = new ServedCertificates(List.of(host, expired, customer));
        assertThat(shown(certificates, Optional.of("customer.test"))).isEqualTo(customer.leaf());
        assertThat(certificates.available()).isTrue();
        assertThat(new ServedCertificates(List.of(expired)).available()).isFalse();
    }

    private static X509Certificate shown(
            ServedCertificates certificates, Optional<String> serverName, String... signatureSchemes) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anybody()}, null);
        SSLEngine client = context.createSSLEngine();
        client.setUseClientMode(true);
        SSLParameters parameters = client.getSSLParameters();
        serverName.ifPresent(name -> parameters.setServerNames(List.of(new SNIHostName(name))));
        if (signatureSchemes.length > 0) {
            parameters.setSignatureSchemes(signatureSchemes);
        }
        client.setSSLParameters(parameters);
        handshake(client, certificates.newServerEngine(RetiredVersions.REFUSE, Optional.empty(), false));
        return (X509Certificate) client.getSession().getPeerCertificates()[0];
    }

    /// Whatever one side wraps the other unwraps, until both are done.
    private static void handshake(SSLEngine client, SSLEngine server) throws SSLException {
        ByteBuffer toServer = ByteBuffer.allocate(64 << 10);
        ByteBuffer toClient = ByteBuffer.allocate(64 << 10);
        client.beginHandshake();
        server.beginHandshake();
        for (int round = 0; round < 100 && (busy(client) || busy(server)); round++) {
            step(client, toClient, toServer);
            try {
                step(server, toServer, toClient);
            } catch (SSLException refused) {
                server.wrap(ByteBuffer.allocate(0), toClient); // the alert
                step(client, toClient, toServer); // in the client's words
                throw refused;
            }
        }
        assertThat(busy(client) || busy(server)).isFalse();
    }

    private static boolean busy(SSLEngine engine) {
        return engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
    }

    private static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws SSLException {
        ByteBuffer nothing = ByteBuffer.allocate(32 << 10);
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
                default -> {
                    in.flip();
                    SSLEngineResult result = in.hasRemaining() ? engine.unwrap(in, nothing) : null;
                    in.compact();
                    if (result == null || (result.bytesConsumed() == 0 && result.bytesProduced() == 0)) {
                        return;
                    }
                }
            }
        }
    }

    /// Looks at what it is shown, whatever that is.
    private static final class Anybody implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
