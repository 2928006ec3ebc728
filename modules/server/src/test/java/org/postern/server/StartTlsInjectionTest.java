package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// Plaintext behind STARTTLS is never obeyed, however it comes (CVE-2011-0411): the session ends.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Requirement({"ST-1", "ST-2", "ST-3", "ST-23"})
class StartTlsInjectionTest {
    /// Of the session layer.
    private static final int RECEIVE_BUFFER = 16 * 1024;

    private static final String INJECTED = "INJECTED";

    private ServerFixture fixture;

    enum Way {
        /// In one segment with STARTTLS.
        SAME_SEGMENT,
        /// In a segment of its own, sent without waiting for the answer.
        NEXT_SEGMENT,
        /// Right behind a STARTTLS that ends where a receive buffer ends.
        PADDED
    }

    enum Dialect {
        IMAP(
                Service.IMAP,
                "",
                "p NOOP\r\n",
                "s STARTTLS\r\n",
                "s OK ",
                INJECTED + " CAPABILITY\r\n",
                "first NOOP",
                "first OK"),
        POP3(Service.POP3, "", "CAPA\r\n", "STLS\r\n", "+OK Begin TLS", "LANG " + INJECTED + "\r\n", "CAPA", "+OK"),
        SUBMISSION(
                Service.SUBMISSION,
                "EHLO client.test\r\n",
                "NOOP\r\n",
                "STARTTLS\r\n",
                "220 2.0.0 ",
                "EHLO " + INJECTED + "\r\n",
                "NOOP",
                "250 "),
        LMTP(
                Service.LMTP,
                "LHLO client.test\r\n",
                "NOOP\r\n",
                "STARTTLS\r\n",
                "220 2.0.0 ",
                "LHLO " + INJECTED + "\r\n",
                "NOOP",
                "250 ");

        final Service service;
        final String before;
        final String padding;
        final String startTls;
        /// To STARTTLS.
        final String answer;

        final String injected;
        /// What an honest client says first inside TLS, and what it hears first.
        final String inside;

        final String insideAnswer;

        Dialect(
                Service service,
                String before,
                String padding,
                String startTls,
                String answer,
                String injected,
                String inside,
                String insideAnswer) {
            this.service = service;
            this.before = before;
            this.padding = padding;
            this.startTls = startTls;
            this.answer = answer;
            this.injected = injected;
            this.inside = inside;
            this.insideAnswer = insideAnswer;
        }
    }

    static Stream<Arguments> all() {
        return Stream.of(Dialect.values())
                .flatMap(dialect -> Stream.of(Way.values()).map(way -> Arguments.of(dialect, way)));
    }

    @BeforeAll
    void start(@TempDir Path directory) {
        fixture = new ServerFixture(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    @ParameterizedTest
    @MethodSource("all")
    void refused(Dialect dialect, Way way) throws IOException {
        tries(dialect, way, 60);
    }

    @ParameterizedTest
    @MethodSource("all")
    @Tag("long")
    void refusedAThousandTimes(Dialect dialect, Way way) throws IOException {
        tries(dialect, way, 1_000);
    }

    private void tries(Dialect dialect, Way way, int count) throws IOException {
        int answered = 0;
        for (int index = 0; index < count; index++) {
            answered += inject(fixture.address(dialect.service), dialect, way) ? 1 : 0;
        }
        System.out.printf(
                "STARTTLS injection, %s %s: %d tries, STARTTLS answered in %d, the injected command in none%n",
                dialect.service.serviceName(), way, count, answered);
        anHonestClientGetsThrough(dialect);
    }

    private void anHonestClientGetsThrough(Dialect dialect) throws IOException {
        try (WireClient client = WireClient.plain(fixture.address(dialect.service))) {
            client.readLine();
            if (!dialect.before.isEmpty()) {
                client.command(dialect.before.strip(), "250 ");
            }
            client.command(dialect.startTls.strip(), dialect.answer);
            client.startTls(fixture.trust());
            // the first answer inside TLS is to the first octet sent inside TLS
            client.sendLine(dialect.inside);
            assertThat(client.readLine()).startsWith(dialect.insideAnswer);
        }
    }

    /// @return true if STARTTLS itself was answered before the session ended
    private static boolean inject(InetSocketAddress address, Dialect dialect, Way way) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            OutputStream out = socket.getOutputStream();
            String prefix = dialect.before;
            String received = "";
            try {
                switch (way) {
                    case SAME_SEGMENT -> out.write(octets(prefix + dialect.startTls + dialect.injected));
                    case NEXT_SEGMENT -> {
                        out.write(octets(prefix + dialect.startTls));
                        out.flush();
                        out.write(octets(dialect.injected));
                    }
                    case PADDED ->
                        out.write(octets(padded(prefix, dialect.padding, dialect.startTls) + dialect.injected));
                }
                out.flush();
                // whatever else a client could send changes nothing
                received = new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
            } catch (SocketException reset) {
                // a server that refuses may reset; what came before is lost with it
            }
            return isPure(received, dialect);
        }
    }

