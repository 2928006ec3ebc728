package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.audit.AuditRule;
import org.postern.testkit.Requirement;
import org.postern.testkit.SignedZones;
import org.postern.testkit.TestAuthority;
import tools.jackson.databind.JsonNode;

/// `postern audit` of a provider with Dovecot and Postfix, whose domains are set up well once and wrongly in every
/// way that there is a rule for: each rule is found where it belongs, and nowhere else.
@Requirement({"R8314-47", "R8314-48", "R6186-5", "R6186-6", "SEED-6", "SEED-15", "SEED-25", "SEED-26", "R8314-42"})
class AuditTest {
    private static final String SERVICES = "imaps imap pop3s pop3 submissions submission";

    @TempDir
    static Path directory;

    private static SignedZones zones;
    private static MailProvider provider;
    private static TestAuthority.Issued well;
    private static Path authority;
    private static final Map<String, TestAuthority.Issued> BY_NAME = new HashMap<>();

    /// A domain of the provider: its zone, what the audit finds (notes left out), and whether it passes.
    enum Domain {
        WELL(true, true),
        EXPIRED(false, false, AuditRule.CERTIFICATE_DATES),
        FOREIGN(false, false, AuditRule.CERTIFICATE_NAME),
        SELFSIGNED(false, false, AuditRule.CERTIFICATE_UNTRUSTED),
        /// a certificate that only a TLSA record vouches for
        DANE(false, true, AuditRule.CERTIFICATE_UNTRUSTED),
        UNFIT(false, false, AuditRule.CERTIFICATE_UNFIT),
        SOON(true, true, AuditRule.CERTIFICATE_ENDS_SOON),
        STRIPPED(false, false, AuditRule.STARTTLS_MISSING),
        EARLY(false, false, AuditRule.LOGIN_BEFORE_TLS),
        OLD(false, false, AuditRule.TLS_OLD),
        ALIAS(false, false, AuditRule.SRV_ALIAS),
        STALE(false, false, AuditRule.TLSA_MISMATCH),
        UNSIGNED(false, false, AuditRule.SRV_UNSIGNED, AuditRule.TLSA_UNSIGNED),
        SILENT(true, true, AuditRule.NOT_SAID),
        CONFIRM(true, true, AuditRule.SRV_UNSIGNED, AuditRule.NEEDS_CONFIRMATION),
        EMPTY(false, false, AuditRule.NOTHING_OFFERED),
        BOGUS(false, false, AuditRule.SRV_FAILED),
        FAULTY(false, false, AuditRule.SRV_FAULTY),
        LEGACY(true, true, AuditRule.NO_IMPLICIT_TLS),
        REVERSED(true, true, AuditRule.STARTTLS_PREFERRED),
        SMTPS(true, true, AuditRule.SMTPS_LABEL),
        LOST(false, false, AuditRule.ADDRESS_FAILED),
        NOWHERE(false, false, AuditRule.NO_ADDRESS),
        CLOSED(false, false, AuditRule.UNREACHABLE),
        BADTLSA(false, false, AuditRule.TLSA_FAILED),
        ODDTLSA(true, true, AuditRule.TLSA_UNUSABLE),
        CLEAR(false, false, AuditRule.TLS_WEAK),
        MIXED(false, false, AuditRule.PROTOCOL_FAULT);

        final boolean strict;
        final boolean standard;

        @SuppressWarnings("ImmutableEnumChecker") // it is never changed
        final Set<AuditRule> rules;

        Domain(boolean strict, boolean standard, AuditRule... rules) {
            this.strict = strict;
            this.standard = standard;
            this.rules = rules.length == 0 ? Set.of() : EnumSet.copyOf(List.of(rules));
        }

        String text() {
            return name().toLowerCase(Locale.ROOT) + ".test";
        }

        String host() {
            return "mail." + text();
        }
    }

