package org.postern.mua;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

/// Whatever octets a server sends: a probe that says what was wrong, never an exception, never TLS out of nothing.
@Requirement("ST-18")
class MuaFuzzTest {
    private static final List<Service> SERVICES = List.of(Service.values());
    private static final String[] PIECES = {
        "* OK ",
        "* PREAUTH ",
        "* BYE ",
        "* CAPABILITY ",
        "STARTTLS",
        "a1 OK ",
        "a2 OK ",
        "a1 NO",
        "+OK ",
        "-ERR ",
        "STLS",
        ".",
        "220 ",
        "220-",
        "250 ",
        "250-",
        "354 ",
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\u0016\u0003\u0003",
        "\u0015\u0003\u0001\0\u0002\u0002F",
        "\u0016\u0003\u0003\0\u0006\u0002\0\0\u0002\u0003\u0003"
    };

    @FuzzTest
    void anyOctets(byte[] octets) throws IOException {
        read(octets, 7);
        for (Service service : SERVICES) {
            probe(service, octets);
        }
    }

    @Test
    void piecesOfWhatServersSay() throws IOException {
        Random random = new Random(11);
        for (int round = 0; round < 150; round++) {
            StringBuilder text = new StringBuilder();
            for (int count = random.nextInt(30); count >= 0; count--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            byte[] octets = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            for (int count = random.nextInt(4); count > 0; count--) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt();
            }
            read(octets, 1 + random.nextInt(20));
            probe(SERVICES.get(random.nextInt(SERVICES.size())), octets);
        }
        byte[] noise = new byte[100_000];
        random.nextBytes(noise);
        read(noise, 4_096);
        probe(Service.IMAP, noise);
        Arrays.fill(noise, (byte) 'x');
        probe(Service.SUBMISSION, noise);
    }

    private static void read(byte[] octets, int step) {
        HandshakeReader reader = new HandshakeReader();
        for (int place = 0; place < octets.length; place += step) {
            byte[] part = Arrays.copyOfRange(octets, place, Math.min(octets.length, place + step));
            reader.accept(part, part.length);
        }
        assertThat(reader.notTls()).isEqualTo(octets.length > 0 && octets[0] != 21 && octets[0] != 22);
        reader.version();
        reader.group();
    }

    private static void probe(Service service, byte[] octets) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Thread.ofVirtual().start(() -> {
                try (Socket socket = listener.accept()) {
                    socket.getOutputStream().write(octets);
                    socket.shutdownOutput();
                    socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                    return; // the client had enough
                }
            });
            Server server = Server.configured(service, "127.0.0.1", listener.getLocalPort());
            Target target = Target.resolve(server, (_, _) -> {
                throw new AssertionError("an address is not looked up");
            });
            Probe probe = new Prober(Duration.ofSeconds(60)).probe(target, InetAddress.ofLiteral("127.0.0.1"));
            assertThat(probe.fault()).isPresent();
            assertThat(probe.tls()).isEmpty();
        }
    }
}
