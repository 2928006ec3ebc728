package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.ChangingZones;
import org.postern.testkit.ChangingZones.State;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;
import tools.jackson.databind.JsonNode;

/// `postern dns show | diff | check` of a server that runs, with a zone that a real NSD serves.
@TestMethodOrder(MethodOrderer.Random.class)
class DnsCommandTest {
    private static final String DOMAIN = "example.test";
    private static final String HOST = "mail.example.test";

    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    private static ChangingZones zones;
    private int metrics;
    private ConfiguredServer server;

    @BeforeAll
    static void serve() throws Exception {
        zones = new ChangingZones(Files.createDirectory(shared.resolve("zones")));
        zones.put(DOMAIN, State.SECURE, "");
        zones.start();
    }

    @AfterAll
    static void stopZones() {
        if (zones != null) {
            zones.close();
        }
    }

    @BeforeEach
    void start() throws Exception {
        publish(State.SECURE, ""); // before the server asks: answers are kept for their time to live
        metrics = FreePorts.next(1).getFirst();
        server = new ConfiguredServer(directory, dns(""));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String dns(String more) {
        String address = "127.0.0.1:" + zones.address().getPort();
        return """
                dns {
                  resolver { upstreams = ["%s"], trust-anchor-file = "%s" }
                  time-to-live = 5 minutes
                  zones = [{ zone = example.test, by = text, servers = ["%s"] }]
                  front-ends = [{ host = mail.example.test, addresses = ["127.0.0.1"] }]
                }
                metrics { enabled = true, port = %d }
                """.formatted(address, zones.anchor(), address, metrics) + more;
    }

    private static void publish(State state, String records) throws Exception {
        zones.put(DOMAIN, state, records);
        zones.change(DOMAIN);
    }

    /// The record lines of a text, without comments.
    private static List<String> records(String text) {
        return text.lines().filter(line -> !line.startsWith(";")).toList();
    }

    private String digest() {
        return server.run("certificate", "list", "--json")
                .json()
                .get("certificates")
                .get(0)
                .get("keySha256")
                .asString();
    }

    @Test
    @Requirement({"R6186-1", "R6186-3", "DANE-1", "DANE-2", "DANE-4", "R8314-47"})
    void showsWhatTheListenersAndTheCertificateMakeOfIt() throws Exception {
        String expected = "A 127.0.0.1\n".transform(address -> HOST + ". 300 IN " + address);
        String digest = digest();
        assertThat(digest).hasSize(64);
        for (Service service : Service.values()) {
            if (service.forClients()) {
                int port = server.port(service);
                int priority = switch (service) {
                    case IMAPS, SUBMISSIONS -> 0;
                    case IMAP, SUBMISSION -> 10;
                    case POP3S -> 20;
                    case POP3 -> 30;
                    case LMTP -> throw new AssertionError();
                };
                expected += "_%s._tcp.example.test. 300 IN SRV %d 0 %d %s.\n"
                        .formatted(service.serviceName(), priority, port, HOST);
                expected += "_%d._tcp.%s. 300 IN TLSA 3 1 1 %s\n".formatted(port, HOST, digest);
            }
        }
        String shown = server.done("dns", "show", DOMAIN);
        assertThat(shown).startsWith("; in the zone example.test\n");
        assertThat(records(shown))
                .containsExactlyInAnyOrderElementsOf(expected.lines().toList());
        assertThat(server.done("dns", "show")).isEqualTo(shown);
        assertThat(records(server.done("dns", "show", DOMAIN, "--zone", HOST)))
                .containsExactlyInAnyOrderElementsOf(expected.lines()
                        .filter(line -> line.contains(HOST + ". 300"))
                        .toList());
    }

    /// SEED-6: no other edit.
    @Test
    @Requirement({"SEED-6", "DANE-2", "R6186-6"})
    void aPortChangedInTheConfigurationChangesSrvAndTlsa() throws Exception {
        int before = server.port(Service.IMAPS);
        String shown = server.done("dns", "show", DOMAIN);
        int after = FreePorts.next(1).getFirst();
        server.configure(dns("listeners.imaps.port = " + after + "\n"));
        server.done("reload");
        String expected = shown.replace(
                        "_imaps._tcp.example.test. 300 IN SRV 0 0 " + before + " ",
                        "_imaps._tcp.example.test. 300 IN SRV 0 0 " + after + " ")
                .replace("_" + before + "._tcp.", "_" + after + "._tcp.");
        assertThat(records(server.done("dns", "show", DOMAIN))).containsExactlyInAnyOrderElementsOf(records(expected));
    }

    @Test
    @Requirement("R8314-48")
    void tlsaOfAZoneThatIsNotSecureIsNotShownToBePublished() throws Exception {
        server.close();
        publish(State.INSECURE, "");
        server = new ConfiguredServer(directory, dns(""));
        String shown = server.done("dns", "show", DOMAIN);
        assertThat(records(shown)).hasSize(7).noneMatch(line -> line.contains("TLSA"));
        assertThat(shown)
                .contains("; not to be published: there is no DS record of example.test in the zone above it, and the"
                        + " zone is not signed\n;   _")
                .contains("._tcp.mail.example.test. 300 IN TLSA 3 1 1 ");
        JsonNode json = server.run("dns", "show", DOMAIN, "--json").json();
        assertThat(json.get("records")).hasSize(7);
        assertThat(json.get("withheld")).hasSize(6);
        assertThat(json.get("withheld").get(0).get("records").get("type").asString())
                .isEqualTo("TLSA");
    }

    @Test
    void tellsWhatIsPublishedOtherwise() throws Exception {
        String shown = server.done("dns", "show", DOMAIN);
        CommandRun nothing = server.run("dns", "diff", DOMAIN);
        assertThat(nothing.code()).isEqualTo(AuditCommand.NOT_PASSED);
        assertThat(nothing.out().lines().filter(line -> line.startsWith("+ ")).map(line -> line.substring(2)))
                .containsExactlyElementsOf(records(shown));
        publish(State.SECURE, shown);
        assertThat(server.run("dns", "diff", DOMAIN))
                .isEqualTo(new CommandRun(0, "; everything is published as it should be\n", ""));
        String line = "_imaps._tcp.example.test. 300 IN SRV 0 0 " + server.port(Service.IMAPS) + " mail.example.test.";
        publish(State.SECURE, shown.replace(line, line.replace(" 0 0 ", " 5 0 ")));
        CommandRun run = server.run("dns", "diff", DOMAIN);
        assertThat(run.code()).isEqualTo(AuditCommand.NOT_PASSED);
        assertThat(run.out())
                .isEqualTo("; _imaps._tcp.example.test SRV: different at 127.0.0.1:"
                        + zones.address().getPort() + "\n- " + line.replace(" 0 0 ", " 5 0 ") + "\n+ " + line + "\n");
        JsonNode difference =
                server.run("dns", "diff", "--json").json().get("differences").get(0);
        assertThat(difference.get("state").asString()).isEqualTo("different");
        assertThat(difference.get("found").get("data").get(0).asString()).startsWith("5 0 ");
    }

    /// What was published once and is wanted no more is looked for until it is gone.
    @Test
    @Requirement({"R6186-6", "DANE-2"})
    void whatIsLeftIsFound() throws Exception {
        publish(State.SECURE, server.done("dns", "show", DOMAIN));
        server.done("domain", "add", "other.test"); // the server looks
        ConfiguredServer.await(() -> metric("missing") == 0);
        int pop3 = server.port(Service.POP3);
        server.configure(dns("listeners.pop3.enabled = false\n"));
        server.done("reload");
        assertThat(server.run("dns", "diff", DOMAIN).out())
                .contains("_" + pop3 + "._tcp.mail.example.test TLSA: left at ")
                .contains("- _" + pop3 + "._tcp.mail.example.test. 300 IN TLSA 3 1 1 ")
                .contains("+ _pop3._tcp.example.test. 300 IN SRV 0 0 0 .");
        ConfiguredServer.await(() -> metric("left") == 1 && metric("different") >= 1);
        publish(State.SECURE, server.done("dns", "show", DOMAIN));
        assertThat(server.run("dns", "diff", DOMAIN).code()).isZero();
    }

    private double metric(String check) {
        try {
            var address = server.server.metricsAddress().orElseThrow();
            String scrape = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + "/metrics"))
                                    .build(),
                            BodyHandlers.ofString(UTF_8))
                    .body();
            String series = "postern_dns_wrong{check=\"" + check + "\"} ";
            return scrape.lines()
                    .filter(line -> line.startsWith(series))
                    .mapToDouble(line -> Double.parseDouble(line.substring(series.length())))
                    .sum();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- check

