package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Programs;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// SCRAM with other hashes than SHA-256: not there, prepared, offered, and gone again; with gsasl and Cyrus SASL as
/// clients.
class ScramHashesTest {
    private static final String LOCALHOST = "tls.own-authority.hosts = [localhost]\n";

    @TempDir
    Path directory;

    private static WireClient open(ConfiguredServer server) throws IOException {
        return WireClient.implicitTls(
                server.address(Service.IMAPS), ServerFixture.trust(server.data().resolve("tls/ca.pem")));
    }

    private static String greeting(ConfiguredServer server) throws IOException {
        try (WireClient client = open(server)) {
            return String.valueOf(client.readLine());
        }
    }

    private static String scram(ConfiguredServer server, String sha, String account) throws Exception {
        try (WireClient client = open(server)) {
            client.readLine();
            return ScramClient.unbound(sha).login(client, account, ServerFixture.PASSWORD);
        }
    }

    private static List<String> kept(ConfiguredServer server, String account) {
        return server.run("account", "show", account, "--json")
                .json()
                .get("account")
                .get("scram")
                .valueStream()
                .map(hash -> hash.asString())
                .toList();
    }

    @Test
    @Requirement("TLS-11")
    void aHashIsPreparedBeforeItIsOffered() throws Exception {
        try (ConfiguredServer server = new ConfiguredServer(directory, LOCALHOST)) {
            assertThat(greeting(server)).contains("AUTH=SCRAM-SHA-256 ").doesNotContain("SHA-1 ", "SHA-512");
            assertThat(scram(server, "512", ServerFixture.ALICE)).startsWith("s NO [CANNOT]");
            assertThat(kept(server, ServerFixture.ALICE)).containsExactly("SCRAM-SHA-256");
        }
        try (ConfiguredServer server = new ConfiguredServer(
                directory, LOCALHOST + "auth { scram-sha-512 = prepare, scram-sha-1 = prepare }")) {
            assertThat(greeting(server)).doesNotContain("SHA-1 ", "SHA-512");
            assertThat(scram(server, "256", ServerFixture.ALICE)).startsWith("s OK"); // no password, so nothing is made
            assertThat(kept(server, ServerFixture.ALICE)).containsExactly("SCRAM-SHA-256");
            try (WireClient client = open(server)) {
                client.readLine();
                client.command("l LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "l OK");
            }
            assertThat(kept(server, ServerFixture.ALICE))
                    .containsExactly("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512");
            server.server
                    .management()
                    .execute(
                            new Request.Account.Add("new@example.test"),
                            "first".getBytes(UTF_8),
                            "test",
                            Progress.NONE);
            assertThat(kept(server, "new@example.test")).hasSize(3); // at once
        }
        try (ConfiguredServer server =
                new ConfiguredServer(directory, LOCALHOST + "auth { scram-sha-512 = offer, scram-sha-1 = offer }")) {
            assertThat(greeting(server))
                    .contains(
                            " AUTH=SCRAM-SHA-512-PLUS AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-512"
                                    + " AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN");
            assertThat(scram(server, "512", ServerFixture.ALICE)).startsWith("s OK");
            assertThat(scram(server, "1", ServerFixture.ALICE)).startsWith("s OK");
            assertThat(scram(server, "512", ServerFixture.BOB)).startsWith("s NO [AUTHENTICATIONFAILED]"); // not yet
            assertThat(scram(server, "512", "nobody@example.test")).startsWith("s NO [AUTHENTICATIONFAILED]");
            independentClients(server);
            // another password, another verifier
            server.server
                    .management()
                    .execute(
                            new Request.Account.Password(ServerFixture.ALICE),
                            "another".getBytes(UTF_8),
                            "test",
                            Progress.NONE);
            assertThat(scram(server, "512", ServerFixture.ALICE)).startsWith("s NO");
            assertThat(kept(server, ServerFixture.ALICE)).hasSize(3);
        }
        try (ConfiguredServer server =
                new ConfiguredServer(directory, LOCALHOST + "auth { scram-sha-512 = offer, scram-sha-1 = off }")) {
            assertThat(kept(server, ServerFixture.ALICE)).containsExactly("SCRAM-SHA-256", "SCRAM-SHA-512");
        }
    }

    private void independentClients(ConfiguredServer server) throws Exception {
        Programs.require("gsasl");
        Path authority = server.data().resolve("tls/ca.pem");
        for (String mechanism : List.of("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS")) {
            var result = new ProgramRunner(directory)
                    .run(
                            "",
                            Map.of(),
                            List.of(
                                    "gsasl",
                                    "--imap",
                                    "--starttls",
                                    "--x509-ca-file=" + authority,
                                    "--connect=localhost:" + server.port(Service.IMAP),
                                    "--authentication-id=" + ServerFixture.ALICE,
                                    "--authorization-id=" + ServerFixture.ALICE,
                                    "--password=" + ServerFixture.PASSWORD,
                                    "--mechanism=" + mechanism,
                                    // else it tells that it could have bound itself, and is refused for that
                                    mechanism.endsWith("PLUS") ? "--verbose" : "--no-cb"));
            assertThat(result.output()).contains("Client authentication finished (server trusted)");
            assertThat(result.code()).as(result.output()).isZero();
        }
        Programs.requireInstalled(
                Path.of("/usr/lib/" + System.getProperty("os.arch").replace("amd64", "x86_64")
                        + "-linux-gnu/sasl2/libscram.so"),
                "apt-get install libsasl2-modules");
        new Mbsync(directory.resolve("mbsync"), "SCRAM-SHA-512", "Expunge Both")
                .sync(server.port(Service.IMAPS), authority);
        assertThat(server.done("account", "tls", ServerFixture.ALICE))
                .contains(" SCRAM-SHA-512 ", " SCRAM-SHA-1-PLUS ");
    }
}
