package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.postern.testkit.FreePorts;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;
import org.xbill.DNS.dnssec.ValidatingResolver;

/// Random zones and questions: each answer is held against a plain lookup in a table ([RandomZone]), against what a
/// real Knot says of the same zone, proofs included, and is given to dnsjava's validator.
class AnswersModelTest {
    @TempDir
    Path directory;

    @Test
    void everyAnswerIsRight() throws Exception {
        for (long seed = 1; seed <= 6; seed++) {
            judge(seed, 60);
        }
    }

    @Test
    void asKnotDoes() throws Exception {
        compareWithKnot(1, 8, 150);
    }

    @Test
    @Tag("long")
    void manyZones() throws Exception {
        for (long seed = 1_000; seed < 1_200; seed++) {
            judge(seed, 300);
        }
        compareWithKnot(2_000, 200, 500);
    }

    private static ZoneSettings settings(long seed, Optional<Path> records) {
        return TestZones.settings(
                seed % 2 == 0 ? Algorithm.ECDSA_P256 : Algorithm.ED25519,
                seed / 2 % 2 == 0 ? Denial.NSEC : Denial.NSEC3,
                seed % 3 == 0 ? KeyScheme.KSK_AND_ZSK : KeyScheme.CSK,
                records);
    }

    private void judge(long seed, int questions) throws Exception {
        RandomZone zone = new RandomZone(seed);
        Path own = Files.createDirectories(directory.resolve("zone-" + seed));
        try (NameServer server =
                TestZones.serve(own, settings(seed, Optional.of(TestZones.records(own, zone.text()))))) {
            int port = server.addresses().getFirst().getPort();
            SimpleResolver direct = new SimpleResolver(TestZones.LOOPBACK);
            direct.setPort(port);
            ValidatingResolver validator = new ValidatingResolver(direct);
            String anchors = String.join("\n", server.anchors(TestZones.ORIGIN)) + "\n";
            validator.loadTrustAnchors(new ByteArrayInputStream(anchors.getBytes(StandardCharsets.US_ASCII)));
            int validated = 0;
            for (String[] question : zone.questions(questions)) {
                String as = "seed " + seed + ", " + question[0] + " " + question[1] + "\n" + zone.text();
                RandomZone.Expected expected = zone.expected(question[0], question[1]);
                Message answer = ask(port, question[0], question[1]);
                assertThat(Rcode.string(answer.getRcode())).as(as).isEqualTo(expected.code());
                assertThat(owners(answer)).as(as).isEqualTo(new LinkedHashSet<>(expected.owners()));
                assertThat(cut(answer)).as(as).isEqualTo(RandomZone.key(expected.cut()));
                assertThat(answer.getHeader().getFlag(Flags.AA))
                        .as(as)
                        .isEqualTo(
                                expected.cut().isEmpty() || !expected.owners().isEmpty());
                boolean leadsAway = !expected.cut().isEmpty()
                        || (question[0].equals(RandomZone.ORIGIN) && question[1].equals("DS")) // the parent's to say
                        || answer.getSection(Section.ANSWER).stream()
                                .anyMatch(record -> record.getType() == Type.CNAME && !question[1].equals("CNAME"));
                if (!leadsAway) { // what is elsewhere is nobody's here
                    Message judged = validator.send(Message.newQuery(question(question[0], question[1])));
                    assertThat(judged.getHeader().getFlag(Flags.AD))
                            .as("%s\n%s\n%s", as, judged, answer)
                            .isTrue();
                    validated++;
                }
            }
            assertThat(validated).isGreaterThan(questions / 5);
        }
    }

    private static Record question(String name, String type) throws IOException {
        return Record.newRecord(Name.fromString(name), Type.value(type), DClass.IN);
    }

