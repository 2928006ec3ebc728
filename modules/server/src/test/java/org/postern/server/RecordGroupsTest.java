package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.dns.DirectServers;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordType;
import org.postern.recordgroups.Surroundings;
import org.postern.resolver.DomainName;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Lookups;
import org.postern.testkit.Requirement;

/// Records that lead to a real Postfix: they come into the zone of the own name server when it takes mail for the
/// domain, stay while it is away, and go with the setting.
class RecordGroupsTest {
    private static final String DOMAIN = "example.test";
    private static final String OTHERS = "something=of somebody else";

    @TempDir
    Path directory;

    private int port;
    private int smtp;
    private ConfiguredServer server;
    private PostfixInstance postfix;

    private String configuration(String groups) {
        return ConfiguredServer.ownZone(directory, port) + """
                dns {
                  tlsa = []
                  time-to-live = 1 minute
                  front-ends = [{ host = mail.example.test, addresses = ["127.0.0.1"] }]
                  %s
                }
                """.formatted(groups);
    }

    private static String groups(String exchanger) {
        return """
                groups = [{
                    mx = ["%s"]
                    spf = "v=spf1 mx -all"
                    dmarc = "v=DMARC1; p=reject; rua=mailto:alice@{domain}"
                    tlsrpt = "v=TLSRPTv1; rua=mailto:nobody@{domain}"
                  }]
                """.formatted(exchanger);
    }

    @BeforeEach
    void start() throws Exception {
        port = FreePorts.next();
        smtp = FreePorts.next();
        Files.writeString(directory.resolve("others.zone"), """
                $ORIGIN example.test.
                ns 60 A 127.0.0.1
                mx 60 A 127.0.0.1
                gone 60 A 127.0.0.2
                @ 60 TXT "%s"
                """.formatted(OTHERS));
        Files.writeString(directory.resolve("anchors"), DOMAIN + ". DS 1 13 2 " + "00".repeat(32) + "\n");
        server = new ConfiguredServer(directory, configuration(""), new Surroundings.Ports(smtp, 1, 1));
        trust();
    }

    /// The zone's own key.
    private void trust() throws IOException {
        Files.copy(
                server.data().resolve("nameserver/trust-anchors.zone"),
                directory.resolve("anchors"),
                StandardCopyOption.REPLACE_EXISTING);
    }

    private void configure(String groups) throws IOException {
        server.configure(configuration(groups));
        server.done("reload");
    }

    @AfterEach
    void stop() throws IOException {
        if (postfix != null) {
            postfix.close();
        }
        if (server != null) {
            server.close();
        }
    }

