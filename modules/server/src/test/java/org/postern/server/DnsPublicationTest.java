package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.DynamicPrimary;
import org.postern.testkit.Requirement;
import org.postern.testkit.ValidatingResolver;
import tools.jackson.databind.JsonNode;

/// A whole Postern that publishes into a signed zone by updates to a real named; clients that are not ours, with
/// what a real Unbound has validated.
class DnsPublicationTest {
    // not below test: the library that gnutls-cli asks by does not look for that
    private static final String DOMAIN = "postern.example";
    private static final String HOST = "mail.postern.example";

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

    private DaneClients clients() throws IOException {
        return new DaneClients(server, DOMAIN, HOST, directory.resolve("clients"));
    }

    private DaneClients.Source source() throws Exception {
        return new DaneClients.Source(primary.port(), primary.anchor(DOMAIN));
    }

    @Test
    @Requirement({"DANE-1", "DANE-2", "DANE-3", "DANE-18", "R8314-18", "R8314-46", "R8314-48"})
    void opensslAcceptsEveryPortByWhatIsPublishedAndNoneAfterAMismatch() throws Exception {
        clients().opensslAccepts(source());
        mismatch();
        clients().opensslRefuses(source());
    }

    /// gnutls-cli and posttls-finger ask by themselves: the resolver of resolv.conf, on port 53.
    @Test
    @Requirement({"DANE-2", "DANE-3", "DANE-18"})
    void clientsThatAskByThemselvesAcceptWhatIsPublishedAndNothingAfterAMismatch() throws Exception {
        DaneClients clients = clients();
        try (NetworkNamespace network = clients.network(List.of(source()))) {
            clients.othersAccept(source(), network);
            mismatch();
            clients.othersRefuse(source(), network);
        }
    }

    /// One place for the records of all ports, to which aliases lead; Postern moves them there by itself.
    @Test
    @Requirement({"DANE-16", "DANE-17"})
    void clientsFollowAliasesToTheOnePlaceOfTheRecords() throws Exception {
        server.configure(dns(primary.anchor(DOMAIN))
                .replace(
                        "addresses = [\"127.0.0.1\"] }",
                        "addresses = [\"127.0.0.1\"], tlsa-at = _dane." + DOMAIN + " }"));
        server.done("reload");
        ConfiguredServer.await(this::published);
        for (Service service : DaneClients.services()) {
            assertThat(primary.records("_" + server.port(service) + "._tcp." + HOST, "CNAME"))
                    .containsExactly("300 CNAME _dane." + DOMAIN + ".");
        }
        assertThat(primary.records("_dane." + DOMAIN, "TLSA")).hasSize(2);
        DaneClients clients = clients();
        clients.opensslAccepts(source());
        try (NetworkNamespace network = clients.network(List.of(source()))) {
            clients.othersAccept(source(), network);
            primary.change(
                    DOMAIN,
                    "update delete _dane." + DOMAIN + ". TLSA",
                    "update add _dane." + DOMAIN + ". 300 TLSA 3 1 1 " + "0".repeat(64));
            clients.othersRefuse(source(), network);
        }
        CommandRun differs = server.run("dns", "diff", "--zone", DOMAIN);
        assertThat(differs.code()).isEqualTo(AuditCommand.NOT_PASSED);
        assertThat(differs.out()).contains("; _dane.postern.example TLSA: different at ");
    }

    /// Every TLSA record is of another key from now on.
    private void mismatch() throws Exception {
        for (Service service : DaneClients.services()) {
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
