package org.postern.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/// Upstreams that lie, fail or repeat themselves; the cache; the small types.
class TransportTest {
    /// Answers each UDP question with what `answers` makes of it, and counts.
    private static final class Server implements AutoCloseable {
        final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        final AtomicInteger asked = new AtomicInteger();

        Server(Function<Message, List<Message>> answers) throws IOException {
            Thread.ofVirtual().start(() -> {
                byte[] buffer = new byte[4096];
                while (!socket.isClosed()) {
                    try {
                        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                        socket.receive(packet);
                        asked.incrementAndGet();
                        for (Message answer :
                                answers.apply(new Message(java.util.Arrays.copyOf(buffer, packet.getLength())))) {
                            byte[] wire = answer.toWire();
                            socket.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
                        }
                    } catch (IOException e) {
                        return; // closed
                    }
                }
            });
        }

        Upstream upstream() {
            return new Upstream(socket.getLocalAddress(), socket.getLocalPort());
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private static Message answer(Message query, int code, String... records) {
        try {
            Message answer = new Message(query.getHeader().getID());
            answer.getHeader().setFlag(Flags.QR);
            answer.getHeader().setFlag(Flags.AD);
            answer.getHeader().setRcode(code);
            answer.addRecord(query.getQuestion(), Section.QUESTION);
            for (String each : records) {
                org.xbill.DNS.Master master = new org.xbill.DNS.Master(new java.io.ByteArrayInputStream(
                        (each + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
                Record record = master.nextRecord();
                answer.addRecord(
                        record, record.getType() == org.xbill.DNS.Type.SOA ? Section.AUTHORITY : Section.ANSWER);
            }
            return answer;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Nothing is validated: the path is trusted, or so it says.
    private static ResolverSettings trusting(Upstream... upstreams) {
        return new ResolverSettings(
                List.of(upstreams), TrustAnchorFile.ofIana(), Duration.ofSeconds(20), 3, true, Clock.systemUTC());
    }

    private static final DomainName NAME = new DomainName("mail.example.org");

    @Test
    void aForgedAnswerIsPassedOver() throws Exception {
        try (Server server = new Server(query -> {
            Message otherId = answer(query, Rcode.NOERROR, "mail.example.org. 300 IN A 192.0.2.66");
            otherId.getHeader().setID(query.getHeader().getID() ^ 1);
            Message otherName = answer(query, Rcode.NOERROR, "mail.example.org. 300 IN A 192.0.2.66");
            otherName.removeAllRecords(Section.QUESTION);
            otherName.addRecord(Record.newRecord(Name.root, 1, 1), Section.QUESTION);
            return List.of(otherId, otherName, answer(query, Rcode.NOERROR, "mail.example.org. 300 IN A 192.0.2.1"));
        })) {
            Lookup lookup = new Resolver(trusting(server.upstream())).lookup(NAME, DnsRecord.Type.A);
            assertThat(lookup.records(DnsRecord.Address.class))
                    .containsExactly(new DnsRecord.Address(InetAddress.ofLiteral("192.0.2.1")));
        }
    }

    @Test
    void aFailingUpstreamIsPassedOverAndTheGoodOneIsRemembered() throws Exception {
        try (Server failing = new Server(query -> List.of(answer(query, Rcode.SERVFAIL)));
                Server good = new Server(query -> List.of(answer(query, Rcode.NXDOMAIN)))) {
            Resolver resolver = new Resolver(trusting(failing.upstream(), good.upstream()));
            assertThat(resolver.lookup(NAME, DnsRecord.Type.A).security()).isEqualTo(Hop.Security.SECURE);
            assertThat(resolver.lookup(NAME.child("other"), DnsRecord.Type.A).security())
                    .isEqualTo(Hop.Security.SECURE);
            assertThat(failing.asked).hasValue(1);
        }
    }

    @Test
    void whenAllFailTheAnswerIsIndeterminate() throws Exception {
        try (Server failing = new Server(query -> List.of(answer(query, Rcode.SERVFAIL)))) {
            Lookup lookup = new Resolver(trusting(failing.upstream())).lookup(NAME, DnsRecord.Type.A);
            assertThat(lookup).isInstanceOf(Lookup.Indeterminate.class);
            assertThat(((Lookup.Indeterminate) lookup).reason())
                    .contains("SERVFAIL")
                    .contains("mail.example.org. A");
        }
    }

    @Test
    void anUnsignedAnswerWithTheBitSetIsBogusBelowTheRootAnchor() throws Exception {
        try (Server server =
                new Server(query -> List.of(answer(query, Rcode.NOERROR, "mail.example.org. 300 IN A 192.0.2.66")))) {
            Lookup lookup =
                    new Resolver(trusting(server.upstream()).withTrustedPath(false)).lookup(NAME, DnsRecord.Type.A);
            assertThat(lookup).isInstanceOf(Lookup.Bogus.class);
        }
    }

    @Test
    void answersAndDenialsAreKeptForTheirTimeAndBounded() throws Exception {
        try (Server server = new Server(query -> List.of(
                query.getQuestion().getName().toString().startsWith("no")
                        ? answer(query, Rcode.NXDOMAIN, "example.org. 300 IN SOA a. b. 1 2 3 4 60")
                        : query.getQuestion().getName().toString().startsWith("short")
                                ? answer(
                                        query,
                                        Rcode.NOERROR,
                                        query.getQuestion().getName() + " 0 IN A 192.0.2.1")
                                : answer(
                                        query,
                                        Rcode.NOERROR,
                                        query.getQuestion().getName() + " 300 IN A 192.0.2.1")))) {
            Resolver resolver = new Resolver(trusting(server.upstream()));
            for (int round = 0; round < 3; round++) {
                resolver.lookup(NAME, DnsRecord.Type.A);
                Lookup denied = resolver.lookup(NAME.child("no"), DnsRecord.Type.A);
                assertThat(denied).isInstanceOfSatisfying(Lookup.Secure.class, secure -> {
                    assertThat(secure.absence()).isEqualTo(Lookup.Absence.NO_NAME);
                    assertThat(secure.timeToLive()).isEqualTo(Duration.ofSeconds(60));
                });
            }
            assertThat(server.asked).hasValue(2);
            resolver.lookup(NAME.child("short"), DnsRecord.Type.A);
            assertThat(resolver.cached()).isEqualTo(2);
            for (int index = 0; index < 10; index++) {
                resolver.lookup(NAME.child("n" + index), DnsRecord.Type.A);
            }
            assertThat(resolver.cached()).isEqualTo(3);
        }
    }

    @Test
    void aliasesThatGoRoundEnd() throws Exception {
        try (Server server = new Server(query -> List.of(answer(
                query,
                Rcode.NOERROR,
                query.getQuestion().getName() + " 300 IN CNAME x."
                        + query.getQuestion().getName())))) {
            Lookup lookup = new Resolver(trusting(server.upstream())).lookup(NAME, DnsRecord.Type.A);
            assertThat(lookup).isInstanceOf(Lookup.Indeterminate.class);
            assertThat(lookup.hops()).hasSizeBetween(10, 12);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1,           192.0.2.1:53",
        "192.0.2.1:5353,      192.0.2.1:5353",
        "2001:db8::1,         '[2001:db8:0:0:0:0:0:1]:53'",
        "'[2001:db8::1]:5353','[2001:db8:0:0:0:0:0:1]:5353'",
    })
    void upstreams(String text, String written) {
        assertThat(Upstream.parse(text)).hasToString(written);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dns.example.org", "192.0.2.1:0", "192.0.2.1:x", "192.0.2.1:70000", ":53"})
    void whatIsNoUpstream(String text) {
        assertThatThrownBy(() -> Upstream.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void resolvConf(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(
                directory.resolve("resolv.conf"), "# x\nsearch a.b\nnameserver 192.0.2.7\n nameserver ::1\n");
        assertThat(Upstream.ofResolvConf(file))
                .map(Object::toString)
                .containsExactly("192.0.2.7:53", "[0:0:0:0:0:0:0:1]:53");
        Files.writeString(file, "options edns0\n");
        assertThat(Upstream.ofResolvConf(file))
                .hasSize(1)
                .allMatch(each -> each.address().isLoopbackAddress());
    }

    @Test
    void names() {
        assertThat(new DomainName("Mail.Example.ORG.")).isEqualTo(NAME);
        assertThat(NAME.isWithin(new DomainName("example.org"))).isTrue();
        assertThat(NAME.isWithin(new DomainName("ample.org"))).isFalse();
        assertThat(new DomainName(".").isRoot()).isTrue();
        for (String wrong : List.of("a..b", "bücher.example", "a b", "x".repeat(64) + ".example")) {
            assertThatThrownBy(() -> new DomainName(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aTrustAnchorFileThatGoesBadLeavesTheLastAnchorsInForce(@TempDir Path directory) throws Exception {
        String first = ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
        Path file = Files.writeString(directory.resolve("root.ds"), first);
        TrustAnchorFile anchors = TrustAnchorFile.of(file);
        Files.writeString(file, "nonsense");
        Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1));
        anchors.reload(file);
        assertThat(new String(anchors.text(), java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo(first);
        Files.writeString(file, first + first.replace("20326", "38696"));
        Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(2));
        anchors.reload(file);
        assertThat(new String(anchors.text(), java.nio.charset.StandardCharsets.US_ASCII))
                .contains("38696");
        for (String wrong : List.of("", "a. IN A 192.0.2.1\n", "; nothing\n")) {
            Path bad = Files.writeString(directory.resolve("bad"), wrong);
            assertThatThrownBy(() -> TrustAnchorFile.of(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(bad.toString());
        }
    }

    @FuzzTest
    void anyOctets(byte[] octets) {
        read(octets);
    }

    @Test
    void anAnswerWithOctetsChanged() throws Exception {
        byte[] wire = answer(
                        Message.newQuery(Wire.question(NAME, 1)),
                        Rcode.NOERROR,
                        "mail.example.org. 300 IN CNAME a.example.org.",
                        "a.example.org. 300 IN A 192.0.2.1",
                        "a.example.org. 300 IN RRSIG A 13 3 300 20300101000000 20200101000000 1 example.org. AAAA",
                        "a.example.org. 300 IN SRV 1 2 3 x.",
                        "a.example.org. 300 IN TLSA 3 1 1 00",
                        "a.example.org. 300 IN TXT \"x\"",
                        "a.example.org. 300 IN MX 1 x.")
                .toWire();
        Random random = new Random(3);
        List<byte[]> seeds = new ArrayList<>(List.of(wire, new byte[0], new byte[12]));
        for (int round = 0; round < 5_000; round++) {
            byte[] changed = wire.clone();
            for (int count = random.nextInt(4); count >= 0; count--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            seeds.add(changed);
        }
        seeds.forEach(TransportTest::read);
    }

    /// A message, or an IOException.
    private static void read(byte[] octets) {
        try {
            Message message = Wire.parse(octets);
            assertThat(MessageCache.timeToLive(message)).isBetween(Duration.ZERO, MessageCache.LONGEST);
            if (message.getQuestion() != null) {
                assertThat(Wire.explain(message)).isNotEmpty();
                Wire.answer(
                        message,
                        message.getQuestion().getName(),
                        message.getQuestion().getType());
            }
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }
}
