package org.postern.recordgroups;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.dns.FrontEnd;
import org.postern.dns.MailService;
import org.postern.dns.RecordSet;
import org.postern.identity.TrustAnchors;
import org.postern.recordgroups.GroupSettings.DkimSelector;
import org.postern.recordgroups.GroupSettings.KeySource;
import org.postern.recordgroups.GroupSettings.MailExchanger;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.testkit.Requirement;
import org.postern.testkit.SignedZones;
import org.postern.testkit.TestAuthority;

/// Record groups of a domain whose DNS is served by BIND, with an SMTP and a web server that answer or do not.
class ProspectsTest {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
    private static final DomainName DOMAIN = new DomainName("example.test");
    private static final String KEY = "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"";
    private static final TestAuthority AUTHORITY = new TestAuthority("Authority of the prospects");

    @TempDir
    static Path directory;

    private static SignedZones zones;
    private static Resolver resolver;
    private static SSLContext named;
    private static SSLContext misnamed;

    private MailTaker exchanger;
    private HttpsServer web;
    private final Map<String, Page> pages = new ConcurrentHashMap<>();

    private record Page(int status, String type, String text) {}

    @BeforeAll
    static void serve() throws Exception {
        zones = new SignedZones(Files.createDirectory(directory.resolve("zones")));
        String deep = IntStream.range(0, 12)
                .mapToObj(number ->
                        "deep" + number + " TXT \"v=spf1 include:deep" + (number + 1) + ".example.test -all\"\n")
                .collect(Collectors.joining());
        zones.signed("example.test", SignedZones.ECDSA, """
                mx A 127.0.0.1
                web A 127.0.0.1
                dead A 127.0.0.2
                alias CNAME mx
                text TXT "something"
                _spf TXT "v=spf1 ip4:192.0.2.0/24 -all"
                half TXT "v=spf1 include:_spf.example.test -all"
                other TXT "v=spf1 include:_spf.example.test -all"
                two TXT "v=spf1 -all"
                two TXT "v=spf1 +all"
                loop TXT "v=spf1 include:loop.example.test -all"
                broken TXT "v=spf1 inlude:x -all"
                key TXT %s
                withdrawn TXT "v=DKIM1; p="
                """.formatted(KEY) + deep, List.of());
        zones.signed("permitting.test", SignedZones.ECDSA, """
                @ MX 10 mx.example.test.
                example.test._report._dmarc TXT "v=DMARC1"
                """, List.of());
        zones.signed("silent.test", SignedZones.ECDSA, "@ MX 10 mx.example.test.\n", List.of());
        zones.signed("test", SignedZones.ECDSA, "ns A 127.0.0.1\n", List.of());
        zones.signed(".", SignedZones.ECDSA, "", List.of());
        zones.serve();
        resolver = new Resolver(ResolverSettings.of(List.of(new Upstream(LOOPBACK, zones.port())))
                .withAnchors(TrustAnchorFile.of(zones.anchor())));
        named = context("mx.example.test", "mta-sts.example.test", "autoconfig.example.test", "web.example.test");
        misnamed = context("other.example.test");
    }

