package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.RecordType;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.CookieOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.GenericEDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/// What the server says to a message, without a network.
class ResponderTest {
    private static final InetAddress CLIENT = InetAddress.ofLiteral("192.0.2.77");
    private static final Responder.Source UDP = new Responder.Source(CLIENT, false);
    private static final Responder.Source TCP = new Responder.Source(CLIENT, true);

    @TempDir
    Path directory;

    private final AtomicLong milliseconds = new AtomicLong();
    private HostedZone zone;
    private Responder responder;

    @BeforeEach
    void open() throws Exception {
        zone = new HostedZone(
                TestZones.with(
                        TestZones.settings(
                                Algorithm.ECDSA_P256,
                                Denial.NSEC,
                                KeyScheme.CSK,
                                Optional.of(TestZones.records(directory, TestZones.RECORDS))),
                        List.of(new ZoneSettings.Secondary(Optional.empty(), TestZones.key("transfer.test")))),
                directory,
                TestZones.clock(directory));
        responder = responder(0);
    }

    private Responder responder(int perSecond) {
        return new Responder(
                new Responder.Service(
                        Map.of(zone.origin(), zone),
                        Map.of(
                                Names.of(TestZones.key("transfer.test").name()), TestZones.key("transfer.test"),
                                Names.of(TestZones.key("other.test").name()), TestZones.key("other.test"))),
                new Cookies(new byte[16]),
                new ResponseRateLimit(perSecond, milliseconds::get),
                Clock.systemUTC(),
                new SimpleMeterRegistry());
    }

    private List<byte[]> answers(byte[] question, Responder.Source source) throws IOException {
        List<byte[]> answers = new ArrayList<>();
        responder.answer(question, source, answers::add);
        return answers;
    }

    private Message answer(Message question, Responder.Source source) throws IOException {
        List<byte[]> answers = answers(question.toWire(65_535), source);
        assertThat(answers).hasSize(1);
        return new Message(answers.getFirst());
    }

    private static Message question(String name, int type) {
        Message message = new Message(4_711);
        message.getHeader().setOpcode(Opcode.QUERY);
        message.addRecord(Record.newRecord(Name.fromConstantString(name), type, DClass.IN), Section.QUESTION);
        return message;
    }

    private static Message with(Message message, int size, int flags, EDNSOption... options) {
        message.addRecord(new OPTRecord(size, 0, 0, flags, options), Section.ADDITIONAL);
        return message;
    }

