package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.FreePorts;
import org.postern.testkit.Lookups;
import org.postern.testkit.Requirement;
import org.postern.testkit.SecondaryServer;
import org.postern.testkit.SecondaryServer.Program;

/// A whole Postern with its own name server, and NSD and Knot that transfer the zone from it: clients that are not ours
/// accept what each of the three serves, and nothing after a mismatch.
class OwnServerPublicationTest {
    // not below test: the library that gnutls-cli asks by does not look for that
    private static final String DOMAIN = "postern.example";
    private static final String HOST = "mail.postern.example";
    private static final String KEY = "transfer.postern.example";

    @TempDir
    Path directory;

    private int port;
    private final List<Integer> free = new ArrayList<>();
    private ConfiguredServer server;
    private final List<SecondaryServer> secondaries = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        port = FreePorts.next(1).getFirst();
        free.addAll(List.of(FreePorts.next(), FreePorts.next()));
        Files.setPosixFilePermissions(
                Files.writeString(directory.resolve("transfer.key"), SecondaryServer.SECRET + "\n"),
                PosixFilePermissions.fromString("rw-------"));
        // an anchor that fits nothing, until the operator trusts the zone's key
        Files.writeString(anchor(), DOMAIN + ". DS 1 13 2 " + "00".repeat(32) + "\n");
        server = new ConfiguredServer(directory, configuration());
        server.done("domain", "add", DOMAIN);
        for (Program program : List.of(Program.NSD, Program.KNOT)) {
            secondaries.add(SecondaryServer.start(program, directory, DOMAIN, KEY, free.get(secondaries.size()), port));
        }
        Files.copy(
                server.data().resolve("nameserver/trust-anchors.zone"), anchor(), StandardCopyOption.REPLACE_EXISTING);
        server.configure(configuration() + "dns.time-to-live = 5 minutes\n");
        server.done("reload");
        ConfiguredServer.await(this::published);
    }

    private Path anchor() {
        return directory.resolve("anchors");
    }

    private String configuration() {
        return """
                server.host = mail.postern.example
                nameserver {
                  addresses = ["127.0.0.1"]
                  port = %d
                  zones = [{ zone = postern.example, name-servers = [mail.postern.example], propagation = 1 minute
                    secondaries = [
                      { address = "127.0.0.1:%d", key = transfer.postern.example, secret-file = "%s" }
                      { address = "127.0.0.1:%d", key = transfer.postern.example, secret-file = "%s" }
                    ] }]
                }
                dns {
                  resolver { upstreams = ["127.0.0.1:%d"], trust-anchor-file = "%s" }
                  zones = [{ zone = postern.example, by = own-server,
                    servers = ["127.0.0.1:%d", "127.0.0.1:%d", "127.0.0.1:%d"] }]
                  front-ends = [{ host = mail.postern.example, addresses = ["127.0.0.1"] }]
                }
                """.formatted(
                        port,
                        free.getFirst(),
                        directory.resolve("transfer.key"),
                        free.getLast(),
                        directory.resolve("transfer.key"),
                        port,
                        anchor(),
                        port,
                        free.getFirst(),
                        free.getLast());
    }

    /// With the key that is served and the one that is to come, at the server and both secondaries.
    private boolean published() {
        var host =
                server.run("dns", "rollover", "--json").json().get("rollovers").get(0);
        return host.get("phase").asString().equals("steady")
                && host.get("published").size() == 2
                && server.run("dns", "diff", "--zone", DOMAIN).code() == 0;
    }

    @AfterEach
    void stop() {
        secondaries.forEach(SecondaryServer::close);
        if (server != null) {
            server.close();
        }
    }

    private List<DaneClients.Source> sources() {
        List<DaneClients.Source> sources = new ArrayList<>(List.of(new DaneClients.Source(port, anchor())));
        secondaries.forEach(each -> sources.add(new DaneClients.Source(each.port(), anchor())));
        return sources;
    }

    @Test
    @Requirement({"DANE-1", "DANE-2", "DANE-3", "DANE-18", "R8314-18", "R8314-46", "R8314-48"})
    void clientsAcceptWhatItAndItsSecondariesServeAndNothingAfterAMismatch() throws Exception {
        DaneClients clients = new DaneClients(server, DOMAIN, HOST, directory.resolve("clients"));
        List<DaneClients.Source> sources = sources();
        assertThat(sources).hasSize(3);
        try (NetworkNamespace network = clients.network(sources)) {
            for (DaneClients.Source source : sources) {
                clients.opensslAccepts(source);
                clients.othersAccept(source, network);
            }
            mismatch();
            for (DaneClients.Source source : sources) {
                clients.opensslRefuses(source);
                clients.othersRefuse(source, network);
            }
        }
    }

    /// Returns when every server has it so.
    private void mismatch() throws Exception {
        String wrong = DaneClients.mismatch(server, DOMAIN);
        for (DaneClients.Source source : sources()) {
            for (Service service : DaneClients.services()) {
                String owner = "_" + server.port(service) + "._tcp." + HOST;
                ConfiguredServer.await(() -> records(source, owner).equals(List.of(wrong)));
            }
        }
    }

    private static List<String> records(DaneClients.Source source, String owner) {
        try {
            return Lookups.records(source.port(), owner, "TLSA").stream()
                    .map(line -> line.replace("300 TLSA 3 1 1 ", "").replace(" ", "")) // dig parts what is long
                    .toList();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