    @BeforeAll
    static void open() throws Exception {
        TestAuthority trusted = new TestAuthority("Trusted");
        authority = Files.writeString(directory.resolve("authority.pem"), trusted.pem());
        well = trusted.issue(TestAuthority.Request.of(
                Stream.concat(Arrays.stream(Domain.values()).map(Domain::host), Stream.of(Domain.UNSIGNED.text()))
                        .toArray(String[]::new)));
        Instant now = Instant.now();
        issue(trusted, Domain.EXPIRED, request(Domain.EXPIRED).until(now.minus(Duration.ofDays(1))));
        issue(trusted, Domain.FOREIGN, TestAuthority.Request.of("mail.elsewhere.example"));
        issue(new TestAuthority("Nobody"), Domain.SELFSIGNED, request(Domain.SELFSIGNED));
        issue(new TestAuthority("Nobody"), Domain.DANE, request(Domain.DANE));
        issue(trusted, Domain.UNFIT, request(Domain.UNFIT).forClients());
        issue(trusted, Domain.SOON, request(Domain.SOON).until(now.plus(Duration.ofDays(3))));
        provider = new MailProvider(directory, well, BY_NAME);
        zones = new SignedZones(Files.createDirectory(directory.resolve("zones")));
        zones();
        zones.serve();
    }

    private static TestAuthority.Request request(Domain domain) {
        return TestAuthority.Request.of(domain.host());
    }

    private static void issue(TestAuthority from, Domain domain, TestAuthority.Request request) {
        BY_NAME.put(domain.host(), from.issue(request));
    }

    @AfterAll
    static void close() throws Exception {
        if (zones != null) {
            zones.close();
        }
        if (provider != null) {
            provider.close();
        }
    }

    // ---- the zones

    private static void zones() throws Exception {
        MailProvider.Ports good = provider.ports(MailProvider.SetUp.WELL);
        for (Domain domain : List.of(Domain.EXPIRED, Domain.FOREIGN, Domain.SELFSIGNED, Domain.UNFIT, Domain.SOON)) {
            zone(domain, srv("imaps", 0, good.imaps()));
        }
        String own = BY_NAME.get(Domain.DANE.host()).keyDigest();
        zone(Domain.DANE, srv("imaps", 0, good.imaps()), tlsa(good.imaps(), own));
        zone(Domain.WELL, everything(good, 0, 10), tlsa(good), "@ MX 10 mx.elsewhere.test.\n");
        String stripped = everything(provider.ports(MailProvider.SetUp.STRIPPED), 0, 10);
        zone(
                Domain.STRIPPED,
                srv("imaps", 0, good.imaps()),
                srv("pop3s", 20, good.pop3s()),
                srv("submissions", 0, good.submissions()),
                only(stripped, "imap", "pop3", "submission"));
        zone(Domain.EARLY, everything(provider.ports(MailProvider.SetUp.LOGIN_BEFORE_TLS), 0, 10));
        zone(Domain.OLD, everything(provider.ports(MailProvider.SetUp.OLD_TLS), 0, 10));
        zone(Domain.ALIAS, "_imaps._tcp SRV 0 1 " + good.imaps() + " other\nother CNAME mail\n");
        zone(Domain.STALE, srv("imaps", 0, good.imaps()), tlsa(good.imaps(), "00".repeat(32)));
        zone(Domain.SILENT, srv("imaps", 0, good.imaps()));
        zone(Domain.FAULTY, "_imaps._tcp SRV 0 1 " + good.imaps() + " mail\n_imaps._tcp SRV 0 0 0 .\n");
        zone(Domain.LEGACY, only(everything(good, 0, 10), "imap"));
        zone(Domain.REVERSED, only(everything(good, 10, 0), "imaps", "imap"));
        zone(Domain.SMTPS, srv("imaps", 0, good.imaps()), "_smtps._tcp SRV 0 1 " + good.submissions() + " mail\n");
        zone(Domain.NOWHERE, "_imaps._tcp SRV 0 1 " + good.imaps() + " nobody\n");
        zone(Domain.CLOSED, srv("imaps", 0, 1));
        zone(Domain.ODDTLSA, srv("imaps", 0, good.imaps()), "_" + good.imaps() + "._tcp.mail TLSA 9 1 1 00\n");
        zone(Domain.CLEAR, srv("imaps", 0, good.imap()));
        zone(Domain.MIXED, srv("submissions", 0, good.imaps()));
        zone(Domain.BOGUS, srv("imaps", 0, good.imaps()));
        zones.change(Domain.BOGUS.text(), line -> line.matches("_imaps\\._tcp.*RRSIG\\s+SRV.*") ? "" : line);
        zone(Domain.LOST, srv("imaps", 0, good.imaps()));
        zones.change(Domain.LOST.text(), line -> line.matches("mail\\..*RRSIG\\s+A\\s.*") ? "" : line);
        zone(Domain.BADTLSA, srv("imaps", 0, good.imaps()), tlsa(good.imaps(), well.keyDigest()));
        zones.change(Domain.BADTLSA.text(), line -> line.matches("_\\d+\\._tcp.*RRSIG\\s+TLSA.*") ? "" : line);
        zones.signed(Domain.EMPTY.text(), SignedZones.ECDSA, "mail A 127.0.0.2\n", List.of());
        zones.unsigned(
                Domain.UNSIGNED.text(),
                text(
                        Domain.UNSIGNED,
                        "@ MX 10 mx.elsewhere.test.\n",
                        srv("imaps", 0, good.imaps()),
                        tlsa(good.imaps(), well.keyDigest())));
        zones.unsigned(
                Domain.CONFIRM.text(),
                text(Domain.CONFIRM, "_imaps._tcp SRV 0 1 " + good.imaps() + " " + Domain.WELL.host() + ".\n"));
        zones.signed("test", SignedZones.ECDSA, "ns A 127.0.0.1\n", List.of());
        zones.signed(".", SignedZones.ECDSA, "", List.of());
    }

