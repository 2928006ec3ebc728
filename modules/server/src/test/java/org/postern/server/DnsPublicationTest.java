package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.ValidatingResolver;
import tools.jackson.databind.JsonNode;

/// A whole Postern that publishes into a signed zone by updates to a real named; clients that are not ours, with
/// what a real Unbound has validated.
class DnsPublicationTest {
    // not below test: the library that gnutls-cli asks by does not look for that
    private static final String DOMAIN = "postern.example";
    private static final String HOST = "mail.postern.example";
    private static final Map<Service, String> STARTTLS =
            new EnumMap<>(Map.of(Service.IMAP, "imap", Service.POP3, "pop3", Service.SUBMISSION, "smtp"));

    @TempDir
    Path directory;

    private DynamicPrimary primary;
    private ValidatingResolver resolver;
    private ConfiguredServer server;

    @BeforeEach
    void start() throws Exception {
        primary = new DynamicPrimary(DynamicPrimary.Program.BIND, directory.resolve("primary"));
        primary.zone(DOMAIN, "www A 192.0.2.1\n_sip._tcp SRV 0 0 5060 www\n");
        primary.start();
        Path anchor = primary.anchor(DOMAIN);
        resolver = new ValidatingResolver(directory.resolve("resolver"), DOMAIN, anchor, primary.port());
        Files.setPosixFilePermissions(
                Files.writeString(directory.resolve("update.key"), DynamicPrimary.SECRET + "\n"),
                PosixFilePermissions.fromString("rw-------"));
        server = new ConfiguredServer(Files.createDirectory(directory.resolve("postern")), dns(anchor));
        server.done("domain", "add", DOMAIN);
        ConfiguredServer.await(this::published);
    }

    /// With the key that is served and the one that is to come, on every name server.
    private boolean published() {
        JsonNode host =
                server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
        return host.get("phase").asString().equals("steady")
                && host.get("published").size() == 2
                && server.run("dns", "diff", "--zone", DOMAIN).code() == 0;
    }

    private String dns(Path anchor) {
        return """
                server.host = mail.postern.example
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  time-to-live = 5 minutes
                  zones = [{ zone = postern.example, by = update, servers = ["127.0.0.1:%d"], server = "127.0.0.1:%d",
                    key = %s, secret-file = "%s" }]
                  front-ends = [{ host = mail.postern.example, addresses = ["127.0.0.1"] }]
                }
                """.formatted(
                        resolver.port(),
                        anchor,
                        primary.port(),
                        primary.port(),
                        DynamicPrimary.KEY,
                        directory.resolve("update.key"));
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
        if (resolver != null) {
            resolver.close();
        }
        if (primary != null) {
            primary.close();
        }
    }

    private List<Service> services() {
        return List.of(Service.values()).stream().filter(Service::forClients).toList();
    }

    /// The TLSA data that delv has validated, `3 1 1 …`.
    private List<String> validated(ValidatingResolver unbound, Service service) throws Exception {
        String answer = primary.validated(unbound.port(), DOMAIN, "_" + server.port(service) + "._tcp." + HOST, "TLSA");
        assertThat(answer).contains("fully validated");
        return answer.lines()
                .filter(line -> line.matches(".*\\sIN\\s+TLSA\\s.*"))
                .map(line -> line.replaceFirst(".*\\sTLSA\\s+(\\d) (\\d) (\\d) (.*)", "$1 $2 $3 ")
                        + line.replaceFirst(".*\\sTLSA\\s+\\d \\d \\d ", "").replace(" ", ""))
                .toList();
    }

