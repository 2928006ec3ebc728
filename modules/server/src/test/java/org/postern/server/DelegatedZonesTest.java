package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Requirement;
import org.postern.testkit.ValidatingResolver;
import tools.jackson.databind.JsonNode;

/// The recipe "Delegated `_tcp`" of docs/dns.md, as clients come across it: `example.org` and `example.net` stay
/// with a real named, which delegates `_tcp.example.org` and `_tcp.mail.example.net` to Postern's own name server.
/// In a network of their own clients ask an Unbound that knows those two zones alone and goes by NS, address and
/// DS records from there.
class DelegatedZonesTest {
    private static final String DOMAIN = "example.org";
    private static final String HOST = "mail.example.net";
    private static final String SERVICES = "_tcp.example.org";
    private static final String KEYS = "_tcp.mail.example.net";
    /// Where the delegation leads, on the usual port.
    private static final String NAME_SERVER = "127.0.0.3";

    @TempDir
    Path directory;

    private DynamicPrimary above;
    private Path anchors;
    private ValidatingResolver resolver;
    private ConfiguredServer server;
    private int port;

    @BeforeEach
    void start() throws Exception {
        above = new DynamicPrimary(DynamicPrimary.Program.BIND, directory.resolve("above"));
        above.zone("example.org", "_tcp NS ns1.example.net.\n");
        above.zone("example.net", "_tcp.mail NS ns1\nns1 A " + NAME_SERVER + "\nmail A 127.0.0.1\n");
        above.start();
        anchors = Files.writeString(
                directory.resolve("anchors"),
                Files.readString(above.anchor("example.org")) + Files.readString(above.anchor("example.net")));
        port = FreePorts.next(1).getFirst();
        // outside of that network nobody is on port 53
        resolver = new ValidatingResolver(
                directory.resolve("resolver"),
                anchors,
                Map.of("example.org", above.port(), "example.net", above.port(), SERVICES, port, KEYS, port));
        server = new ConfiguredServer(directory, recipe());
        server.done("domain", "add", DOMAIN);
        for (List<String> command : DnsRecipesTest.commands("2.")) {
            String zone = command.getLast();
            above.change(
                    zone.endsWith(DOMAIN) ? "example.org" : "example.net",
                    server.done(command.toArray(String[]::new))
                            .lines()
                            .filter(line -> line.contains("DS"))
                            .map(line -> "update add " + line)
                            .toArray(String[]::new));
        }
        server.configure(recipe() + "dns.time-to-live = 5 minutes\n");
        server.done("reload");
        ConfiguredServer.await(this::published);
    }

    private String recipe() throws Exception {
        String block = DnsRecipesTest.blocks("2.", "postern").getFirst();
        assertThat(block).contains("by = \"own-server\" }");
        return "server.host = mail.example.net\n"
                + block.replace(
                        "by = \"own-server\" }", "by = \"own-server\", servers = [\"127.0.0.1:" + port + "\"] }")
                + "nameserver.port = " + port + "\n"
                + "dns.resolver { upstreams = [\"127.0.0.1:" + resolver.port() + "\"], trust-anchor-file = \"" + anchors
                + "\" }\n";
    }

    private boolean published() {
        JsonNode host =
                server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
        return host.get("phase").asString().equals("steady")
                && host.get("published").size() == 2
                && server.run("dns", "diff", DOMAIN).code() == 0;
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
        if (resolver != null) {
            resolver.close();
        }
        if (above != null) {
            above.close();
        }
    }

    @Test
    @Requirement({"DANE-1", "DANE-2", "DANE-3", "DANE-17", "DANE-18", "R8314-46"})
    void clientsFollowTheDelegationAndDecideByWhatIsBehindIt() throws Exception {
        DaneClients clients = new DaneClients(server, DOMAIN, HOST, directory.resolve("clients"));
        List<List<String>> commands = new ArrayList<>(clients.commands());
        int programs = commands.size();
        commands.add(audit());
        String unbound = ValidatingResolver.configuration(
                Files.createDirectory(directory.resolve("unbound")),
                53,
                anchors,
                Map.of("example.org", above.port(), "example.net", above.port()));
        try (NetworkNamespace network = clients.network(List.of(new DaneClients.Source(above.port(), anchors)))) {
            network.carry(NAME_SERVER, 53, port);
            List<CommandRun> well = network.run(unbound, DaneClients.shown(anchors), commands);
            DaneClients.accepted(well.subList(0, programs));
            JsonNode audit = audited(well.getLast());
            assertThat(audit.get("passed").asBoolean()).as("%s", audit).isTrue();
            assertThat(audit.get("services").valueStream())
                    .hasSize(6)
                    .allMatch(service -> service.get("signed").asBoolean());
            verdicts(audit, "continue", "DT-13");

            DaneClients.mismatch(server, KEYS);
            List<CommandRun> wrong = network.run(unbound, DaneClients.shown(anchors), commands);
            DaneClients.refused(wrong.subList(0, programs));
            audit = audited(wrong.getLast());
            assertThat(wrong.getLast().code()).isEqualTo(AuditCommand.NOT_PASSED);
            verdicts(audit, "refuse", "DT-22");
        }
    }

    /// What Postern's own client decides at each endpoint.
    private static void verdicts(JsonNode audit, String decision, String row) {
        assertThat(audit.get("endpoints").valueStream())
                .as("%s", audit)
                .hasSize(6)
                .allMatch(endpoint -> endpoint.get("tlsa").asString().equals("usable"))
                .flatMap(endpoint -> endpoint.get("addresses").valueStream().toList())
                .hasSize(6)
                .allMatch(address ->
                        address.get("strict").get("decision").asString().equals(decision)
                                && address.get("strict").get("row").asString().equals(row));
    }

    /// `postern audit`, a process of its own in that network.
    private List<String> audit() {
        return JavaCommand.of(
                Main.class,
                "audit",
                DOMAIN,
                "--resolver",
                "127.0.0.1",
                "--trust-anchor",
                anchors.toString(),
                "--authority",
                server.data().resolve("tls/ca.pem").toString(),
                "--allow-private",
                "--json");
    }

    /// Beside what the log says.
    private static JsonNode audited(CommandRun run) {
        Matcher answer = Pattern.compile("(?ms)^\\{$.*^}$").matcher(run.out());
        assertThat(answer.find()).as(run.out()).isTrue();
        return Json.MAPPER.readTree(answer.group());
    }
}