    private static void zone(Domain domain, String... records) throws Exception {
        zones.signed(domain.text(), SignedZones.ECDSA, text(domain, records), List.of());
    }

    /// With an address for the host, and `.` for each service that the records do not name.
    private static String text(Domain domain, String... records) {
        StringBuilder text = new StringBuilder("mail A 127.0.0.2\n" + String.join("", records));
        for (String service : SERVICES.split(" ", -1)) {
            boolean silent = domain == Domain.SILENT && service.equals("pop3");
            if (text.indexOf("_" + service + "._tcp SRV") < 0 && !silent) {
                text.append("_").append(service).append("._tcp SRV 0 0 0 .\n");
            }
        }
        return text.toString();
    }

    private static String srv(String service, int priority, int port) {
        return "_" + service + "._tcp SRV " + priority + " 1 " + port + " mail\n";
    }

    private static String everything(MailProvider.Ports ports, int implicit, int upgraded) {
        return srv("imaps", implicit, ports.imaps())
                + srv("imap", upgraded, ports.imap())
                + srv("pop3s", 20 + implicit, ports.pop3s())
                + srv("pop3", 20 + upgraded, ports.pop3())
                + srv("submissions", implicit, ports.submissions())
                + srv("submission", upgraded, ports.submission());
    }

    private static String only(String records, String... services) {
        StringBuilder text = new StringBuilder();
        records.lines()
                .filter(line -> Stream.of(services).anyMatch(service -> line.startsWith("_" + service + "._tcp")))
                .forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    private static String tlsa(int port, String digest) {
        return "_" + port + "._tcp.mail TLSA 3 1 1 " + digest + "\n";
    }

    private static String tlsa(MailProvider.Ports ports) {
        StringBuilder text = new StringBuilder();
        for (int port : new int[] {
            ports.imaps(), ports.imap(), ports.pop3s(), ports.pop3(), ports.submissions(), ports.submission()
        }) {
            text.append(tlsa(port, well.keyDigest()));
        }
        return text.toString();
    }

    // ---- the audit

    private static CommandRun audit(Domain domain, String... options) {
        return CommandRun.of(Stream.concat(
                        Stream.of(
                                "audit",
                                domain.text(),
                                "--resolver",
                                "127.0.0.1:" + zones.port(),
                                "--trust-anchor",
                                zones.anchor().toString(),
                                "--authority",
                                authority.toString()),
                        Stream.of(options))
                .toArray(String[]::new));
    }

    private static Set<AuditRule> found(JsonNode audit, String... severities) {
        Set<AuditRule> rules = new TreeSet<>();
        for (JsonNode finding : audit.get("findings")) {
            if (List.of(severities).contains(finding.get("severity").asString())) {
                rules.add(AuditRule.valueOf(
                        finding.get("rule").asString().toUpperCase(Locale.ROOT).replace('-', '_')));
            }
        }
        return rules;
    }

    @ParameterizedTest
    @EnumSource
    void isJudged(Domain domain) {
        CommandRun strict = audit(domain, "--allow-private", "--json");
        assertThat(found(strict.json(), "error", "warning"))
                .as(strict.out() + strict.err())
                .isEqualTo(new TreeSet<>(domain.rules));
        assertThat(strict.code()).as(strict.out()).isEqualTo(domain.strict ? 0 : AuditCommand.NOT_PASSED);
        CommandRun standard = audit(domain, "--allow-private", "--policy", "standard", "--json");
        assertThat(standard.code()).as(standard.out()).isEqualTo(domain.standard ? 0 : AuditCommand.NOT_PASSED);
        assertThat(standard.json().get("passed").asBoolean()).isEqualTo(domain.standard);
    }

    @Test
    void connectsToNoPrivateAddressUnlessTold() {
        CommandRun run = audit(Domain.WELL, "--json");
        assertThat(run.code()).isEqualTo(AuditCommand.NOT_PASSED);
        assertThat(found(run.json(), "error", "warning")).containsExactly(AuditRule.PRIVATE_ADDRESS);
        for (JsonNode endpoint : run.json().get("endpoints")) {
            assertThat(endpoint.get("addresses").isEmpty()).as(run.out()).isTrue();
        }
    }

    @Test
    @Requirement("R8314-45")
    void notesWhatCouldBeBetter() {
        assertThat(found(audit(Domain.EXPIRED, "--allow-private", "--json").json(), "note"))
                .containsExactlyInAnyOrder(AuditRule.MX_ABSENT, AuditRule.TLSA_ABSENT);
        assertThat(found(audit(Domain.UNSIGNED, "--allow-private", "--json").json(), "note"))
                .containsExactly(AuditRule.MX_UNSIGNED);
        assertThat(found(audit(Domain.WELL, "--allow-private", "--json").json(), "note"))
                .isEmpty();
    }

    /// Each rule has a set-up that triggers it; every set-up that names it not shows that it is not found elsewhere.
    @Test
    void everyRuleIsTriggered() {
        Set<AuditRule> triggered = EnumSet.of(
                AuditRule.PRIVATE_ADDRESS, AuditRule.TLSA_ABSENT, AuditRule.MX_ABSENT, AuditRule.MX_UNSIGNED);
        for (Domain domain : Domain.values()) {
            triggered.addAll(domain.rules);
        }
        assertThat(triggered).isEqualTo(EnumSet.allOf(AuditRule.class));
    }

    @Test
    void tellsAPersonWhatAndWhy() {
        CommandRun run = audit(Domain.STALE, "--allow-private");
        assertThat(run.out())
                .contains("imaps://mail.stale.test:")
                .contains("DT-22")
                .contains("error: imaps://mail.stale.test:")
                .contains("RFC 6698 §4.1")
                .endsWith("stale.test does not pass under the policy strict\n");
        CommandRun good = audit(Domain.WELL, "--allow-private");
        assertThat(good.out()).contains("DT-13").endsWith("well.test passes under the policy strict\n");
    }

    @Test
    void refusesWhatItCannotRead() {
        assertThat(CommandRun.of("audit", "no domain", "--resolver", "127.0.0.1"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(Main.USAGE))
                .satisfies(run -> assertThat(run.err()).contains("DOMAIN: not a domain: \"no domain\""));
        assertThat(CommandRun.of("audit", "well.test", "--resolver", "nobody"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(Main.USAGE))
                .satisfies(run -> assertThat(run.err()).contains("--resolver: not the address of a resolver"));
        Path missing = directory.resolve("missing");
        assertThat(CommandRun.of("audit", "well.test", "--resolver", "127.0.0.1", "--authority", missing.toString()))
                .satisfies(run -> assertThat(run.code()).isEqualTo(Main.USAGE))
                .satisfies(run -> assertThat(run.err()).contains("--authority: there is no file " + missing));
    }
}
