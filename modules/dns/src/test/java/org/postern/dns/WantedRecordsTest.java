package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.postern.identity.TlsaRecord;
import org.postern.resolver.DomainName;
import org.postern.testkit.Requirement;
import org.postern.testkit.TestPki;

class WantedRecordsTest {
    private static final DomainName DOMAIN = new DomainName("example.org");
    private static final DomainName HOST = new DomainName("mail.example.net");
    private static final String ZEROS = "00".repeat(32);
    private static final String KEY = "3 1 1 " + ZEROS;

    private static Map<MailService, Integer> allPorts() {
        Map<MailService, Integer> ports = new EnumMap<>(MailService.class);
        ports.put(MailService.IMAPS, 993);
        ports.put(MailService.IMAP, 143);
        ports.put(MailService.POP3S, 995);
        ports.put(MailService.POP3, 110);
        ports.put(MailService.SUBMISSIONS, 465);
        ports.put(MailService.SUBMISSION, 587);
        return ports;
    }

    private static TlsaData.Records tlsa(String... data) {
        return new TlsaData.Records(List.of(data), Optional.empty());
    }

    private static WantedRecords wanted(Map<MailService, Integer> ports, FrontEnd... frontEnds) {
        return new WantedRecords(
                List.of(DOMAIN), List.of(frontEnds), ports, Map.of(HOST, tlsa(KEY)), Duration.ofHours(1), List.of());
    }

    private static FrontEnd host(String... addresses) {
        return new FrontEnd(
                HOST, 0, List.of(addresses).stream().map(InetAddress::ofLiteral).toList());
    }

    @Test
    @Requirement({"R6186-1", "R6186-3", "DANE-1", "DANE-2", "DANE-4", "SEED-15"})
    void everythingListens() {
        assertThat(ZoneText.of(
                        wanted(allPorts(), host("192.0.2.1", "2001:db8::1")).all()))
                .isEqualTo("""
                _imaps._tcp.example.org. 3600 IN SRV 0 0 993 mail.example.net.
                _imap._tcp.example.org. 3600 IN SRV 10 0 143 mail.example.net.
                _pop3s._tcp.example.org. 3600 IN SRV 20 0 995 mail.example.net.
                _pop3._tcp.example.org. 3600 IN SRV 30 0 110 mail.example.net.
                _submissions._tcp.example.org. 3600 IN SRV 0 0 465 mail.example.net.
                _submission._tcp.example.org. 3600 IN SRV 10 0 587 mail.example.net.
                mail.example.net. 3600 IN A 192.0.2.1
                mail.example.net. 3600 IN AAAA 2001:db8:0:0:0:0:0:1
                _110._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                _143._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                _465._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                _587._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                _993._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                _995._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                """.replace("ZEROS", ZEROS));
    }

    @Test
    @Requirement({"R6186-5", "R6186-6"})
    void whatIsNotOfferedIsSaidSoAndHasNoTlsa() {
        Map<MailService, Integer> ports = new EnumMap<>(Map.of(MailService.IMAPS, 9_993));
        List<RecordSet> sets = wanted(ports, host()).all();
        assertThat(ZoneText.of(sets)).isEqualTo("""
                _imaps._tcp.example.org. 3600 IN SRV 0 0 9993 mail.example.net.
                _imap._tcp.example.org. 3600 IN SRV 0 0 0 .
                _pop3s._tcp.example.org. 3600 IN SRV 0 0 0 .
                _pop3._tcp.example.org. 3600 IN SRV 0 0 0 .
                _submissions._tcp.example.org. 3600 IN SRV 0 0 0 .
                _submission._tcp.example.org. 3600 IN SRV 0 0 0 .
                _9993._tcp.mail.example.net. 3600 IN TLSA 3 1 1 ZEROS
                """.replace("ZEROS", ZEROS));
    }

    @Test
    @Requirement("R6186-7")
    void severalFrontEndsShareTheClients() {
        FrontEnd other = new FrontEnd(new DomainName("mail2.example.net"), 30, List.of());
        List<RecordSet> sets =
                wanted(allPorts(), new FrontEnd(HOST, 10, List.of()), other).services(DOMAIN);
        assertThat(sets.getFirst().data()).containsExactly("0 10 993 mail.example.net.", "0 30 993 mail2.example.net.");
        // a host whose keys are not known has no TLSA records
        assertThat(wanted(allPorts(), other).host(other)).isEmpty();
    }

    @Test
    @Requirement({"DANE-16", "DANE-17"})
    void hostsWithOneKeyHaveItsRecordsInOnePlace() {
        Optional<DomainName> place = Optional.of(new DomainName("_dane.example.net"));
        DomainName second = new DomainName("mail2.example.net");
        WantedRecords wanted = new WantedRecords(
                List.of(),
                List.of(
                        new FrontEnd(HOST, 10, List.of(), place),
                        new FrontEnd(second, 10, List.of(), place),
                        new FrontEnd(new DomainName("mail3.example.net"), 10, List.of(), place)),
                Map.of(MailService.IMAPS, 993, MailService.IMAP, 143),
                Map.of(HOST, tlsa(KEY), second, tlsa(KEY)),
                Duration.ofMinutes(5),
                List.of());
        assertThat(ZoneText.of(wanted.all())).isEqualTo("""
                _dane.example.net. 300 IN TLSA %s
                _143._tcp.mail.example.net. 300 IN CNAME _dane.example.net.
                _993._tcp.mail.example.net. 300 IN CNAME _dane.example.net.
                _143._tcp.mail2.example.net. 300 IN CNAME _dane.example.net.
                _993._tcp.mail2.example.net. 300 IN CNAME _dane.example.net.
                """.formatted(KEY));
        // no key, no place for it
        assertThat(new WantedRecords(
                                List.of(),
                                List.of(new FrontEnd(HOST, 10, List.of(), place)),
                                Map.of(MailService.IMAPS, 993),
                                Map.of(),
                                Duration.ofMinutes(5),
                                List.of())
                        .all())
                .isEmpty();
    }