    private CommandRun openssl(Service service, List<String> tlsa) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Programs.require("openssl").toString(),
                "s_client",
                "-connect",
                "127.0.0.1:" + server.port(service),
                "-servername",
                HOST,
                "-verify_return_error",
                "-dane_tlsa_domain",
                HOST));
        tlsa.forEach(each -> command.addAll(List.of("-dane_tlsa_rrdata", each)));
        if (STARTTLS.containsKey(service)) {
            command.addAll(List.of("-starttls", STARTTLS.get(service)));
        }
        return run(command);
    }

    private static CommandRun run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new CommandRun(process.waitFor(), text, "");
    }

    @Test
    @Requirement({"DANE-1", "DANE-2", "DANE-3", "DANE-18", "R8314-18", "R8314-46", "R8314-48"})
    void opensslAcceptsEveryPortByWhatIsPublishedAndNoneAfterAMismatch() throws Exception {
        assertThat(services()).hasSize(6);
        try (ValidatingResolver unbound = unbound("first")) {
            for (Service service : services()) {
                String owner = "_" + service.serviceName() + "._tcp." + DOMAIN;
                assertThat(primary.validated(unbound.port(), DOMAIN, owner, "SRV"))
                        .contains("fully validated", " " + server.port(service) + " " + HOST + ".");
                List<String> tlsa = validated(unbound, service);
                assertThat(tlsa).as("served, and announced").hasSize(2);
                CommandRun accepted = openssl(service, tlsa);
                assertThat(accepted.code())
                        .as("%s: %s", service, accepted.out())
                        .isZero();
                assertThat(accepted.out()).contains("DANE TLSA 3 1 1", "Verify return code: 0 (ok)");
            }
        }
        mismatch();
        try (ValidatingResolver unbound = unbound("second")) {
            for (Service service : services()) {
                CommandRun refused = openssl(service, validated(unbound, service));
                assertThat(refused.code()).as("%s: %s", service, refused.out()).isNotZero();
                assertThat(refused.out()).containsIgnoringCase("no matching DANE TLSA records");
            }
        }
    }

    /// One that has not been asked before.
    private ValidatingResolver unbound(String name) throws Exception {
        return new ValidatingResolver(directory.resolve(name), DOMAIN, primary.anchor(DOMAIN), primary.port());
    }

    /// gnutls-cli and posttls-finger ask by themselves: the resolver of resolv.conf, on port 53.
    @Test
    @Requirement({"DANE-2", "DANE-3", "DANE-18"})
    void clientsThatAskByThemselvesAcceptWhatIsPublishedAndNothingAfterAMismatch() throws Exception {
        Path finger = Programs.requireAnywhere("posttls-finger");
        Path gnutls = Programs.require("gnutls-cli");
        Path rootKey = Programs.requireInstalled(Path.of("/usr/share/dns/root.key"), "package dns-root-data");
        Path postfix = Files.createDirectory(directory.resolve("postfix"));
        Files.writeString(postfix.resolve("main.cf"), "compatibility_level = 3.6\n");
        Path anchor = primary.anchor(DOMAIN);
        List<List<String>> commands = new ArrayList<>();
        for (Service service : services()) {
            List<String> command = new ArrayList<>(List.of(
                    gnutls.toString(),
                    "--dane",
                    "--local-dns",
                    "--no-ca-verification",
                    "-p",
                    "" + server.port(service)));
            if (STARTTLS.containsKey(service)) {
                command.add("--starttls-proto=" + STARTTLS.get(service));
            }
            command.add(HOST);
            commands.add(command);
        }
        for (Service service : List.of(Service.SUBMISSIONS, Service.SUBMISSION)) {
            List<String> command = new ArrayList<>(List.of(
                    "unshare", // not root: it would become somebody whom this network does not know
                    "-U",
                    "env",
                    "MAIL_CONFIG=" + postfix,
                    finger.toString(),
                    "-l",
                    "dane",
                    "-L",
                    "summary,certmatch"));
            if (service == Service.SUBMISSIONS) {
                command.add("-w");
            }
            command.add("[" + HOST + "]:" + server.port(service));
            commands.add(command);
        }
        String unbound = ValidatingResolver.configuration(directory, 53, DOMAIN, anchor, primary.port());
        Map<String, String> shown = Map.of(rootKey.toString(), anchor.toString());
        try (NetworkNamespace network = new NetworkNamespace(directory.resolve("network"))) {
            network.carry(primary.port());
            for (Service service : services()) {
                network.carry(server.port(service));
            }
            List<CommandRun> accepted = network.run(unbound, shown, commands);
            for (int index = 0; index < commands.size(); index++) {
                assertThat(accepted.get(index).out())
                        .as("%s", commands.get(index))
                        .contains(index < 6 ? "- DANE: Certificate matches." : "Verified TLS connection");
            }
            mismatch();
            List<CommandRun> refused = network.run(unbound, shown, commands);
            for (int index = 0; index < commands.size(); index++) {
                assertThat(refused.get(index).out())
                        .as("%s", commands.get(index))
                        .doesNotContain("Certificate matches", "Verified TLS connection")
                        .contains(
                                index < 6
                                        ? "- DANE: Verification failed. The certificate differs."
                                        : "TLS connection established");
            }
        }
    }

    /// Every TLSA record is of another key from now on.
    private void mismatch() throws Exception {
        for (Service service : services()) {
            String owner = "_" + server.port(service) + "._tcp." + HOST + ".";
            primary.change(
                    DOMAIN,
                    "update delete " + owner + " TLSA",
                    "update add " + owner + " 300 TLSA 3 1 1 " + "0".repeat(64));
        }
    }

    /// What Postern sent can be read; what others have stays; a port that goes takes its records along.
    @Test
    @Requirement({"R2782-2", "DANE-14"})
    void updatesFollowTheListenersAndAreInTheJournal() throws Exception {
        assertThat(server.done("dns", "journal"))
                .contains(" postern.example #1 sent: to 127.0.0.1 port " + primary.port() + "\n  + ")
                .contains("  + _imaps._tcp.postern.example. 300 SRV 0 0 " + server.port(Service.IMAPS) + " " + HOST
                        + ".\n")
                .contains(" postern.example #1 confirmed\n")
                .doesNotContain(DynamicPrimary.SECRET);
        String tlsa = "_" + server.port(Service.POP3) + "._tcp." + HOST;
        assertThat(primary.records(tlsa, "TLSA")).hasSize(2);
        server.configure(dns(primary.anchor(DOMAIN)) + "listeners.pop3.enabled = false\n");
        server.done("reload");
        ConfiguredServer.await(this::published);
        assertThat(primary.records(tlsa, "TLSA")).isEmpty();
        assertThat(primary.records("_pop3._tcp." + DOMAIN, "SRV")).containsExactly("300 SRV 0 0 0 .");
        assertThat(primary.records("_sip._tcp." + DOMAIN, "SRV"))
                .containsExactly("300 SRV 0 0 5060 www.postern.example.");

        // somebody else's record in the way is named, and adopted when a person says so
        CommandRun nothing = server.run("dns", "adopt", "_none._tcp." + DOMAIN, "srv");
        assertThat(nothing.code()).isEqualTo(Main.FAILED);
        assertThat(nothing.err()).contains("there is no SRV at _none._tcp.postern.example to adopt");
        assertThat(server.done("dns", "adopt", "_sip._tcp." + DOMAIN, "SRV"))
                .isEqualTo("_sip._tcp.postern.example. 300 SRV 0 0 5060 www.postern.example.\n");
        ConfiguredServer.await(() -> {
            try {
                return primary.records("_sip._tcp." + DOMAIN, "SRV").isEmpty();
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }
}
