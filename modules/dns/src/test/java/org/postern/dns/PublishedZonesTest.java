package org.postern.dns;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.SignedZones;

/// The gate, the questions to authoritative servers and the text of zones, with zones that BIND signs and serves.
class PublishedZonesTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final String DIGEST = "ab".repeat(32);
    private static final String ALIASES = """
            mail A 192.0.2.1
            _993._tcp.mail 900 CNAME _dane
            _143._tcp.mail CNAME _993._tcp.mail.secure.test.
            _995._tcp.mail CNAME _993._tcp.mail.unsigned.test.
            _110._tcp.mail CNAME _nothing
            _465._tcp.mail CNAME _587._tcp.mail
            _587._tcp.mail CNAME _465._tcp.mail
            """;

    @TempDir
    static Path directory;

    private static SignedZones zones;
    private static Gate gate;
    private static DirectServers servers;

    @BeforeAll
    static void serve() throws Exception {
        zones = new SignedZones(Files.createDirectory(directory.resolve("zones")));
        String records = "mail A 192.0.2.1\n_993._tcp.mail TLSA 3 1 1 " + DIGEST + "\n";
        zones.signed("secure.test", SignedZones.ECDSA, records, List.of());
        zones.unsigned("unsigned.test", records);
        zones.signed("island.test", SignedZones.ECDSA, records, List.of());
        zones.changeDelegation("island.test", text -> text.replaceAll("(?m)^.*\\sDS\\s.*\\n", ""));
        zones.signed("strange.test", SignedZones.ECDSA, records, List.of());
        zones.changeDelegation(
                "strange.test",
                text -> text.replaceAll("(?m)^.*\\sDS\\s.*\\n", "strange.test. DS 4711 253 2 " + DIGEST + "\n"));
        zones.signed("other.test", SignedZones.ECDSA, records, List.of());
        zones.changeDelegation(
                "other.test",
                text -> text.replaceAll("(?m)^.*\\sDS\\s.*\\n", "other.test. DS 4711 13 2 " + DIGEST + "\n"));
        zones.signed("stale.test", SignedZones.ECDSA, records, List.of("-s", "20200101000000", "-e", "20200201000000"));
        zones.signed("bare.test", SignedZones.ECDSA, records, List.of());
        zones.change("bare.test", line -> line.matches(".*RRSIG\\s+(SOA|TLSA).*") ? "" : line);
        zones.signed("soon.test", SignedZones.ECDSA, records, List.of("-s", "now-86400", "-e", "now+86400"));
        zones.signed("long.test", SignedZones.ECDSA, records, List.of("-e", "now+8640000"));
        zones.signed("slow.test", SignedZones.ECDSA, records.replace("TLSA", "7200 TLSA"), List.of());
        zones.signed("wild.test", SignedZones.ECDSA, records + "*._tcp.mail TLSA 3 1 1 " + DIGEST + "\n", List.of());
        zones.signed("large.test", SignedZones.ECDSA, "mail A 192.0.2.1\n" + many(), List.of());
        zones.unsigned("child.unsigned.test", records);
        zones.signed("alias.test", SignedZones.ECDSA, ALIASES + "_dane TLSA 3 1 1 " + DIGEST + "\n", List.of());
        zones.signed(
                "texts.test", SignedZones.ECDSA, "@ 77 TXT \"found=me\"\n@ 77 TXT \"v=spf1 mx -all\"\n", List.of());
        zones.signed("test", SignedZones.ECDSA, "ns A 127.0.0.1\n", List.of());
        zones.signed(".", SignedZones.ECDSA, "", List.of());
        zones.serve();
        List<Upstream> upstreams = List.of(new Upstream(LOOPBACK, zones.port()));
        gate = new Gate(
                new Resolver(ResolverSettings.of(upstreams).withAnchors(TrustAnchorFile.of(zones.anchor()))),
                new Diagnosis(upstreams));
        servers = new DirectServers(
                upstreams,
                Map.of(new DomainName("test"), List.of(new InetSocketAddress(LOOPBACK, zones.authoritativePort()))));
    }

    /// More than one packet takes.
    private static String many() {
        return IntStream.range(0, 40)
                .mapToObj(number -> "_993._tcp.mail TLSA 3 1 1 %064x\n".formatted(number))
                .collect(Collectors.joining());
    }

    @AfterAll
    static void stop() {
        if (zones != null) {
            zones.close();
        }
    }

    private static DomainName tlsa(String zone) {
        return new DomainName("_993._tcp.mail." + zone);
    }

    // ---- the gate

    @Test
    @Requirement("R8314-48")
    void theGateIsOpenForASecureZone() {
        assertThat(gate.of(tlsa("secure.test"))).isEqualTo(new Gate.Verdict.Open());
        // nothing there yet, and that is proved
        assertThat(gate.of(new DomainName("_4711._tcp.mail.secure.test"))).isEqualTo(new Gate.Verdict.Open());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            unsigned.test | there is no DS record of unsigned.test in the zone above it, and the zone is not signed
            island.test   | there is no DS record of island.test in the zone above it, though the zone has keys: hand its DS record to the registrar
            strange.test  | the DS records of strange.test are of an algorithm that validators do not know: PRIVATEDNS
            """)
    @Requirement("R8314-48")
    void theGateIsClosedAndSaysWhatIsMissing(String zone, String missing) {
        assertThat(gate.of(tlsa(zone))).isEqualTo(new Gate.Verdict.Closed(missing));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            other.test | no DS record of other.test is of a key that the zone has
            stale.test | the signatures of stale.test ended at 2020-02-01T00:00:00Z: it is not signed again
            bare.test  | bare.test has no signature (RRSIG) of its SOA records
            """)
    @Requirement({"R8314-48", "DANE-22"})
    void ofABogusZoneNothingIsProved(String zone, String reason) {
        assertThat(gate.of(tlsa(zone)))
                .isInstanceOfSatisfying(
                        Gate.Verdict.Unknown.class,
                        unknown -> assertThat(unknown.reason())
                                .startsWith("its signatures do not validate: ")
                                .endsWith(reason));
    }

    @Test
    @Requirement("R8314-48")
    void noTlsaPassesTheClosedGate() {
        List<RecordSet> wanted = Stream.of("secure.test", "unsigned.test", "bare.test")
                .flatMap(zone -> Stream.of(
                        set(RecordType.TLSA, tlsa(zone), "3 1 1 " + DIGEST),
                        set(RecordType.SRV, MailService.IMAPS.owner(new DomainName(zone)), "0 0 0 .")))
                .toList();
        Gate.Passage first = gate.pass(wanted, Set.of());
        assertThat(first.permitted().stream().filter(set -> set.type() == RecordType.SRV))
                .hasSize(3);
        assertThat(first.permitted().stream()
                        .filter(set -> set.type() == RecordType.TLSA)
                        .map(RecordSet::owner))
                .containsExactly(tlsa("secure.test"));
        assertThat(first.withheld()).extracting(Gate.Withheld::proved).containsExactly(true, false);
        // what is published stays while nothing is proved, and goes where the zone is proved to be unsigned
        Gate.Passage later = gate.pass(wanted, Set.of(tlsa("bare.test"), tlsa("unsigned.test")));
        assertThat(later.withheld()).extracting(each -> each.set().owner()).containsExactly(tlsa("unsigned.test"));
    }

    private static RecordSet set(RecordType type, DomainName owner, String data) {
        return new RecordSet(owner, type, Duration.ofMinutes(5), List.of(data));
    }

    // ---- the servers themselves

    @Test
    void theServersThemselvesAreAsked() {
        assertThat(servers.ask(tlsa("secure.test"), RecordType.TLSA))
                .containsExactly(new ServerAnswer(
                        "127.0.0.1:" + zones.authoritativePort(),
                        Optional.of(set(RecordType.TLSA, tlsa("secure.test"), "3 1 1 " + DIGEST)),
                        Optional.empty()));
        assertThat(servers.ask(new DomainName("nobody.secure.test"), RecordType.A))
                .singleElement()
                .satisfies(answer -> assertThat(answer.found()).isEmpty())
                .satisfies(answer -> assertThat(answer.failure()).isEmpty());
    }

    @Test
    void oneThatDoesNotAnswerIsToldOf() {
        var silent = new DirectServers(
                List.of(new Upstream(LOOPBACK, zones.port())),
                Map.of(new DomainName("test"), List.of(new InetSocketAddress(LOOPBACK, 1))));
        assertThat(silent.ask(tlsa("secure.test"), RecordType.TLSA))
                .singleElement()
                .satisfies(answer -> assertThat(answer.failure()).isPresent());
        // not authoritative: a resolver
        var resolver = new DirectServers(
                List.of(new Upstream(LOOPBACK, zones.port())),
                Map.of(new DomainName("test"), List.of(new InetSocketAddress(LOOPBACK, zones.port()))));
        assertThat(resolver.ask(tlsa("secure.test"), RecordType.TLSA))
                .extracting(answer -> answer.failure().orElse(""))
                .allMatch(failure -> failure.endsWith("is not authoritative for _993._tcp.mail.secure.test")
                        || failure.startsWith("answers "));
    }

    @Test
    void theZoneAndItsServersAreFoundByTheirRecords() throws Exception {
        Questions questions = new Questions(List.of(new Upstream(LOOPBACK, zones.port())), Duration.ofSeconds(5));
        assertThat(questions.zoneOf(tlsa("secure.test"))).isEqualTo(new DomainName("secure.test"));
        assertThat(questions.zoneOf(new DomainName("nobody.at.all.test"))).isEqualTo(new DomainName("test"));
        assertThat(questions.serversOf(new DomainName("secure.test")))
                .containsExactly(new Questions.NameServer("ns.test", new InetSocketAddress(LOOPBACK, 53)));
    }

    // ---- differences

    @Test
    void differencesAreFound() {
        DomainName owner = tlsa("secure.test");
        RecordSet same = set(RecordType.TLSA, owner, "3 1 1 " + DIGEST.toUpperCase(Locale.ROOT));
        assertThat(RecordDifference.compare(List.of(same), List.of(), servers).same())
                .isTrue();
        RecordSet longer = same.withTimeToLive(Duration.ofHours(1));
        assertThat(RecordDifference.compare(List.of(longer), List.of(), servers).differences())
                .singleElement()
                .satisfies(each -> assertThat(each.ofTimeToLiveAlone()).isTrue());
        RecordSet absent = set(RecordType.SRV, MailService.IMAPS.owner(new DomainName("secure.test")), "0 0 0 .");
        RecordDifference.Comparison comparison =
                RecordDifference.compare(List.of(absent), List.of(new Leftover(same.key(), Set.of())), servers);
        assertThat(comparison.failures()).isEmpty();
        assertThat(comparison.differences())
                .containsExactly(
                        new RecordDifference(
                                absent.key(),
                                Optional.of(absent),
                                Optional.empty(),
                                List.of("127.0.0.1:" + zones.authoritativePort())),
                        new RecordDifference(
                                same.key(),
                                Optional.empty(),
                                Optional.of(same),
                                List.of("127.0.0.1:" + zones.authoritativePort())));
    }

    // ---- aliases

    private static DomainName port(int number) {
        return new DomainName("_" + number + "._tcp.mail.alias.test");
    }

    private static AuthoritativeServers.ServerAnswer answer(int port) {
        List<AuthoritativeServers.ServerAnswer> answers = servers.ask(port(port), RecordType.TLSA);
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    /// RFC 7671 §7: what a reader finds is at the end of the aliases.
    @Test
    @Requirement("DANE-16")
    void aliasesOfTlsaRecordsAreFollowed() {
        RecordSet wanted = set(RecordType.TLSA, port(993), "3 1 1 " + DIGEST).withTimeToLive(Duration.ofMinutes(15));
        assertThat(answer(993).found()).as("for the longest time on the way").hasValue(wanted);
        assertThat(RecordDifference.compare(List.of(wanted), List.of(), servers).same())
                .isTrue();
        assertThat(answer(143).found())
                .as("in another zone")
                .hasValue(set(RecordType.TLSA, port(143), "3 1 1 " + DIGEST));
        assertThat(answer(110).found()).isEmpty();
        assertThat(answer(110).failure()).isEmpty();
        assertThat(answer(465).failure()).as("in circles").isPresent();
        String server = "127.0.0.1:" + zones.authoritativePort();
        assertThat(RecordDifference.compare(
                                List.of(set(RecordType.TLSA, port(143), "3 1 1 " + "cd".repeat(32))),
                                List.of(),
                                servers)
                        .differences())
                .singleElement()
                .satisfies(each -> assertThat(each.text())
                        .startsWith("is at " + server + " (_993._tcp.mail.secure.test, alias at " + server
                                + "): 3 1 1 abab"));
        // the alias itself is there for whoever asks for it
        assertThat(servers.ask(port(993), RecordType.CNAME))
                .singleElement()
                .satisfies(each -> assertThat(each.found().orElseThrow().data()).containsExactly("_dane.alias.test."));
    }

    @Test
    @Requirement({"DANE-16", "R8314-48"})
    void anAliasIsAsSecureAsTheZoneThatItLeadsTo() {
        assertThat(gate.of(port(993))).isEqualTo(new Gate.Verdict.Open());
        assertThat(gate.of(port(143))).isEqualTo(new Gate.Verdict.Open());
        assertThat(gate.of(port(110))).as("proved to lead nowhere").isEqualTo(new Gate.Verdict.Open());
        String missing = "an alias leads to _993._tcp.mail.unsigned.test: there is no DS record of unsigned.test in the"
                + " zone above it, and the zone is not signed";
        assertThat(gate.of(port(995))).isEqualTo(new Gate.Verdict.Closed(missing));
        List<LintFinding> findings = new RecordLint(gate, servers, Clock.systemUTC())
                .of(
                        List.of(set(RecordType.TLSA, port(995), "3 1 1 " + DIGEST)),
                        List.of(),
                        List.of(new FrontEnd(new DomainName("mail.alias.test"), 0, List.of())));
        assertThat(findings)
                .contains(new LintFinding(
                        LintFinding.Check.DNSSEC, port(995) + " TLSA", LintFinding.State.WRONG, missing));
    }

    // ---- texts of others

    @Test
    void textsOfOthersAreNoDifferenceUnlessThereMayBeOneOnly() {
        DomainName owner = new DomainName("texts.test");
        RecordSet policy = set(RecordType.TXT, owner, "\"v=spf1 mx -all\"");
        assertThat(RecordDifference.compare(List.of(policy), List.of(), servers).same())
                .as("its time to live is that of the others")
                .isTrue();
        RecordSet other = set(RecordType.TXT, owner, "\"v=spf1 -all\"");
        assertThat(RecordDifference.compare(List.of(other), List.of(), servers).differences())
                .singleElement()
                .satisfies(each -> assertThat(each.found().orElseThrow().data()).isEqualTo(policy.data()));
        RecordSet absent = set(RecordType.TXT, owner, "\"v=DMARC1; p=none\"");
        assertThat(RecordDifference.compare(List.of(absent), List.of(), servers).differences())
                .singleElement()
                .satisfies(each -> assertThat(each.found()).isEmpty());
        // what Postern had there is looked for, and nothing else
        Leftover left = new Leftover(policy.key(), Set.copyOf(policy.data()));
        assertThat(RecordDifference.compare(List.of(), List.of(left), servers).differences())
                .singleElement()
                .satisfies(each -> assertThat(each.found().orElseThrow().data()).isEqualTo(policy.data()));
        Leftover gone = new Leftover(policy.key(), Set.copyOf(other.data()));
        assertThat(RecordDifference.compare(List.of(), List.of(gone), servers).same())
                .isTrue();
    }

    // ---- lint

    private static List<LintFinding> lint(String zone) {
        List<RecordSet> wanted = List.of(
                set(RecordType.TLSA, tlsa(zone), "3 1 1 " + DIGEST),
                set(RecordType.A, new DomainName("mail." + zone), "192.0.2.1"));
        return new RecordLint(gate, servers, Clock.systemUTC())
                .of(wanted, List.of(), List.of(new FrontEnd(new DomainName("mail." + zone), 0, List.of())));
    }

    @Test
    @Requirement({"R8314-46", "DANE-15", "DANE-22"})
    void nothingIsWrongWithASecureZone() {
        assertThat(lint("secure.test"))
                .allMatch(finding -> finding.state() == LintFinding.State.OK)
                .extracting(LintFinding::check)
                .containsExactly(
                        LintFinding.Check.PUBLISHED,
                        LintFinding.Check.PUBLISHED,
                        LintFinding.Check.DNSSEC,
                        LintFinding.Check.SIGNATURES);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            soon.test     | SIGNATURES   | WRONG         | the first ends at
            long.test     | SIGNATURES   | WRONG         | they are made for 100 days: for so long an old record can be replayed
            slow.test     | TIME_TO_LIVE | WRONG         | caches keep it for 7200 s, also when the key was lost
            slow.test     | PUBLISHED    | WRONG         | lives for 7200 s at
            wild.test     | WILDCARD     | WRONG         | promises TLS on every port
            large.test    | SIZE         | WRONG         | octets, more than one packet takes everywhere
            unsigned.test | DNSSEC       | WRONG         | there is no DS record of unsigned.test
            unsigned.test | PUBLISHED    | WRONG         | is still there at
            island.test   | DNSSEC       | WRONG         | hand its DS record to the registrar
            stale.test    | DNSSEC       | WRONG         | it is not signed again
            child.unsigned.test | DNSSEC | NOT_AVAILABLE | there is no DS record of unsigned.test
            """)
    @Requirement({"R8314-46", "R8314-48", "DANE-8", "DANE-15", "DANE-22", "DANE-25"})
    void whatIsWrongIsFound(String zone, LintFinding.Check check, LintFinding.State state, String text) {
        assertThat(lint(zone)).anySatisfy(finding -> {
            assertThat(finding.check()).isEqualTo(check);
            assertThat(finding.state()).isEqualTo(state);
            assertThat(finding.text()).contains(text);
        });
    }

    // ---- text

    @ParameterizedTest
    @ValueSource(strings = {"named-checkzone", "nsd-checkzone", "kzonecheck"})
    void theTextLoads(String program) throws Exception {
        Map<MailService, Integer> ports = new EnumMap<>(Map.of(MailService.IMAPS, 993, MailService.SUBMISSION, 587));
        FrontEnd host = new FrontEnd(
                new DomainName("mail.example.org"),
                0,
                List.of(InetAddress.ofLiteral("192.0.2.1"), InetAddress.ofLiteral("2001:db8::1")));
        WantedRecords wanted = new WantedRecords(
                List.of(new DomainName("example.org")),
                List.of(host),
                ports,
                Map.of(host.host(), new TlsaData.Records(List.of("3 1 1 " + DIGEST), Optional.empty())),
                Duration.ofHours(1),
                List.of());
        Path file = Files.writeString(
                directory.resolve(program + ".zone"),
                "$ORIGIN example.org.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n"
                        + ZoneText.of(wanted.all()));
        Path path = Programs.requireAnywhere(program);
        List<String> command = program.equals("kzonecheck")
                ? List.of(path.toString(), "-o", "example.org.", file.toString())
                : List.of(path.toString(), "example.org", file.toString());
        assertThat(run(command)).doesNotContain("ignoring", "error", "warning");
        // and they can fail
        Files.writeString(file, "_993._tcp.mail.example.org. IN TLSA 3 1\n", StandardOpenOption.APPEND);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        assertThat(process.waitFor()).isNotZero();
    }

    private static String run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
