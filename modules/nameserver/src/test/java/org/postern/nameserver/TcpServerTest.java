package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.RolloverClock;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Connections are few, short and fair.
class TcpServerTest {
    @TempDir
    Path directory;

    private NameServer serve(int connections, int perClient, Duration idle) throws IOException {
        ZoneSettings zone = TestZones.settings(Algorithm.ED25519, Denial.NSEC, KeyScheme.CSK, Optional.empty());
        NameServer server = new NameServer(
                new NameServerSettings(
                        List.of(new InetSocketAddress(TestZones.LOOPBACK, 0)),
                        List.of(zone),
                        0,
                        connections,
                        perClient,
                        idle),
                directory,
                RolloverClock.Reading::now,
                new SimpleMeterRegistry(),
                Optional.empty());
        server.listen();
        return server;
    }

    private static byte[] question(int id) {
        Message message = new Message(id);
        message.addRecord(
                Record.newRecord(Name.fromConstantString("example.org."), Type.SOA, DClass.IN), Section.QUESTION);
        return message.toWire();
    }

    private static Socket connect(NameServer server) throws IOException {
        Socket socket =
                new Socket(TestZones.LOOPBACK, server.addresses().getFirst().getPort());
        socket.setSoTimeout(60_000);
        return socket;
    }

    @Test
    void answersPipelinedQuestionsInOrder() throws Exception {
        try (NameServer server = serve(10, 10, Duration.ofSeconds(30));
                Socket socket = connect(server)) {
            ByteArrayOutputStream octets = new ByteArrayOutputStream();
            for (int id = 0; id < 300; id++) {
                byte[] question = question(id);
                octets.write(question.length >> 8);
                octets.write(question.length);
                octets.writeBytes(question);
            }
            socket.getOutputStream().write(octets.toByteArray());
            for (int id = 0; id < 300; id++) {
                assertThat(new Message(Dig.receive(socket)).getHeader().getID()).isEqualTo(id);
            }
        }
    }

    @Test
    void closesWhoSaysNothingAndWhoSaysTooMuch() throws Exception {
        try (NameServer server = serve(10, 10, Duration.ofMillis(300));
                Socket silent = connect(server);
                Socket slow = connect(server);
                Socket large = connect(server)) {
            slow.getOutputStream().write(new byte[] {0, 30, 1});
            large.getOutputStream().write(new byte[] {(byte) 0xff, (byte) 0xff});
            assertThat(isClosed(silent)).isTrue();
            assertThat(isClosed(slow)).isTrue();
            assertThat(isClosed(large)).isTrue();
            try (Socket next = connect(server)) {
                assertThat(Dig.tcp(next, question(1))).isNotEmpty();
            }
        }
    }

    private static boolean isClosed(Socket socket) {
        try {
            return socket.getInputStream().read() == -1;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void theOneThatIsIdleLongestMakesRoom() throws Exception {
        try (NameServer server = serve(3, 10, Duration.ofSeconds(60))) {
            List<Socket> sockets = new ArrayList<>();
            for (int number = 0; number < 3; number++) {
                Socket socket = connect(server);
                sockets.add(socket);
                assertThat(Dig.tcp(socket, question(number))).isNotEmpty();
            }
            try (Socket another = connect(server)) {
                assertThat(Dig.tcp(another, question(9))).isNotEmpty();
                assertThat(isClosed(sockets.getFirst())).isTrue();
                assertThat(Dig.tcp(sockets.getLast(), question(10))).isNotEmpty();
            }
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void oneClientHasItsShare() throws Exception {
        try (NameServer server = serve(100, 2, Duration.ofSeconds(60));
                Socket one = connect(server);
                Socket two = connect(server)) {
            assertThat(Dig.tcp(one, question(1))).isNotEmpty();
            assertThat(Dig.tcp(two, question(2))).isNotEmpty();
            try (Socket three = connect(server)) {
                assertThat(isClosed(three)).isTrue();
            }
            assertThat(Dig.tcp(one, question(3))).isNotEmpty();
        }
    }
}