    /// ST-3: the injected command has no answer, and nothing but TLS comes after the answer to STARTTLS.
    ///
    /// @return true if STARTTLS was answered
    private static boolean isPure(String received, Dialect dialect) {
        assertThat(received).doesNotContain(INJECTED);
        int at = received.indexOf(dialect.answer);
        if (at < 0) {
            return false;
        }
        byte[] after = received.substring(received.indexOf("\r\n", at) + 2).getBytes(ISO_8859_1);
        for (int index = 0; index < after.length; ) {
            assertThat((int) after[index]).as("a record of TLS, RFC 8446 §5.1").isBetween(20, 23);
            if (index + 5 > after.length) {
                break; // it is cut off
            }
            assertThat(after[index + 1]).isEqualTo((byte) 3);
            index += 5 + (((after[index + 3] & 0xff) << 8) | (after[index + 4] & 0xff));
        }
        return true;
    }

    /// The command and what is injected behind it, in two segments that meet at each octet.
    @ParameterizedTest
    @EnumSource
    void segmentsThatMeetAnywhere(Dialect dialect) throws IOException {
        String text = dialect.startTls + dialect.injected;
        for (int border = 1; border < text.length(); border++) {
            String received = exchange(dialect, List.of(text.substring(0, border), text.substring(border)), false);
            isPure(received, dialect);
        }
        anHonestClientGetsThrough(dialect);
    }

    /// A command between any two octets of a ClientHello, before its first and after its last.
    @ParameterizedTest
    @EnumSource
    void plaintextWithinTheClientHello(Dialect dialect) throws IOException {
        plaintextWithinTheClientHello(dialect, 13);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    void plaintextAtEachOctetOfTheClientHello(Dialect dialect) throws IOException {
        plaintextWithinTheClientHello(dialect, 1);
    }

    private void plaintextWithinTheClientHello(Dialect dialect, int step) throws IOException {
        String hello = new String(clientHello(), ISO_8859_1);
        for (int position = 0; position <= hello.length(); position += position < 12 ? 1 : step) {
            String mixed = hello.substring(0, position) + dialect.injected + hello.substring(position);
            String received = exchange(dialect, List.of(dialect.startTls, mixed), true);
            assertThat(isPure(received, dialect))
                    .as("STARTTLS was answered: %s", received)
                    .isTrue();
        }
        String whole = exchange(dialect, List.of(dialect.startTls, hello + dialect.injected), true);
        assertThat(isPure(whole, dialect)).isTrue();
        anHonestClientGetsThrough(dialect);
    }

    private byte[] clientHello() throws IOException {
        SSLEngine engine = fixture.trust().createSSLEngine();
        engine.setUseClientMode(true);
        ByteBuffer record = ByteBuffer.allocate(32 * 1024);
        engine.wrap(ByteBuffer.allocate(0), record);
        return Arrays.copyOf(record.array(), record.position());
    }

    private static boolean isAnswered(StringBuilder received, Dialect dialect) {
        int at = received.indexOf(dialect.answer);
        return at >= 0 && received.indexOf("\n", at) >= 0;
    }

    /// Sends the segments, then no more.
    ///
    /// @param politely waits for the answer to the first before the second
    /// @return all that the server said
    private String exchange(Dialect dialect, List<String> segments, boolean politely) throws IOException {
        InetSocketAddress address = fixture.address(dialect.service);
        var received = new StringBuilder();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(30_000);
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            try {
                out.write(octets(dialect.before));
                for (String segment : segments) {
                    out.write(segment.getBytes(ISO_8859_1));
                    out.flush();
                    while (politely && !isAnswered(received, dialect)) {
                        int octet = in.read();
                        if (octet < 0) {
                            return received.toString();
                        }
                        received.append((char) octet);
                    }
                }
                socket.shutdownOutput();
                received.append(new String(in.readAllBytes(), ISO_8859_1));
            } catch (SocketException reset) {
                // a server that refuses may reset; what came before is lost with it
            }
        }
        return received.toString();
    }

    /// Commands whose octets, with the greeting's wait in between or not, fill receive buffers up to the
    /// end of STARTTLS.
    private static String padded(String prefix, String padding, String startTls) {
        StringBuilder text = new StringBuilder(prefix);
        while (text.length() + padding.length() + startTls.length() <= RECEIVE_BUFFER - 2 * padding.length()) {
            text.append(padding);
        }
        int left = RECEIVE_BUFFER - startTls.length() - text.length();
        // one last command of the length that is left: the tag, or an argument, is as long as need be
        String last = padding.startsWith("p ")
                ? "p".repeat(left - 7) + " NOOP"
                : padding.substring(0, 4) + " " + "x".repeat(left - 7);
        text.append(last).append("\r\n").append(startTls);
        assertThat(text.length()).isEqualTo(RECEIVE_BUFFER);
        return text.toString();
    }

    private static byte[] octets(String text) {
        return text.getBytes(US_ASCII);
    }
}