    @Test
    void echoesTheQuestionAsItWasWritten() throws Exception {
        Message question = question("MaIl.eXample.ORG.", Type.A);
        question.getHeader().setFlag(Flags.RD);
        question.getHeader().setFlag(Flags.CD);
        Message answer = answer(question, UDP);
        assertThat(answer.getQuestion().getName().toString()).isEqualTo("MaIl.eXample.ORG.");
        assertThat(answer.getSection(Section.ANSWER))
                .singleElement()
                .satisfies(record -> assertThat(record.rdataToString()).isEqualTo("192.0.2.1"));
        assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RA)).isFalse();
        assertThat(answer.getHeader().getFlag(Flags.CD)).isFalse();
        assertThat(answer.getHeader().getFlag(Flags.AD)).isFalse();
        assertThat(answer.getOPT()).isNull();
    }

    @Test
    void refusesWhatIsNotItsOwn() throws Exception {
        for (String name : List.of("example.com.", "org.", ".", "xexample.org.")) {
            Message answer = answer(with(question(name, Type.A), 1_232, 0), UDP);
            assertThat(answer.getRcode()).as(name).isEqualTo(Rcode.REFUSED);
            assertThat(answer.getOPT()).isNotNull();
        }
        Message chaos = new Message(1);
        chaos.addRecord(
                Record.newRecord(Name.fromConstantString("version.bind."), Type.TXT, DClass.CH), Section.QUESTION);
        assertThat(answer(chaos, UDP).getRcode()).isEqualTo(Rcode.REFUSED);
    }

    @Test
    void saysNothingToNoiseAndToAnswers() throws Exception {
        assertThat(answers(new byte[0], UDP)).isEmpty();
        assertThat(answers(new byte[11], UDP)).isEmpty();
        byte[] anAnswer = question("example.org.", Type.SOA).toWire();
        anAnswer[2] |= (byte) 0x80;
        assertThat(answers(anAnswer, UDP)).isEmpty();
    }

    @Test
    void refusesMalformedMessages() throws Exception {
        byte[] whole = question("example.org.", Type.SOA).toWire();
        byte[] cut = java.util.Arrays.copyOf(whole, whole.length - 1);
        byte[] counts = whole.clone();
        counts[7] = 1; // an answer that is not there
        byte[] two = whole.clone();
        two[5] = 2;
        for (byte[] octets : List.of(cut, counts, two)) {
            assertThat(new Message(answers(octets, UDP).getFirst()).getRcode()).isEqualTo(Rcode.FORMERR);
        }
        for (int opcode : new int[] {Opcode.IQUERY, Opcode.STATUS, Opcode.NOTIFY, Opcode.UPDATE, 15}) {
            Message message = question("example.org.", Type.SOA);
            message.getHeader().setOpcode(opcode);
            Message answer = answer(message, UDP);
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOTIMP);
            assertThat(answer.getHeader().getOpcode()).isEqualTo(opcode);
        }
        Message twoOpts = with(with(question("example.org.", Type.SOA), 1_232, 0), 1_232, 0);
        byte[] octets = twoOpts.toWire();
        assertThat(new Message(answers(octets, UDP).getFirst()).getRcode()).isEqualTo(Rcode.FORMERR);
        assertThat(answer(question("example.org.", Type.MAILA), UDP).getRcode()).isEqualTo(Rcode.NOTIMP);
    }

    /// RFC 6891 §6.1.3, §6.2.3, §7; RFC 3225.
    @Test
    void extends_() throws Exception {
        Message newer = question("example.org.", Type.SOA);
        newer.addRecord(new OPTRecord(1_232, 0, 1, 0), Section.ADDITIONAL);
        assertThat(answer(newer, UDP).getRcode()).isEqualTo(Rcode.BADVERS);
        Message unknown = answer(
                with(question("example.org.", Type.SOA), 4_096, 0, new GenericEDNSOption(65_001, new byte[3])), UDP);
        assertThat(unknown.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(unknown.getOPT().getOptions()).isEmpty();
        assertThat(unknown.getOPT().getPayloadSize()).isEqualTo(1_232);
        assertThat(unknown.getOPT().getFlags() & ExtendedFlags.DO).isZero();
        assertThat(unknown.getSection(Section.ANSWER)).hasSize(1);
        Message withProofs = answer(with(question("example.org.", Type.SOA), 4_096, ExtendedFlags.DO), UDP);
        assertThat(withProofs.getOPT().getFlags() & ExtendedFlags.DO).isNotZero();
        assertThat(withProofs.getSection(Section.ANSWER)).hasSize(2).anyMatch(RRSIGRecord.class::isInstance);
    }

    @Test
    void truncatesAtTheSizeThatTheClientTakes() throws Exception {
        List<String> many = new ArrayList<>();
        for (int number = 0; number < 40; number++) {
            many.add("\"" + number + "x".repeat(20) + "\"");
        }
        zone.publish(List.of(TestZones.set("big.example.org", RecordType.TXT, many.toArray(new String[0]))));
        for (int size : new int[] {0, 100, 512, 1_000, 1_232, 4_096}) {
            Message question = question("big.example.org.", Type.TXT);
            if (size > 0) {
                with(question, size, ExtendedFlags.DO);
            }
            byte[] octets = answers(question.toWire(), UDP).getFirst();
            assertThat(octets.length).as("size %d", size).isLessThanOrEqualTo(Math.clamp(size, 512, 1_232));
            Message answer = new Message(octets);
            assertThat(answer.getHeader().getFlag(Flags.TC)).isTrue();
            assertThat(answer.getSection(Section.ANSWER)).as("no half sets").isEmpty();
            assertThat(answer.getOPT() != null).isEqualTo(size > 0);
        }
        Message whole = answer(with(question("big.example.org.", Type.TXT), 512, ExtendedFlags.DO), TCP);
        assertThat(whole.getHeader().getFlag(Flags.TC)).isFalse();
        assertThat(whole.getSection(Section.ANSWER)).hasSize(41);
    }

    /// RFC 8482.
    @Test
    void toAnyItGivesOneSet() throws Exception {
        Message answer = answer(with(question("mail.example.org.", Type.ANY), 4_096, ExtendedFlags.DO), UDP);
        assertThat(answer.getSectionRRsets(Section.ANSWER))
                .singleElement()
                .satisfies(set -> assertThat(set.sigs()).hasSize(1));
        assertThat(answer(question("www.example.org.", Type.ANY), TCP).getSection(Section.ANSWER))
                .singleElement()
                .satisfies(record -> assertThat(record.getType()).isEqualTo(Type.CNAME));
        assertThat(answer(question("nowhere.example.org.", Type.ANY), UDP).getRcode())
                .isEqualTo(Rcode.NXDOMAIN);
        assertThat(answer(question("example.org.", Type.RRSIG), UDP).getSection(Section.ANSWER))
                .hasSize(1);
    }

    /// RFC 2308 §5: an absence is cached as long as the SOA record's TTL says.
    @Test
    void anAbsenceHasTheShortTimeToLive() throws Exception {
        Message answer = answer(with(question("nowhere.example.org.", Type.A), 4_096, ExtendedFlags.DO), UDP);
        assertThat(answer.getSection(Section.AUTHORITY))
                .allSatisfy(record -> assertThat(record.getTTL()).isEqualTo(300));
    }

    @Test
    void refersWithGlueAndProof() throws Exception {
        Message signed = answer(with(question("x.child.example.org.", Type.A), 4_096, ExtendedFlags.DO), UDP);
        assertThat(signed.getHeader().getFlag(Flags.AA)).isFalse();
        assertThat(signed.getSection(Section.ANSWER)).isEmpty();
        assertThat(signed.getSection(Section.AUTHORITY).stream().map(Record::getType))
                .containsExactly(Type.NS, Type.NS, Type.DS, Type.RRSIG);
        assertThat(signed.getSection(Section.ADDITIONAL))
                .anyMatch(record -> record.getName().toString().equals("ns.child.example.org."));
        Message insecure = answer(with(question("plain.example.org.", Type.A), 4_096, ExtendedFlags.DO), UDP);
        assertThat(insecure.getSection(Section.AUTHORITY).stream().map(Record::getType))
                .containsExactly(Type.NS, Type.NSEC, Type.RRSIG);
        Message delegation = answer(question("child.example.org.", Type.DS), UDP);
        assertThat(delegation.getHeader().getFlag(Flags.AA)).isTrue();
        assertThat(delegation.getSection(Section.ANSWER)).hasSize(1);
    }

    /// RFC 7873 §5.2, §5.4.
    @Test
    void givesCookies() throws Exception {
        byte[] mine = {1, 2, 3, 4, 5, 6, 7, 8};
        Message first = answer(with(question("mail.example.org.", Type.A), 1_232, 0, new CookieOption(mine)), UDP);
        CookieOption given = (CookieOption) first.getOPT().getOptions().getFirst();
        assertThat(given.getClientCookie()).isEqualTo(mine);
        assertThat(given.getServerCookie())
                .hasValueSatisfying(cookie -> assertThat(cookie).hasSize(16));
        Message alone = new Message(9);
        with(alone, 1_232, 0, new CookieOption(mine));
        Message answer = answer(alone, UDP);
        assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getOPT().getOptions()).hasSize(1);
        byte[] malformed = with(question("mail.example.org.", Type.A), 1_232, 0, new GenericEDNSOption(10, new byte[3]))
                .toWire();
        assertThat(new Message(answers(malformed, UDP).getFirst()).getRcode()).isEqualTo(Rcode.FORMERR);
    }

    @Test
    void holdsBackWhatIsAskedTooOften() throws Exception {
        responder = responder(10);
        Message question = question("mail.example.org.", Type.A);
        byte[] octets = question.toWire();
        int whole = 0;
        int slipped = 0;
        int dropped = 0;
        for (int number = 0; number < 200; number++) {
            List<byte[]> answers = answers(octets, UDP);
            if (answers.isEmpty()) {
                dropped++;
            } else if (new Message(answers.getFirst()).getHeader().getFlag(Flags.TC)) {
                slipped++;
                assertThat(answers.getFirst().length)
                        .as("no larger than the question")
                        .isEqualTo(octets.length);
            } else {
                whole++;
            }
        }
        assertThat(whole).isEqualTo(30);
        assertThat(slipped).isBetween(60, 110);
        assertThat(dropped).isBetween(60, 110);
        assertThat(answers(octets, TCP)).as("TCP is not limited").hasSize(1);
        assertThat(answers(octets, new Responder.Source(InetAddress.ofLiteral("198.51.100.1"), false)))
                .as("others are not")
                .hasSize(1);
        byte[] mine = {1, 2, 3, 4, 5, 6, 7, 8};
        byte[] cookie = new Cookies(new byte[16]).make(mine, CLIENT, Instant.now());
        Message known = with(question("mail.example.org.", Type.A), 1_232, 0, new CookieOption(mine, cookie));
        assertThat(answer(known, UDP).getSection(Section.ANSWER))
                .as("who is known is not")
                .hasSize(1);
        milliseconds.addAndGet(1_000);
        whole = 0;
        for (int number = 0; number < 50; number++) {
            List<byte[]> answers = answers(octets, UDP);
            whole += answers.isEmpty()
                            || new Message(answers.getFirst()).getHeader().getFlag(Flags.TC)
                    ? 0
                    : 1;
        }
        assertThat(whole).as("a second later").isEqualTo(10);
        // names that are made up count together
        int denied = 0;
        for (int number = 0; number < 200; number++) {
            List<byte[]> answers =
                    answers(question("n" + number + ".example.org.", Type.A).toWire(), UDP);
            denied += !answers.isEmpty() && new Message(answers.getFirst()).getRcode() == Rcode.NXDOMAIN ? 1 : 0;
        }
        assertThat(denied).isEqualTo(30);
    }

    @Test
    void transfersToWhoHasTheZonesKeyAlone() throws Exception {
        Message plain = question("example.org.", Type.AXFR);
        assertThat(answer(plain, TCP).getRcode()).isEqualTo(Rcode.REFUSED);
        assertThat(transfer("other.test", TCP, Type.AXFR).getRcode())
                .as("a key of another zone")
                .isEqualTo(Rcode.REFUSED);
        assertThat(transfer("transfer.test", UDP, Type.AXFR).getRcode()).isEqualTo(Rcode.FORMERR);
        Message whole = transfer("transfer.test", TCP, Type.AXFR);
        assertThat(whole.getSection(Section.ANSWER))
                .hasSize(zone.zone().records().size() + 1)
                .first()
                .isInstanceOf(SOARecord.class);
        Message little = transfer("transfer.test", UDP, Type.IXFR);
        assertThat(little.getSection(Section.ANSWER)).singleElement().isInstanceOf(SOARecord.class);
        Message unknown = transfer("nobody.test", TCP, Type.AXFR);
        assertThat(unknown.getRcode()).isEqualTo(Rcode.NOTAUTH);
        assertThat(unknown.getTSIG().getError()).isEqualTo(Rcode.BADKEY);
    }

    private Message transfer(String name, Responder.Source source, int type) throws IOException {
        TSIG key = TestZones.key(name).tsig();
        Message message = question("example.org.", type);
        if (type == Type.IXFR) {
            message.addRecord(zone.zone().soa(), Section.AUTHORITY);
        }
        message.setTSIG(key);
        List<byte[]> answers = answers(message.toWire(65_535), source);
        assertThat(answers).hasSize(1);
        return new Message(answers.getFirst());
    }

    /// RFC 8945 §5.2.
    @Test
    void aSignatureThatIsNotGoodIsRefused() throws Exception {
        Message message = question("example.org.", Type.SOA);
        message.setTSIG(TestZones.key("transfer.test").tsig());
        byte[] octets = message.toWire(65_535);
        octets[13] ^= 0x20; // another letter in the name
        Message forged = new Message(answers(octets, TCP).getFirst());
        assertThat(forged.getRcode()).isEqualTo(Rcode.NOTAUTH);
        assertThat(forged.getTSIG().getError()).isEqualTo(Rcode.BADSIG);
        assertThat(forged.getTSIG().getSignature()).isEmpty();

        TSIG late = new TSIG(
                TSIG.HMAC_SHA256,
                Name.fromConstantString("transfer.test."),
                new javax.crypto.spec.SecretKeySpec(
                        "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
                        "HmacSHA256"),
                Clock.offset(Clock.systemUTC(), Duration.ofHours(-1)));
        Message old = question("example.org.", Type.SOA);
        old.setTSIG(late);
        byte[] request = old.toWire(65_535);
        byte[] refused = answers(request, TCP).getFirst();
        Message badTime = new Message(refused);
        assertThat(badTime.getRcode()).isEqualTo(Rcode.NOTAUTH);
        TSIGRecord signature = badTime.getTSIG();
        assertThat(signature.getError()).isEqualTo(Rcode.BADTIME);
        assertThat(signature.getSignature()).isNotEmpty();

        Message good = question("example.org.", Type.SOA);
        TSIG key = TestZones.key("transfer.test").tsig();
        good.setTSIG(key);
        byte[] asked = good.toWire(65_535);
        byte[] answered = answers(asked, UDP).getFirst();
        Message answer = new Message(answered);
        assertThat(key.verify(answer, answered, new Message(asked).getTSIG())).isEqualTo(Rcode.NOERROR);
    }
}
