package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Lookups;
import org.postern.testkit.Programs;
import org.postern.testkit.ValidatingResolver;
import tools.jackson.databind.JsonNode;

/// Clients that are not ours, held against what somebody publishes about a server: openssl with what delv has validated
/// of what Unbound has validated; gnutls-cli and posttls-finger, which ask the resolver of resolv.conf, on port 53.
final class DaneClients {
    private static final Map<Service, String> STARTTLS =
            new EnumMap<>(Map.of(Service.IMAP, "imap", Service.POP3, "pop3", Service.SUBMISSION, "smtp"));

    private final ConfiguredServer server;
    private final String domain;
    private final String host;
    private final Path directory;

    /// @param directory for what programs need, the test's own
    DaneClients(ConfiguredServer server, String domain, String host, Path directory) throws IOException {
        this.server = server;
        this.domain = domain;
        this.host = host;
        this.directory = Files.createDirectories(directory);
    }

    /// A name server on 127.0.0.1 that has the zone.
    ///
    /// @param anchor the zone's key, in zone file form
    record Source(int port, Path anchor) {}

    static List<Service> services() {
        return List.of(Service.values()).stream().filter(Service::forClients).toList();
    }

    // ---- openssl, which is told

    /// Follows SRV to TLSA for each of the six services; openssl goes on with what it is told then.
    void opensslAccepts(Source source) throws Exception {
        assertThat(services()).hasSize(6);
        try (ValidatingResolver unbound = unbound(source)) {
            for (Service service : services()) {
                String owner = "_" + service.serviceName() + "._tcp." + domain;
                assertThat(Lookups.validated(source.anchor(), unbound.port(), domain, owner, "SRV"))
                        .contains("fully validated", " " + server.port(service) + " " + host + ".");
                List<String> tlsa = tlsa(source, unbound, service);
                assertThat(tlsa).as("served, and announced").hasSize(2);
                CommandRun accepted = openssl(service, tlsa);
                assertThat(accepted.code())
                        .as("%s: %s", service, accepted.out())
                        .isZero();
                assertThat(accepted.out()).contains("DANE TLSA 3 1 1", "Verify return code: 0 (ok)");
            }
        }
    }

    /// After records and keys no longer go together.
    void opensslRefuses(Source source) throws Exception {
        try (ValidatingResolver unbound = unbound(source)) {
            for (Service service : services()) {
                CommandRun refused = openssl(service, tlsa(source, unbound, service));
                assertThat(refused.code()).as("%s: %s", service, refused.out()).isNotZero();
                assertThat(refused.out()).containsIgnoringCase("no matching DANE TLSA records");
            }
        }
    }

    /// One that has not been asked before.
    private ValidatingResolver unbound(Source source) throws IOException {
        return new ValidatingResolver(
                Files.createTempDirectory(directory, "unbound"), domain, source.anchor(), source.port());
    }

    /// The TLSA data that delv has validated, `3 1 1 …`.
    private List<String> tlsa(Source source, ValidatingResolver unbound, Service service) throws Exception {
        String owner = "_" + server.port(service) + "._tcp." + host;
        String answer = Lookups.validated(source.anchor(), unbound.port(), domain, owner, "TLSA");
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
                host,
                "-verify_return_error",
                "-dane_tlsa_domain",
                host));
        tlsa.forEach(each -> command.addAll(List.of("-dane_tlsa_rrdata", each)));
        if (STARTTLS.containsKey(service)) {
            command.addAll(List.of("-starttls", STARTTLS.get(service)));
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        return new CommandRun(process.waitFor(), text, "");
    }

    // ---- clients that ask by themselves

    /// A network in which the server's ports are, and those of the sources.
    NetworkNamespace network(List<Source> sources) throws Exception {
        NetworkNamespace network = new NetworkNamespace(Files.createTempDirectory(directory, "network"));
        for (Source source : sources) {
            network.carry(source.port());
        }
        for (Service service : services()) {
            network.carry(server.port(service));
        }
        return network;
    }

    void othersAccept(Source source, NetworkNamespace network) throws Exception {
        accepted(others(source, network));
    }

    /// After records and keys no longer go together.
    void othersRefuse(Source source, NetworkNamespace network) throws Exception {
        refused(others(source, network));
    }

    private List<CommandRun> others(Source source, NetworkNamespace network) throws Exception {
        Path own = Files.createTempDirectory(directory, "unbound");
        return network.run(
                ValidatingResolver.configuration(own, 53, source.anchor(), Map.of(domain, source.port())),
                shown(source.anchor()),
                commands());
    }

    /// What gnutls-cli trusts in place of the root's key.
    static Map<String, String> shown(Path anchor) {
        Path rootKey = Programs.requireInstalled(Path.of("/usr/share/dns/root.key"), "package dns-root-data");
        return Map.of(rootKey.toString(), anchor.toString());
    }

    /// gnutls-cli for each service, then posttls-finger for those that speak SMTP.
    List<List<String>> commands() throws IOException {
        Path finger = Programs.requireAnywhere("posttls-finger");
        Path gnutls = Programs.require("gnutls-cli");
        Path postfix = Files.createTempDirectory(directory, "postfix");
        Files.writeString(postfix.resolve("main.cf"), "compatibility_level = 3.6\n");
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
            command.add(host);
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
            command.add("[" + host + "]:" + server.port(service));
            commands.add(command);
        }
        return commands;
    }

    /// What [#commands] say when all is well.
    static void accepted(List<CommandRun> runs) {
        assertThat(runs).hasSizeGreaterThanOrEqualTo(8);
        for (int index = 0; index < 8; index++) {
            assertThat(runs.get(index).out())
                    .as("program %d", index)
                    .contains(index < 6 ? "- DANE: Certificate matches." : "Verified TLS connection");
        }
    }

    /// What [#commands] say when records and keys do not go together.
    static void refused(List<CommandRun> runs) {
        assertThat(runs).hasSizeGreaterThanOrEqualTo(8);
        for (int index = 0; index < 8; index++) {
            assertThat(runs.get(index).out())
                    .as("program %d", index)
                    .doesNotContain("Certificate matches", "Verified TLS connection")
                    .contains(
                            index < 6
                                    ? "- DANE: Verification failed. The certificate differs."
                                    : "TLS connection established");
        }
    }

    /// Says in a zone of the own name server that every port has another key; nobody publishes there by himself
    /// meanwhile. Returns the key's digest.
    static String mismatch(ConfiguredServer server, String zone) throws Exception {
        String wrong = "0".repeat(64);
        List<RecordSet> sets = new ArrayList<>();
        server.run("dns", "show", "--zone", zone, "--json")
                .json()
                .get("records")
                .forEach(each -> {
                    RecordType type = RecordType.valueOf(each.get("type").asString());
                    sets.add(new RecordSet(
                            new DomainName(each.get("owner").asString()),
                            type,
                            Duration.ofSeconds(each.get("ttl").asLong()),
                            type == RecordType.TLSA
                                    ? List.of("3 1 1 " + wrong)
                                    : each.get("data")
                                            .valueStream()
                                            .map(JsonNode::asString)
                                            .toList()));
                });
        assertThat(sets).anyMatch(set -> set.type() == RecordType.TLSA);
        server.server.nameServer().orElseThrow().publisher(new DomainName(zone)).publish(sets);
        return wrong;
    }
}
