package org.postern.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestCertificate;
import org.postern.tls.RetiredVersions;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsNames;

/// What is read off the wire: from a real handshake, cut anywhere, and from octets that are none.
class HandshakeWatchTest {
    private static final TestCertificate CERTIFICATE = TestCertificate.forLocalhost();

    /// Client to server, server to client, in turns.
    private static List<byte[]> flights(String version) throws Exception {
        SSLEngine server = new ServedCertificates(
                        List.of(new ServedCertificate(CERTIFICATE.key(), List.of(CERTIFICATE.certificate()))))
                .newServerEngine(RetiredVersions.REFUSE, Optional.empty(), false);
        SSLContext context = CERTIFICATE.trust();
        SSLEngine client = context.createSSLEngine();
        client.setUseClientMode(true);
        var parameters = client.getSSLParameters();
        parameters.setProtocols(new String[] {version});
        parameters.setServerNames(List.of(new SNIHostName("mail.example.test")));
        parameters.setApplicationProtocols(new String[] {"imap", "h2"});
        client.setSSLParameters(parameters);
        var serverParameters = server.getSSLParameters();
        serverParameters.setApplicationProtocols(new String[] {"imap"});
        server.setSSLParameters(serverParameters);
        List<byte[]> flights = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            flights.add(pass(client, server));
            flights.add(pass(server, client));
        }
        return flights;
    }

    private static byte[] pass(SSLEngine from, SSLEngine to) throws Exception {
        ByteBuffer records = ByteBuffer.allocate(256 * 1024);
        run(from);
        SSLEngineResult result;
        do {
            result = from.wrap(ByteBuffer.allocate(0), records);
            run(from);
        } while (result.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP);
        records.flip();
        byte[] octets = new byte[records.remaining()];
        records.duplicate().get(octets);
        ByteBuffer nothing = ByteBuffer.allocate(64 * 1024);
        while (records.hasRemaining()) {
            SSLEngineResult read = to.unwrap(records, nothing);
            run(to);
            if (read.getStatus() != SSLEngineResult.Status.OK || read.bytesConsumed() == 0) {
                break;
            }
        }
        return octets;
    }

    private static void run(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    private static HandshakeWatch watch(List<byte[]> flights, int piece) {
        var watch = new HandshakeWatch();
        var channel = new EmbeddedChannel(watch);
        for (int index = 0; index < flights.size(); index++) {
            byte[] flight = flights.get(index);
            for (int from = 0; from < flight.length; from += piece) {
                byte[] part = Arrays.copyOfRange(flight, from, Math.min(flight.length, from + piece));
                if (index % 2 == 0) {
                    channel.writeInbound(Unpooled.wrappedBuffer(part));
                } else {
                    channel.writeOutbound(Unpooled.wrappedBuffer(part));
                }
            }
        }
        channel.finishAndReleaseAll();
        return watch;
    }

    @Test
    @Requirement({"R8314-29", "TLS-15"})
    void aHandshakeInPiecesOfAnySize() throws Exception {
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
            List<byte[]> flights = flights(version);
            for (int piece : new int[] {1, 2, 3, 5, 7, 64, 1_000_000}) {
                HandshakeWatch watch = watch(flights, piece);
                HandshakeOffer offer = watch.offer().orElseThrow();
                assertThat(offer.versions()).containsExactly(version);
                assertThat(offer.serverName()).hasValue("mail.example.test");
                assertThat(offer.applicationProtocols()).containsExactly("imap", "h2");
                assertThat(watch.clientVerifiesEcdsa()).isTrue();
                assertThat(TlsNames.cipherSuite(watch.cipherSuite().orElseThrow()))
                        .isIn("TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
                assertThat(TlsNames.group(watch.group().orElseThrow())).hasValue("x25519");
                assertThat(watch.resumed()).isFalse();
            }
        }
    }

    /// Never an exception, and everything is passed on as it came.
    @Test
    void octetsThatAreNoHandshake() throws Exception {
        Random random = new Random(8);
        List<byte[]> flights = flights("TLSv1.2");
        for (int round = 0; round < 3_000; round++) {
            List<byte[]> changed = new ArrayList<>();
            for (byte[] flight : flights) {
                byte[] copy = Arrays.copyOf(
                        flight,
                        flight.length == 0 || random.nextInt(4) > 0 ? flight.length : random.nextInt(flight.length));
                for (int count = random.nextInt(4); count > 0 && copy.length > 0; count--) {
                    copy[random.nextInt(Math.min(copy.length, random.nextBoolean() ? 200 : copy.length))] =
                            (byte) random.nextInt();
                }
                changed.add(copy);
            }
            HandshakeWatch watch = watch(changed, 1 + random.nextInt(500));
            watch.offer().ifPresent(offer -> {
                assertThat(offer.versions()).isNotEmpty();
                // it goes to the log
                offer.serverName().ifPresent(name -> assertThat(name).matches("[A-Za-z0-9._-]{1,255}"));
                assertThat(offer.applicationProtocols()).hasSizeLessThanOrEqualTo(8);
                assertThat(offer.applicationProtocols()).allMatch(name -> name.matches("[!-~]{1,32}"));
            });
            watch.resumed();
        }
    }

    @Test
    @Requirement({"R8314-27", "R8314-28", "R8314-29"})
    void namesAreThoseOfTheRegistryOrNumbers() {
        assertThat(TlsNames.cipherSuite(0x1301)).isEqualTo("TLS_AES_128_GCM_SHA256");
        assertThat(TlsNames.cipherSuite(0xc030)).isEqualTo("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        assertThat(TlsNames.cipherSuite(0x13ff)).isEqualTo("0x13FF");
        assertThat(TlsNames.cipherSuite(0x5)).isEqualTo("0x0005");
        assertThat(TlsNames.group(0x001d)).hasValue("x25519");
        assertThat(TlsNames.group(0x11ec)).hasValue("X25519MLKEM768");
        assertThat(TlsNames.group(0x4242)).isEmpty();
        assertThat(TlsNames.version(0x0302)).isEqualTo("TLSv1.1");
        assertThat(TlsNames.version(0x0399)).isEqualTo("0x0399");
    }
}