    private static SSLContext context(String... names) throws Exception {
        TestAuthority.Issued issued = AUTHORITY.issue(TestAuthority.Request.of(names));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("server", issued.key(), new char[0], new Certificate[] {issued.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    @AfterAll
    static void stop() {
        if (zones != null) {
            zones.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        exchanger = new MailTaker();
        exchanger.tls = named;
        web(named);
    }

    private void web(SSLContext certificates) throws IOException {
        web = HttpsServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
        web.setHttpsConfigurator(new HttpsConfigurator(certificates));
        web.createContext("/", this::answer);
        web.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String host = exchange.getRequestHeaders().getFirst("Host").replaceFirst(":.*", "");
        Page page = pages.getOrDefault(host + exchange.getRequestURI().getPath(), new Page(404, "text/html", "no"));
        exchange.getResponseHeaders().set("Content-Type", page.type());
        exchange.getResponseHeaders().set("Location", "https://web.example.test/");
        byte[] body = page.text().getBytes(UTF_8);
        exchange.sendResponseHeaders(page.status(), body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @AfterEach
    void end() throws IOException {
        exchanger.close();
        web.stop(0);
    }

    private Surroundings surroundings() {
        return new Surroundings(
                new DomainName("mail.example.test"),
                resolver::lookup,
                Set.of(DOMAIN, new DomainName("reports.test")),
                Set.of("reports@example.test", "all@reports.test")::contains,
                List.of(new FrontEnd(new DomainName("mail.example.test"), 0, List.of())),
                Map.of(MailService.IMAPS, 993, MailService.SUBMISSIONS, 465),
                TrustAnchors.parse(AUTHORITY.pem().getBytes(UTF_8)),
                TrustAnchors.parse(AUTHORITY.pem().getBytes(UTF_8)),
                new Surroundings.Ports(exchanger.port(), web.getAddress().getPort(), 1));
    }

    private List<Prospect> prospects(GroupSettings settings) {
        List<Prospect> prospects = new Prospects(surroundings(), Duration.ofHours(1)).of(DOMAIN, settings);
        // what may be asked for later is what is known before
        assertThat(prospects.stream().map(Prospect::key).toList())
                .isEqualTo(Prospects.keys(DOMAIN, settings, surroundings().mailDomains()));
        return prospects;
    }

    private Prospect prospect(GroupSettings settings) {
        List<Prospect> prospects = prospects(settings);
        assertThat(prospects).hasSize(1);
        return prospects.getFirst();
    }

    private static String obstacle(Prospect prospect) {
        return prospect.obstacle().orElse("none");
    }

    private static String data(Prospect prospect) {
        return prospect.ready().map(RecordSet::data).map(Object::toString).orElse("not ready: " + obstacle(prospect));
    }

    private static GroupSettings exchangers(String... hosts) {
        GroupSettings none = GroupSettings.NONE;
        return new GroupSettings(
                List.of(hosts).stream()
                        .map(host -> new MailExchanger(new DomainName(host), 10))
                        .toList(),
                none.spf(),
                none.selectors(),
                none.dmarc(),
                none.policyHost(),
                none.tlsReports(),
                none.autoconfigHost());
    }

    /// Groups by their texts; empty ones are off.
    private static GroupSettings groups(
            String spf, String dmarc, String policyHost, String tlsReports, String autoconfig) {
        return new GroupSettings(
                List.of(),
                text(spf),
                List.of(),
                text(dmarc),
                text(policyHost).map(DomainName::new),
                text(tlsReports),
                text(autoconfig).map(DomainName::new));
    }

    private static Optional<String> text(String text) {
        return Optional.of(text).filter(each -> !each.isEmpty());
    }

    // ---- MX

    @Test
    @Requirement("R8314-45")
    void aServerThatTakesMailIsAskedAndSentNothing() {
        assertThat(data(prospect(exchangers("mx.example.test")))).isEqualTo("[10 mx.example.test.]");
        assertThat(exchanger.commands)
                .containsSubsequence(
                        "EHLO mail.example.test",
                        "STARTTLS",
                        "EHLO mail.example.test",
                        "MAIL FROM:<>",
                        "RCPT TO:<postmaster@example.test>",
                        "RSET")
                .noneMatch(command -> command.startsWith("DATA") || command.startsWith("BDAT"));
    }

    @Test
    void aServerWithoutTlsOrWithAnotherNameTakesMailToo() {
        exchanger.tls = null;
        assertThat(data(prospect(exchangers("mx.example.test")))).isEqualTo("[10 mx.example.test.]");
        exchanger.tls = misnamed;
        assertThat(data(prospect(exchangers("mx.example.test")))).isEqualTo("[10 mx.example.test.]");
    }

    @Test
    void greylistingIsNoRefusal() {
        exchanger.verdict = _ -> "450 4.2.0 come back";
        assertThat(data(prospect(exchangers("mx.example.test")))).isEqualTo("[10 mx.example.test.]");
    }

    @Test
    void aServerThatDoesNotTakeTheDomainsMail() {
        exchanger.verdict = _ -> "554-5.7.1 no\r\n554 5.7.1 Relay \u001b[1maccess denied";
        assertThat(obstacle(prospect(exchangers("mx.example.test"))))
                .isEqualTo("mx.example.test does not take mail for example.test: 554 5.7.1 Relay ?[1maccess denied");
        exchanger.greeting = "421 4.3.2 not now";
        assertThat(obstacle(prospect(exchangers("mx.example.test"))))
                .isEqualTo("mx.example.test greets with 421 4.3.2 not now");
        exchanger.greeting = "220 fine";
        exchanger.hello = "502 5.5.1 no such command";
        exchanger.verdict = _ -> "250 fine";
        assertThat(data(prospect(exchangers("mx.example.test")))).isEqualTo("[10 mx.example.test.]");
        exchanger.greeting = "* OK IMAP4rev2";
        assertThat(obstacle(prospect(exchangers("mx.example.test"))))
                .contains("does not answer at 127.0.0.1")
                .endsWith("what it says is no SMTP");
    }

    @Test
    void oneOfSeveralIsEnoughToWait() {
        assertThat(obstacle(prospect(exchangers("mx.example.test", "dead.example.test"))))
                .startsWith("dead.example.test does not answer at 127.0.0.2, port ");
        assertThat(obstacle(prospect(exchangers("none.example.test")))).isEqualTo("none.example.test has no address");
        assertThat(obstacle(prospect(exchangers("alias.example.test"))))
                .isEqualTo("alias.example.test is an alias: an MX record names the host itself");
    }

    // ---- SPF

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v=spf1 ip4:192.0.2.1 -all | none",
                "v=spf1 a:mx.example.test include:_spf.example.test -all | none",
                "v=spf1 exists:%{i}.list.example.test -all | none",
                "v=spf1 a -all | example.test has no address",
                "v=spf1 include:half.example.test include:other.example.test -all | none",
                "v=spf1 -all include:none.example.test | none",
                "v=spf1 mx -all | mx: example.test has no MX record",
                "v=spf1 mx:permitting.test -all | none",
                "v=spf1 a:none.example.test -all | none.example.test has no address",
                "v=spf1 include:text.example.test -all | include:text.example.test has no SPF record",
                "v=spf1 include:none.example.test -all | include:none.example.test has no SPF record",
                "v=spf1 redirect=none.example.test | redirect:none.example.test has no SPF record",
                "v=spf1 redirect=none.example.test -all | none",
                "v=spf1 include:two.example.test -all | include:two.example.test has 2 SPF records",
                "v=spf1 include:loop.example.test -all | loop.example.test includes itself",
                "v=spf1 include:broken.example.test -all | the SPF record of broken.example.test cannot be read: 'inlude:x' is no mechanism",
            })
    void whatAnSpfRecordNamesIsThere(String text, String obstacle) {
        assertThat(obstacle(prospect(groups(text, "", "", "", "")))).isEqualTo(obstacle);
    }

    @Test
    void moreThanTenLookupsAreAnErrorForWhoReadsIt() {
        assertThat(obstacle(prospect(groups("v=spf1 include:deep0.example.test -all", "", "", "", ""))))
                .startsWith("it needs more than 10 lookups");
        assertThat(obstacle(prospect(groups("v=spf1 " + "a:mx.example.test ".repeat(10) + "-all", "", "", "", ""))))
                .isEqualTo("none");
        assertThat(obstacle(prospect(groups("v=spf1 " + "a:mx.example.test ".repeat(11) + "-all", "", "", "", ""))))
                .startsWith("it needs more than 10 lookups");
    }

    @Test
    void mxMayBeOfTheSameLook() {
        GroupSettings both = new GroupSettings(
                exchangers("mx.example.test").exchangers(),
                Optional.of("v=spf1 mx -all"),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        assertThat(prospects(both)).extracting(ProspectsTest::obstacle).containsExactly("none", "none");
        exchanger.greeting = "554 closed";
        assertThat(prospects(both))
                .extracting(ProspectsTest::obstacle)
                .containsExactly("mx.example.test greets with 554 closed", "mx: example.test has no MX record");
    }

    // ---- DKIM

    private static GroupSettings signedBy(KeySource source) {
        return new GroupSettings(
                List.of(),
                Optional.empty(),
                List.of(new DkimSelector("2026", source)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void aKeyElsewhereIsLedTo() {
        Prospect prospect = prospect(signedBy(new KeySource.Alias(new DomainName("key.example.test"))));
        assertThat(prospect.key()).hasToString("2026._domainkey.example.test CNAME");
        assertThat(data(prospect)).isEqualTo("[key.example.test.]");
        for (String none : List.of("withdrawn", "text", "none")) {
            assertThat(obstacle(prospect(signedBy(new KeySource.Alias(new DomainName(none + ".example.test"))))))
                    .isEqualTo("there is no key at " + none + ".example.test");
        }
    }

    @Test
    void aKeyOfAFileIsLongerThanAString() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        Path file = Files.createDirectories(directory.resolve("keys")).resolve("example.test.pem");
        GroupSettings settings = signedBy(new KeySource.KeyFile(directory.resolve("keys") + "/{domain}.pem"))
                .of(DOMAIN);
        Prospect before = prospect(settings);
        assertThat(obstacle(before)).isEqualTo("there is no file " + file);
        assertThat(before.set()).isEmpty();
        String key = Base64.getEncoder()
                .encodeToString(generator.generateKeyPair().getPublic().getEncoded());
        Files.writeString(
                file,
                "-----BEGIN PUBLIC KEY-----\n" + key.replaceAll("(.{64})", "$1\n") + "\n-----END PUBLIC KEY-----\n");
        RecordSet set = prospect(settings).ready().orElseThrow();
        assertThat(set.data()).hasSize(1);
        assertThat(set.data().getFirst().split("\" \"", -1)).hasSize(2).allMatch(string -> string.length() <= 257);
        assertThat(set.data().getFirst().replace("\" \"", "").replace("\"", "").replace("\\;", ";"))
                .isEqualTo("v=DKIM1; k=rsa; p=" + key);
    }

    // ---- DMARC and TLSRPT

    @Test
    void dmarcRestsOnSpfOrDkim() {
        assertThat(obstacle(prospect(groups("", "v=DMARC1; p=none", "", "", ""))))
                .isEqualTo("there is neither SPF nor DKIM, on which DMARC rests");
        assertThat(prospects(groups("v=spf1 -all", "v=DMARC1; p=none", "", "", "")))
                .extracting(ProspectsTest::obstacle)
                .containsExactly("none", "none");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "reports@example.test | none",
                "nobody@example.test | there is no mailbox nobody@example.test",
                "anybody@permitting.test | none",
                "anybody@silent.test | silent.test does not say that it takes reports about example.test: a TXT record"
                        + " \"v=DMARC1\" at example.test._report._dmarc.silent.test does (RFC 7489 §7.1)",
                "anybody@none.test | none.test has no address",
            })
    void reportsArrive(String mailbox, String obstacle) {
        List<Prospect> prospects =
                prospects(groups("v=spf1 -all", "v=DMARC1; p=none; rua=mailto:" + mailbox, "", "", ""));
        assertThat(prospects).hasSize(2);
        assertThat(obstacle(prospects.getLast())).isEqualTo(obstacle);
    }

    @Test
    void aDomainOfThisServerSaysThatItTakesReports() {
        List<Prospect> prospects =
                prospects(groups("v=spf1 -all", "v=DMARC1; p=none; rua=mailto:all@reports.test", "", "", ""));
        assertThat(prospects).extracting(ProspectsTest::obstacle).containsExactly("none", "none", "none");
        assertThat(prospects.getLast().key()).hasToString("example.test._report._dmarc.reports.test TXT");
        assertThat(data(prospects.getLast())).isEqualTo("[\"v=DMARC1\"]");
    }

    @Test
    void reportsOfTlsGoToMailboxesAndWebServers() {
        assertThat(obstacle(prospect(groups("", "", "", "v=TLSRPTv1; rua=mailto:reports@example.test", ""))))
                .isEqualTo("none");
        assertThat(obstacle(prospect(groups("", "", "", "v=TLSRPTv1; rua=mailto:nobody@example.test", ""))))
                .isEqualTo("there is no mailbox nobody@example.test");
        int port = web.getAddress().getPort();
        assertThat(obstacle(prospect(
                        groups("", "", "", "v=TLSRPTv1; rua=https://web.example.test:" + port + "/reports", ""))))
                .isEqualTo("none");
        assertThat(obstacle(prospect(
                        groups("", "", "", "v=TLSRPTv1; rua=https://dead.example.test:" + port + "/reports", ""))))
                .startsWith("https://dead.example.test:" + port + "/reports: ");
    }

    // ---- MTA-STS

    private static final GroupSettings POLICY = groups("", "", "web.example.test", "", "");

    private static GroupSettings withExchanger(GroupSettings settings) {
        return new GroupSettings(
                exchangers("mx.example.test").exchangers(),
                settings.spf(),
                settings.selectors(),
                settings.dmarc(),
                settings.policyHost(),
                settings.tlsReports(),
                settings.autoconfigHost());
    }

    private void policy(int status, String type, String text) {
        pages.put("mta-sts.example.test/.well-known/mta-sts.txt", new Page(status, type, text));
    }

    private String policyObstacle() {
        return obstacle(prospects(withExchanger(POLICY)).getLast());
    }

    @Test
    @Requirement("N-4")
    void aPolicyIsAnnouncedWhenItIsThere() {
        List<Prospect> before = prospects(withExchanger(POLICY));
        assertThat(before).hasSize(3);
        // its certificate may have to wait for the name
        assertThat(before.get(1).key()).hasToString("mta-sts.example.test CNAME");
        assertThat(data(before.get(1))).isEqualTo("[web.example.test.]");
        assertThat(before.get(2).set()).isEmpty();
        assertThat(obstacle(before.get(2))).endsWith("/.well-known/mta-sts.txt answers 404");

        policy(
                200,
                "text/plain; charset=utf-8",
                "version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n");
        String first = data(prospects(withExchanger(POLICY)).getLast());
        assertThat(first).matches("\\[\"v=STSv1\\\\?; id=[0-9a-f]{32}\"]");
        policy(200, "text/plain", "version: STSv1\nmode: testing\nmx: *.example.test\nmax_age: 86400\n");
        assertThat(data(prospects(withExchanger(POLICY)).getLast()))
                .matches("\\[\"v=STSv1\\\\?; id=[0-9a-f]{32}\"]")
                .isNotEqualTo(first);
    }

    @Test
    void aPolicyThatSendersWouldNotTake() throws Exception {
        String good = "version: STSv1\nmode: testing\nmx: mx.example.test\nmax_age: 86400\n";
        policy(302, "text/plain", good);
        assertThat(policyObstacle()).endsWith("answers 302");
        policy(200, "text/html", good);
        assertThat(policyObstacle()).isEqualTo("the policy is of type text/html, it ought to be text/plain");
        policy(200, "text/plain", good.replace("mode", "mode: enforce\nmode").replace("mx.ex", "*.ex"));
        exchanger.tls = null;
        assertThat(policyObstacle()).as("the first counts").endsWith("offers no STARTTLS");
        exchanger.tls = named;
        policy(200, "text/plain", good.replace("STSv1", "STSv2"));
        assertThat(policyObstacle()).startsWith("the policy at mta-sts.example.test cannot be read: ");
        policy(200, "text/plain", good + "x: y\n".repeat(20_000));
        assertThat(policyObstacle()).endsWith("has more than 65536 octets");
        policy(200, "text/plain", good.replace("mx.example", "other.example"));
        assertThat(policyObstacle())
                .isEqualTo("the policy names other.example.test, and mail goes to mx.example.test too");
        policy(200, "text/plain", good);
        assertThat(policyObstacle()).isEqualTo("none");
        web.stop(0);
        web(misnamed);
        assertThat(policyObstacle()).startsWith("https://mta-sts.example.test:");
    }

    @Test
    void anEnforcedPolicyNeedsServersWithTls() {
        policy(200, "text/plain", "version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n");
        assertThat(policyObstacle()).isEqualTo("none");
        exchanger.tls = null;
        assertThat(policyObstacle()).isEqualTo("the policy is enforced, and mx.example.test offers no STARTTLS");
        exchanger.tls = named;
        exchanger.startTls = "454 4.7.0 not now";
        assertThat(policyObstacle())
                .isEqualTo("the policy is enforced, and mx.example.test answers STARTTLS with 454 4.7.0 not now");
        exchanger.startTls = "220 go on\r\n* no TLS";
        assertThat(policyObstacle()).startsWith("the policy is enforced, and TLS fails at mx.example.test: ");
        assertThat(data(prospects(withExchanger(POLICY)).getFirst())).isEqualTo("[10 mx.example.test.]");
        exchanger.startTls = "220 go on";
        exchanger.tls = misnamed;
        assertThat(policyObstacle())
                .startsWith("the policy is enforced, and mx.example.test has no certificate that senders take: ");
    }

    @Test
    void noAliasLeadsWhereNobodyIs() {
        Prospect alias = prospects(withExchanger(groups("", "", "dead.example.test", "", "")))
                .get(1);
        assertThat(obstacle(alias)).isEqualTo("no web server answers at dead.example.test");
    }

    @Test
    void aWebServerThatHasTheNameItselfNeedsNoAlias() {
        assertThat(prospects(groups("", "", "mta-sts.example.test", "", "")))
                .extracting(each -> each.key().toString())
                .containsExactly("_mta-sts.example.test TXT");
    }

    /// What others say is for people to read, on one line, and no more than they want to.
    @Test
    void whatOthersSayIsCutAndCleaned() {
        pages.put("autoconfig.example.test/mail/config-v1.1.xml", new Page(200, "text/xml", """
                <?xml version="1.1"?><clientConfig><incomingServer type="imap&#10;example.test. IN MX 0 evil.&#27;[2J"/>
                <outgoingServer type="%s"/></clientConfig>
                """.formatted(
                        "x".repeat(2_000))));
        String obstacle = obstacle(prospect(groups("", "", "", "", "web.example.test")));
        assertThat(obstacle)
                .contains("imap?example.test. IN MX 0 evil.?[2J")
                .hasSizeLessThan(600)
                .hasLineCount(1);
    }

    @Test
    void aWebServerThatDoesNotStopIsLeft() throws Exception {
        try (ServerSocket endless = new ServerSocket(0, 50, LOOPBACK)) {
            AtomicLong sent = new AtomicLong();
            Thread.ofPlatform().daemon().start(() -> flood(endless, sent));
            WebServer server = new WebServer(trusting(), new Surroundings.Ports(1, endless.getLocalPort(), 1));
            for (String path : List.of("/header", "/body")) {
                assertThatThrownBy(() -> server.get(new DomainName("web.example.test"), List.of(LOOPBACK), path))
                        .isInstanceOf(IOException.class);
            }
            assertThat(sent.get()).as("octets, with what is under way").isLessThan(20_000_000);
        }
    }

    private static SSLContext trusting() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry(
                "authority",
                TrustAnchors.parse(AUTHORITY.pem().getBytes(UTF_8))
                        .certificates()
                        .getFirst());
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    /// Sends a header field, or content, without an end.
    private static void flood(ServerSocket listener, AtomicLong sent) {
        byte[] much = "x".repeat(60_000).getBytes(UTF_8);
        while (!listener.isClosed()) {
            try (SSLSocket socket =
                    (SSLSocket) named.getSocketFactory().createSocket(listener.accept(), null, 0, true)) {
                socket.setUseClientMode(false);
                byte[] request = socket.getInputStream().readNBytes(8);
                String begin = request[5] == 'h' ? "HTTP/1.1 200 OK\r\nX: " : "HTTP/1.1 200 OK\r\n\r\n";
                socket.getOutputStream().write(begin.getBytes(UTF_8));
                while (true) {
                    socket.getOutputStream().write(much);
                    sent.addAndGet(much.length);
                }
            } catch (IOException e) {
                // the client went
            }
        }
    }

    // ---- autoconfig

    @Test
    void settingsForMailProgramsAgreeWithTheListeners() {
        GroupSettings settings = groups("", "", "", "", "web.example.test");
        assertThat(obstacle(prospect(settings))).contains("answers 404");
        String text = """
                <clientConfig version="1.1"><emailProvider id="example.test">
                <incomingServer type="imap"><hostname>mail.example.test</hostname><port>993</port><socketType>SSL</socketType></incomingServer>
                <outgoingServer type="smtp"><hostname>mail.example.test</hostname><port>465</port><socketType>SSL</socketType></outgoingServer>
                </emailProvider></clientConfig>
                """;
        pages.put("autoconfig.example.test/mail/config-v1.1.xml", new Page(200, "text/xml", text));
        Prospect prospect = prospect(settings);
        assertThat(prospect.key()).hasToString("autoconfig.example.test CNAME");
        assertThat(data(prospect)).isEqualTo("[web.example.test.]");
        pages.put(
                "autoconfig.example.test/mail/config-v1.1.xml", new Page(200, "text/xml", text.replace("465", "587")));
        assertThat(obstacle(prospect(settings)))
                .isEqualTo(
                        "the settings at autoconfig.example.test lead elsewhere: it offers smtp mail.example.test:587 SSL,"
                                + " and submissions is on port 465");
    }
}