    private List<String> published(String owner, String type) {
        try {
            return Lookups.records(port, owner, type);
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private boolean isTakenOver() {
        return server.run("dns", "diff", DOMAIN).code() == Main.DONE;
    }

    @Test
    @Requirement({"R8314-45", "N-4"})
    void recordsComeWhenWhatTheyLeadToAnswersAndGoWithTheSetting() throws Exception {
        configure(groups("mx.example.test"));
        ConfiguredServer.await(this::isTakenOver);
        String before = server.done("dns", "show", DOMAIN);
        assertThat(before)
                .contains("; mx, example.test MX waits: mx.example.test does not answer at 127.0.0.1, port " + smtp
                        + ": ")
                .contains(";   example.test. 60 IN MX 10 mx.example.test.\n")
                .contains("; spf, example.test TXT waits: mx: example.test has no MX record\n")
                .contains(
                        "; dmarc, _dmarc.example.test TXT waits: there is neither SPF nor DKIM, on which DMARC rests\n")
                .contains("; tlsrpt, _smtp._tls.example.test TXT waits: there is no mailbox nobody@example.test\n");
        assertThat(published(DOMAIN, "MX")).isEmpty();
        assertThat(published(DOMAIN, "TXT")).containsExactly("60 TXT \"" + OTHERS + "\"");

        startPostfix(Map.of(
                "myhostname", "mx.example.test",
                "mydestination", "",
                "virtual_mailbox_domains", DOMAIN,
                "virtual_mailbox_maps", "inline:{{postmaster@example.test=x}}",
                "smtpd_recipient_restrictions", "reject_unauth_destination"));
        assertThat(server.done("dns", "show", DOMAIN))
                .doesNotContain("; mx")
                .doesNotContain("; spf")
                .doesNotContain("; dmarc");
        ConfiguredServer.await(() -> !published("_dmarc." + DOMAIN, "TXT").isEmpty());
        assertThat(published(DOMAIN, "MX")).containsExactly("60 MX 10 mx.example.test.");
        assertThat(published(DOMAIN, "TXT"))
                .containsExactlyInAnyOrder("60 TXT \"" + OTHERS + "\"", "60 TXT \"v=spf1 mx -all\"");
        assertThat(published("_dmarc." + DOMAIN, "TXT"))
                .containsExactly("60 TXT \"v=DMARC1; p=reject; rua=mailto:alice@example.test\"");
        assertThat(published("_smtp._tls." + DOMAIN, "TXT")).isEmpty();
        assertThat(isTakenOver()).isTrue();

        // a server that is away takes no record away, and nothing leads to one that was never there
        postfix.close();
        postfix = null;
        configure(groups("gone.example.test"));
        assertThat(server.done("dns", "show", DOMAIN))
                .contains("; mx, example.test MX stays as it is: gone.example.test does not answer at 127.0.0.2")
                .contains("example.test. 60 IN MX 10 mx.example.test.\n");
        assertThat(published(DOMAIN, "MX")).containsExactly("60 MX 10 mx.example.test.");
        var findings = server.run("dns", "check", DOMAIN, "--json").json().get("findings").values().stream()
                .filter(finding -> finding.get("check").asString().equals("mx"))
                .toList();
        assertThat(findings).hasSize(1);
        assertThat(findings.getFirst().get("state").asString()).isEqualTo("wrong");

        configure("");
        ConfiguredServer.await(() -> published(DOMAIN, "MX").isEmpty());
        assertThat(published(DOMAIN, "TXT")).containsExactly("60 TXT \"" + OTHERS + "\"");
        assertThat(published("_dmarc." + DOMAIN, "TXT")).isEmpty();
        ConfiguredServer.await(this::isTakenOver);
    }

    /// Who moves here has records of the other provider yet.
    @Test
    void whatOthersRecordsKeepOutKeepsNothingElseOut() throws Exception {
        Files.writeString(directory.resolve("others.zone"), """
                $ORIGIN example.test.
                ns 60 A 127.0.0.1
                mx 60 A 127.0.0.1
                @ 60 TXT "v=spf1 include:elsewhere.test -all"
                @ 60 MX 10 elsewhere.test.
                """);
        configure("""
                groups = [{
                    spf = "v=spf1 ip4:192.0.2.1 -all"
                    tlsrpt = "v=TLSRPTv1; rua=mailto:alice@{domain}"
                  }]
                """);
        ConfiguredServer.await(() -> !published("_smtp._tls." + DOMAIN, "TXT").isEmpty());
        assertThat(published(DOMAIN, "TXT")).containsExactly("60 TXT \"v=spf1 include:elsewhere.test -all\"");
        ConfiguredServer.await(() -> {
            var differences = server.run("dns", "diff", DOMAIN, "--json").json().get("differences");
            return differences.size() == 1
                    && differences.get(0).get("state").asString().equals("different")
                    && differences.get(0).get("type").asString().equals("TXT");
        });
        // a publication of one name, as of a challenge, is not the other's fault
        server.server.dns().publishAt(new DomainName("_acme-challenge." + DOMAIN));
        assertThatThrownBy(() -> server.server.dns().publishAt(new DomainName(DOMAIN)))
                .isInstanceOf(PublicationException.class)
                .hasMessageContaining("there may be one such record only, in the file that records names");
    }

    /// Without the file nothing is known, and what is published stays until it was asked for.
    @Test
    void whatIsNotKnownYetIsNotWithdrawn() throws Exception {
        startPostfix(Map.of("myhostname", "mx.example.test", "mydestination", DOMAIN, "local_recipient_maps", ""));
        configure(groups("mx.example.test"));
        ConfiguredServer.await(() -> !published("_dmarc." + DOMAIN, "TXT").isEmpty());
        ConfiguredServer.await(this::isTakenOver);
        server.close();
        Files.delete(server.data().resolve("dns/groups.json"));
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Integer> missed = CompletableFuture.supplyAsync(() -> missedUntil(over));
        server = new ConfiguredServer(
                directory, configuration(groups("mx.example.test")), new Surroundings.Ports(smtp, 1, 1));
        ConfiguredServer.await(this::isTakenOver);
        over.set(true);
        assertThat(published(DOMAIN, "MX")).containsExactly("60 MX 10 mx.example.test.");
        assertThat(missed.join()).as("answers without the record").isZero();
    }

    /// How often a name server that answers has no MX record.
    private int missedUntil(AtomicBoolean over) {
        DomainName domain = new DomainName(DOMAIN);
        DirectServers servers = new DirectServers(
                List.of(), Map.of(domain, List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port))));
        int missed = 0;
        while (!over.get()) {
            missed += (int) servers.ask(domain, RecordType.MX).stream()
                    .filter(answer ->
                            answer.failure().isEmpty() && answer.found().isEmpty())
                    .count();
        }
        return missed;
    }