    private static List<String> wrong(JsonNode checked) {
        return checked.get("findings")
                .valueStream()
                .filter(finding -> finding.get("state").asString().equals("wrong"))
                .map(finding -> finding.get("check").asString())
                .distinct()
                .sorted()
                .toList();
    }

    /// What is published is what is wanted, and every endpoint is one that clients go on with.
    @Test
    @Requirement({"DANE-3", "DANE-18", "SEED-26", "R8314-46", "R8314-47"})
    void nothingIsWrongWhereEverythingIsPublished() throws Exception {
        publish(State.SECURE, server.done("dns", "show"));
        CommandRun run = server.run("dns", "check", DOMAIN, "--json");
        assertThat(wrong(run.json())).as(run.out()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.json()
                        .get("findings")
                        .valueStream()
                        .filter(finding -> finding.get("check").asString().equals("endpoint")))
                .hasSize(6)
                .allMatch(
                        finding -> finding.get("text").asString().equals("every client goes on, TLSA usable (DT-13)"));
        assertThat(server.done("dns", "check", DOMAIN))
                .contains("not-available  mx-absent: example.test: ")
                .containsPattern("example\\.test: nothing is wrong, looked at: \\d+\n$");
        assertThat(server.done("dns", "check", DOMAIN, "--all"))
                .contains("ok             dnssec: example.test: is proved secure\n")
                .contains("ok             srv-id: example.test: ");
    }