    static Message ask(int port, String name, String type) throws IOException {
        Message message = new Message();
        message.getHeader().setOpcode(Opcode.QUERY);
        message.addRecord(question(name, type), Section.QUESTION);
        message.addRecord(new org.xbill.DNS.OPTRecord(1_232, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        byte[] octets = message.toWire(512);
        Message answer = new Message(Dig.udp(port, octets, 10_000));
        if (answer.getHeader().getFlag(Flags.TC)) {
            try (java.net.Socket socket = new java.net.Socket(TestZones.LOOPBACK, port)) {
                return new Message(Dig.tcp(socket, octets));
            }
        }
        return answer;
    }

    private static Set<String> owners(Message answer) {
        Set<String> owners = new LinkedHashSet<>();
        for (Record record : answer.getSection(Section.ANSWER)) {
            if (!(record instanceof RRSIGRecord)) {
                owners.add(RandomZone.key(record.getName().toString()) + " " + Type.string(record.getType()));
            }
        }
        return owners;
    }

    private static String cut(Message answer) {
        return answer.getSection(Section.AUTHORITY).stream()
                .filter(record -> record.getType() == Type.NS)
                .map(record -> RandomZone.key(record.getName().toString()))
                .findFirst()
                .orElse("");
    }

    private void compareWithKnot(long first, int zones, int questions) throws Exception {
        Path home = Files.createDirectories(directory.resolve("knot"));
        int port = FreePorts.next();
        StringBuilder conf = new StringBuilder("""
                server:
                  rundir: "%s"
                  listen: 127.0.0.1@%d
                  udp-workers: 1
                  tcp-workers: 1
                  background-workers: 1
                database:
                  storage: "%s"
                log:
                  - target: stdout
                    any: info
                zone:
                """.formatted(home, port, home));
        // every zone has one name: Knot serves them one after the other
        Map<Long, RandomZone> made = new LinkedHashMap<>();
        for (long seed = first; seed < first + zones; seed++) {
            made.put(seed, new RandomZone(seed));
        }
        conf.append("  - domain: example.org\n    storage: \"" + home + "\"\n    file: example.zone\n"
                + "    semantic-checks: off\n");
        Path file = Files.writeString(home.resolve("knot.conf"), conf);
        for (Map.Entry<Long, RandomZone> each : made.entrySet()) {
            Path own = Files.createDirectories(directory.resolve("knot-" + each.getKey()));
            ZoneSettings settings = settings(
                    each.getKey(),
                    Optional.of(TestZones.records(own, each.getValue().text())));
            try (NameServer server = TestZones.serve(own, settings);
                    RealServers knot = new RealServers(own)) {
                List<String> lines = new ArrayList<>();
                new HostedZone(settings, own.resolve("nameserver"), TestZones.clock(own.resolve("nameserver")))
                        .zone()
                        .records()
                        .forEach(record -> lines.add(record.toString()));
                Files.write(home.resolve("example.zone"), lines);
                knot.start("knot", "server started", "knotd", "-c", file.toString());
                compare(each.getValue(), server.addresses().getFirst().getPort(), port, questions, each.getKey());
            }
        }
    }

    private static void compare(RandomZone zone, int ours, int theirs, int questions, long seed) throws Exception {
        for (String[] question : zone.questions(questions)) {
            Message our = ask(ours, question[0], question[1]);
            if (isAsteriskOfAWildcard(zone, question[0])
                    || our.getSection(Section.ANSWER).stream()
                            .anyMatch(record -> record instanceof CNAMERecord alias
                                    && isAsteriskOfAWildcard(
                                            zone, alias.getTarget().toString()))) {
                continue; // of the proof for it, be it asked for or led to by an alias, Knot 3.2 leaves out half
            }
            Message their = ask(theirs, question[0], question[1]);
            String as = "seed " + seed + ", " + question[0] + " " + question[1] + "\n" + zone.text() + "\n" + our + "\n"
                    + their;
            assertThat(our.getRcode()).as(as).isEqualTo(their.getRcode());
            assertThat(our.getHeader().getFlag(Flags.AA))
                    .as(as)
                    .isEqualTo(their.getHeader().getFlag(Flags.AA));
            assertThat(section(our, Section.ANSWER)).as(as).isEqualTo(section(their, Section.ANSWER));
            assertThat(section(our, Section.AUTHORITY)).as(as).isEqualTo(section(their, Section.AUTHORITY));
        }
    }

    /// A name with an asterisk first that is not there itself.
    private static boolean isAsteriskOfAWildcard(RandomZone zone, String name) {
        return name.startsWith("*.")
                && zone.names.keySet().stream()
                        .noneMatch(each -> RandomZone.key(each).equals(RandomZone.key(name)));
    }

    private static Set<String> section(Message message, int section) {
        Set<String> lines = new TreeSet<>();
        message.getSection(section).forEach(record -> lines.add(RandomZone.key(record.toString())));
        return lines;
    }
}