    @Test
    @Requirement("DANE-9")
    void anAnnouncedKeyIsPublishedBesideTheOneThatIsServed() {
        String next = WantedRecords.data(
                new TlsaRecord(3, 1, 1, "0123456789abcdef0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII)));
        WantedRecords wanted = new WantedRecords(
                List.of(),
                List.of(host()),
                Map.of(MailService.IMAPS, 993),
                Map.of(HOST, tlsa(KEY, next)),
                Duration.ofMinutes(5),
                List.of());
        assertThat(wanted.all())
                .singleElement()
                .satisfies(set -> assertThat(set.data())
                        .hasSize(2)
                        .contains(KEY, "3 1 1 30313233343536373839616263646566" + "30313233343536373839414243444546"));
    }

    /// What a rollover waits for is what is published, not what the configuration has become in the meantime.
    @Test
    @Requirement({"DANE-9", "DANE-17"})
    void tlsaRecordsAndAliasesLiveAsLongAsTheRolloverSays() {
        Optional<DomainName> place = Optional.of(new DomainName("_dane.example.net"));
        DomainName second = new DomainName("mail2.example.net");
        DomainName third = new DomainName("mail3.example.net");
        WantedRecords wanted = new WantedRecords(
                List.of(),
                List.of(
                        new FrontEnd(HOST, 0, List.of(InetAddress.ofLiteral("192.0.2.1"))),
                        new FrontEnd(second, 0, List.of(), place),
                        new FrontEnd(third, 0, List.of(), place)),
                Map.of(MailService.IMAPS, 993),
                Map.of(
                        HOST,
                        new TlsaData.Records(List.of(KEY), Optional.of(Duration.ofMinutes(1))),
                        second,
                        new TlsaData.Records(List.of(KEY), Optional.of(Duration.ofMinutes(2))),
                        third,
                        new TlsaData.Records(List.of(KEY), Optional.of(Duration.ofMinutes(3)))),
                Duration.ofHours(1),
                List.of());
        assertThat(ZoneText.of(wanted.all())).isEqualTo("""
                _dane.example.net. 120 IN TLSA %s
                mail.example.net. 3600 IN A 192.0.2.1
                _993._tcp.mail.example.net. 60 IN TLSA %s
                _993._tcp.mail2.example.net. 120 IN CNAME _dane.example.net.
                _993._tcp.mail3.example.net. 180 IN CNAME _dane.example.net.
                """.formatted(KEY, KEY));
    }

    @Test
    @Requirement("DANE-21")
    void namesAreALabels() {
        WantedRecords wanted = new WantedRecords(
                List.of(new DomainName("xn--bcher-kva.example")),
                List.of(host()),
                Map.of(),
                Map.of(),
                Duration.ofHours(1),
                List.of());
        assertThat(ZoneText.of(wanted.all())).contains("_imaps._tcp.xn--bcher-kva.example. ");
        assertThatThrownBy(() -> new DomainName("bücher.example")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void dataStandInOneNotation() {
        RecordSet one = new RecordSet(HOST, RecordType.TLSA, Duration.ofHours(1), List.of("3  1 1 " + "AB".repeat(32)));
        RecordSet other =
                new RecordSet(HOST, RecordType.TLSA, Duration.ofHours(1), List.of("3 1 1 (" + "ab".repeat(32) + ")"));
        assertThat(one).isEqualTo(other);
        assertThat(new RecordSet(HOST, RecordType.SRV, Duration.ZERO, List.of("0 0 1 Mail.Example.")).data())
                .containsExactly("0 0 1 mail.example.");
        assertThatThrownBy(() -> new RecordSet(HOST, RecordType.SRV, Duration.ZERO, List.of("0 0 mail")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("not the data of a SRV record: 0 0 mail");
    }

    @Test
    @Requirement({"DANE-6", "DANE-7", "DANE-8"})
    void whatIsTakenOfAChain() {
        TestPki.Issued authority = TestPki.authority("Own").selfSigned();
        X509Certificate server = TestPki.server("mail", TestPki.dns("mail.example.net"))
                .by(authority)
                .certificate();
        List<X509Certificate> chain = List.of(server, authority.certificate());
        assertThat(TlsaParameters.parse("3 1 1").of(chain)).containsExactly(TlsaRecord.of(3, 1, 1, server));
        assertThat(TlsaParameters.parse("2 0 1").of(chain))
                .containsExactly(TlsaRecord.of(2, 0, 1, authority.certificate()));
        assertThat(TlsaParameters.parse("2 0 1").of(List.of(server))).isEmpty(); // the authority is not sent
        assertThat(TlsaParameters.parse("1 1 1").caveat())
                .hasValueSatisfying(text -> assertThat(text).contains("RFC 7671 §4"));
        assertThat(TlsaParameters.USUAL.caveat()).isEmpty();
        assertThatThrownBy(() -> TlsaParameters.parse("3 1 0")).hasMessageContaining("matching type is 1 (SHA-256)");
        assertThatThrownBy(() -> TlsaParameters.parse("4 1 1")).hasMessageContaining("usage 4");
        assertThatThrownBy(() -> TlsaParameters.parse("311")).hasMessageContaining("not as \"3 1 1\"");
    }
}