    /// Records of the own authority, which is sent for them.
    @Test
    @Requirement({"DANE-6", "DANE-7"})
    void theOwnAuthorityIsPublishedAndSent() throws Exception {
        server.configure(dns("dns.tlsa = [\"2 0 1\", \"1 1 1\"]\n"));
        server.done("reload");
        String authority =
                server.run("certificate", "ca", "--json").json().get("sha256").asString();
        String shown = server.done("dns", "show");
        assertThat(records(shown).stream().filter(line -> line.contains(" TLSA 2 0 1 " + authority)))
                .hasSize(6);
        assertThat(records(shown).stream().filter(line -> line.contains(" TLSA 1 1 1 ")))
                .hasSize(6);
        publish(State.SECURE, shown);
        assertThat(server.done("dns", "check", DOMAIN)).contains("nothing is wrong");
        assertThat(CommandRun.of("check-config", "--config", server.file().toString())
                        .out())
                .contains("dns.tlsa: TLSA usage 1 adds to what a public authority says");
    }

    /// RFC 7671 §7: an alias of somebody else at a TLSA record's place is followed, as clients do.
    @Test
    @Requirement("DANE-16")
    void aliasesOfTlsaRecordsAreFollowed() throws Exception {
        String shown = server.done("dns", "show");
        String aliased = shown.replaceAll("(?m)^(_\\d+\\..*) IN TLSA .*$", "$1 IN CNAME _dane.example.test.");
        assertThat(aliased).doesNotContain("TLSA");
        publish(State.SECURE, aliased + "_dane.example.test. 300 IN TLSA 3 1 1 " + digest() + "\n");
        assertThat(server.run("dns", "diff", DOMAIN).out()).isEqualTo("; everything is published as it should be\n");
        CommandRun well = server.run("dns", "check", DOMAIN, "--json");
        assertThat(wrong(well.json())).as(well.out()).isEmpty();

        publish(State.SECURE, aliased + "_dane.example.test. 300 IN TLSA 3 1 1 " + "00".repeat(32) + "\n");
        CommandRun stale = server.run("dns", "check", DOMAIN, "--json");
        assertThat(wrong(stale.json())).as(stale.out()).containsExactly("endpoint", "published", "tlsa-mismatch");
        assertThat(server.run("dns", "diff", DOMAIN).out())
                .contains("TLSA: different at 127.0.0.1:" + zones.address().getPort()
                        + " (_dane.example.test, alias at ");

        // what Postern itself makes of that
        server.configure(dns("").replace(
                        "addresses = [\"127.0.0.1\"] }",
                        "addresses = [\"127.0.0.1\"], tlsa-at = _dane.mail.example.test }"));
        server.done("reload");
        String own = server.done("dns", "show");
        assertThat(records(own))
                .contains("_dane.mail.example.test. 300 IN TLSA 3 1 1 " + digest())
                .filteredOn(line -> line.endsWith(" IN CNAME _dane.mail.example.test."))
                .hasSize(6);
        publish(State.SECURE, own);
        assertThat(server.run("dns", "diff").out()).isEqualTo("; everything is published as it should be\n");
        CommandRun checked = server.run("dns", "check", DOMAIN, "--json");
        assertThat(wrong(checked.json())).as(checked.out()).isEmpty();
    }