    @Test
    void whatAnsweredIsKnownAfterARestart() throws Exception {
        publishThroughPostfix();
        server.close();
        server = new ConfiguredServer(
                directory, configuration(groups("mx.example.test")), new Surroundings.Ports(smtp, 1, 1));
        standsThoughNobodyAnswers();
    }

    /// On a machine where the server for mail is not back yet.
    @Test
    void whatAnsweredIsInBackups() throws Exception {
        publishThroughPostfix();
        Path backup = directory.resolve("backup");
        server.done("backup", backup.toString());
        server.close();
        Path restored = Files.createDirectory(directory.resolve("restored"));
        CommandRun run = CommandRun.of(
                "restore", backup.toString(), restored.resolve("data").toString());
        assertThat(run.code()).as("%s", run).isZero();
        server = new ConfiguredServer(
                restored, configuration(groups("mx.example.test")), new Surroundings.Ports(smtp, 1, 1));
        standsThoughNobodyAnswers();
    }

    /// And Postfix goes.
    private void publishThroughPostfix() throws Exception {
        startPostfix(Map.of("myhostname", "mx.example.test", "mydestination", DOMAIN, "local_recipient_maps", ""));
        configure(groups("mx.example.test"));
        ConfiguredServer.await(() -> !published("_dmarc." + DOMAIN, "TXT").isEmpty());
        ConfiguredServer.await(this::isTakenOver);
        postfix.close();
        postfix = null;
    }

    private void standsThoughNobodyAnswers() {
        assertThat(server.done("dns", "show", DOMAIN))
                .contains("; mx, example.test MX leads to what answers no more: mx.example.test does not answer")
                .contains("example.test. 60 IN MX 10 mx.example.test.\n");
        ConfiguredServer.await(this::isTakenOver);
        assertThat(published(DOMAIN, "MX")).containsExactly("60 MX 10 mx.example.test.");
    }

    private void startPostfix(Map<String, String> parameters) throws IOException {
        postfix = PostfixInstance.start(
                Files.createDirectory(directory.resolve("postfix")),
                parameters,
                "127.0.0.1:" + smtp + " inet n - n - - smtpd\n");
    }
}
