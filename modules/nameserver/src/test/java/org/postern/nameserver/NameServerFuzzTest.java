package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Whatever octets come: an answer that is one, or silence; never a fault of ours, never a zone without a key, never
/// more octets by UDP than the client takes.
class NameServerFuzzTest {
    @TempDir
    static Path directory;

    private static Responder responder;

    private static synchronized Responder responder() throws IOException {
        if (responder == null) {
            HostedZone zone = new HostedZone(
                    TestZones.with(
                            TestZones.settings(
                                    Algorithm.ED25519,
                                    Denial.NSEC3,
                                    KeyScheme.CSK,
                                    Optional.of(TestZones.records(directory, TestZones.RECORDS))),
                            List.of(new ZoneSettings.Secondary(Optional.empty(), TestZones.key("transfer.test")))),
                    directory,
                    TestZones.clock(directory));
            responder = new Responder(
                    new Responder.Service(
                            Map.of(zone.origin(), zone),
                            Map.of(Name.fromConstantString("transfer.test."), TestZones.key("transfer.test"))),
                    new Cookies(new byte[16]),
                    new ResponseRateLimit(0, () -> 0),
                    Clock.systemUTC(),
                    new SimpleMeterRegistry());
        }
        return responder;
    }

    @FuzzTest
    void anyOctets(byte[] octets) throws IOException {
        for (boolean stream : new boolean[] {false, true}) {
            List<byte[]> answers = new ArrayList<>();
            responder().answer(octets, new Responder.Source(InetAddress.ofLiteral("192.0.2.1"), stream), answers::add);
            boolean noise = octets.length < 12 || (octets[2] & 0x80) != 0;
            assertThat(answers.isEmpty()).isEqualTo(noise);
            for (byte[] answer : answers) {
                Message message = new Message(answer);
                assertThat(message.getHeader().getID()).isEqualTo(((octets[0] & 0xff) << 8) | (octets[1] & 0xff));
                assertThat(message.getRcode()).as("a fault of ours").isNotEqualTo(Rcode.SERVFAIL);
                assertThat(answer.length).isLessThanOrEqualTo(stream ? 65_535 : 1_232);
            }
        }
    }

    @Test
    void changedQuestions() throws IOException {
        Random random = new Random(23);
        String[] names = {"example.org.", "mail.example.org.", "x.wild.example.org.", "a.child.example.org.", "."};
        int[] types = {Type.A, Type.ANY, Type.AXFR, Type.IXFR, Type.DS, Type.NSEC3, Type.RRSIG, Type.OPT, 65_280};
        for (int round = 0; round < 4_000; round++) {
            Message message = new Message(random.nextInt(65_536));
            message.addRecord(
                    Record.newRecord(
                            Name.fromConstantString(names[random.nextInt(names.length)]),
                            types[random.nextInt(types.length)],
                            DClass.IN),
                    Section.QUESTION);
            if (random.nextBoolean()) {
                message.addRecord(new OPTRecord(random.nextInt(5_000), 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
            }
            if (random.nextBoolean()) {
                message.setTSIG(TestZones.key("transfer.test").tsig());
            }
            byte[] octets = message.toWire(4_096);
            for (int count = random.nextInt(4); count > 0; count--) {
                octets[random.nextInt(octets.length)] = (byte) random.nextInt();
            }
            anyOctets(random.nextInt(5) == 0 ? Arrays.copyOf(octets, random.nextInt(octets.length + 20)) : octets);
        }
        byte[] noise = new byte[4_096];
        for (int round = 0; round < 200; round++) {
            random.nextBytes(noise);
            anyOctets(noise);
        }
    }
}