    enum Fault {
        ALIAS("published", "srv-alias"),
        MISMATCH("endpoint", "published", "tlsa-mismatch"),
        MIXED("mixed-targets", "published"),
        WILDCARD("wildcard"),
        SLOW("published", "time-to-live"),
        PREFERENCE("published", "starttls-preferred"),
        SMTPS("smtps-label"),
        NOWHERE("endpoint", "mixed-targets", "published", "unreachable");

        @SuppressWarnings("ImmutableEnumChecker") // it is never changed
        final List<String> checks;

        Fault(String... checks) {
            this.checks = List.of(checks);
        }

        String in(String zone, ConfiguredServer server) {
            String imaps = "_imaps._tcp.example.test. 300 IN SRV ";
            String tlsa = "_" + server.port(Service.IMAPS) + "._tcp.mail.example.test. 300 IN TLSA ";
            return switch (this) {
                case ALIAS -> zone.replaceAll("(" + imaps + ".*) mail\\.", "$1 alias.") + "alias CNAME mail\n";
                case MISMATCH -> zone.replaceAll(tlsa + "3 1 1 .*", tlsa + "3 1 1 " + "00".repeat(32));
                case MIXED -> zone.replaceAll(tlsa + ".*", "");
                case WILDCARD -> zone + "*._tcp.mail TLSA 3 1 1 " + "00".repeat(32) + "\n";
                case SLOW -> zone.replace(tlsa, tlsa.replace("300", "7200"));
                case PREFERENCE -> zone.replace(imaps + "0 ", imaps + "15 ");
                case SMTPS -> zone + "_smtps._tcp SRV 0 0 465 mail\n";
                case NOWHERE -> zone.replaceAll(imaps + "0 0 \\d+", imaps + "0 0 1");
            };
        }
    }

    @Test
    @Requirement({"DANE-15", "DANE-18", "DANE-20", "DANE-25", "R6186-3", "SEED-15"})
    void eachFaultIsFoundAndNoOther() throws Exception {
        String zone = server.done("dns", "show");
        for (Fault fault : Fault.values()) {
            publish(State.SECURE, fault.in(zone, server));
            CommandRun run = server.run("dns", "check", DOMAIN, "--json");
            assertThat(wrong(run.json())).as(fault + ": " + run.out()).isEqualTo(fault.checks);
            assertThat(run.code()).isEqualTo(AuditCommand.NOT_PASSED);
        }
        assertThat(server.run("dns", "check", DOMAIN).out())
                .contains("wrong          unreachable: imaps://mail.example.test:1 at 127.0.0.1: ")
                .contains("example.test: wrong: ");
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        CommandRun run = server.run("dns", "show", "nowhere.test");
        assertThat(run.code()).isEqualTo(Main.FAILED);
        assertThat(run.err()).contains("there is no domain nowhere.test here");
    }
}
