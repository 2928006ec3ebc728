package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;
import tools.jackson.databind.JsonNode;

/// Who still uses what, as an operator asks before it is switched off, and the switching off.
class TlsUseTest {
    @TempDir
    Path directory;

    private static void login(WireClient client, String account) throws IOException {
        client.command("l LOGIN " + account + " " + ServerFixture.PASSWORD, "l OK");
    }

    private static void logout(WireClient client) throws IOException {
        client.command("z LOGOUT", "z OK");
        assertThat(client.readLine()).isNull(); // the session has ended
    }

    private static List<String> values(JsonNode answer, String property) {
        return answer.get("counts")
                .valueStream()
                .filter(count -> count.get("property").asString().equals(property))
                .map(count -> count.get("value").asString() + " "
                        + count.get("accounts").asInt() + " "
                        + count.get("sessions").asInt())
                .toList();
    }

    @Test
    @Requirement({"SEED-5", "R8314-21", "R8314-31", "R8314-32"})
    void whoStillUsesAnOldServiceIsSeenBeforeItIsSwitchedOff() throws IOException {
        try (ConfiguredServer server = new ConfiguredServer(directory, "tls.own-authority.hosts = [localhost]\n")) {
            assertThat(server.done("account", "tls")).startsWith("no account was reached in such a way since ");
            var trust = ServerFixture.trust(server.data().resolve("tls/ca.pem"));
            for (int session = 0; session < 2; session++) {
                try (WireClient client = WireClient.plain(server.address(Service.IMAP))) {
                    client.readLine();
                    client.command("i ID (\"name\" \"Before TLS\")", "i OK"); // anybody may have said it
                    client.command("s STARTTLS", "s OK");
                    client.startTls(trust);
                    client.command("i ID (\"name\" \"Old\\\"Mail\" \"version\" \"1.0\" \"os\" NIL)", "i OK");
                    login(client, ServerFixture.ALICE);
                    logout(client);
                }
            }
            try (WireClient client = WireClient.implicitTls(server.address(Service.IMAPS), trust);
                    WireClient failed = WireClient.implicitTls(server.address(Service.IMAPS), trust)) {
                failed.readLine();
                failed.command("l LOGIN " + ServerFixture.BOB + " wrong", "l NO");
                logout(failed); // it reached nobody
                client.readLine();
                login(client, ServerFixture.BOB); // and stays
                JsonNode all = server.run("account", "tls", "--json").json();
                assertThat(all.get("accounts").asInt()).isEqualTo(2);
                assertThat(values(all, "service")).containsExactlyInAnyOrder("imap 1 2", "imaps 1 1");
                assertThat(values(all, "security")).containsExactlyInAnyOrder("starttls 1 2", "implicit-tls 1 1");
                assertThat(values(all, "version")).containsExactly("TLSv1.3 2 3");
                assertThat(values(all, "mechanism")).containsExactly("LOGIN 2 3");
                assertThat(values(all, "client")).containsExactly("Old\"Mail 1.0 1 2");
                JsonNode alice = all.get("uses").get(0);
                assertThat(alice.get("address").asString()).isEqualTo(ServerFixture.ALICE);
                assertThat(alice.get("suite").asString()).isEqualTo("TLS_AES_128_GCM_SHA256");
                assertThat(alice.get("sni").asBoolean()).isFalse(); // an address is no name
                assertThat(alice.get("last").asString())
                        .isEqualTo(LocalDate.now(ZoneOffset.UTC).toString());
                assertThat(server.done("account", "tls", "--starttls"))
                        .contains(
                                "alice@example.test  imap     TLSv1.3  TLS_AES_128_GCM_SHA256  no   LOGIN      Old\"Mail 1.0")
                        .doesNotContain("bob@");
                assertThat(server.done("account", "tls", "--tls", "1.2")).startsWith("no account");
                assertThat(server.done("account", "tls", "example.test", "--no-sni", "--summary"))
                        .contains("\nservice    imap")
                        .endsWith(": 2 accounts\n")
                        .doesNotContain("alice@");
                assertThat(server.done("account", "tls", ServerFixture.BOB, "--mechanism", "login"))
                        .contains("bob@example.test")
                        .doesNotContain("alice@");
                assertThat(server.run("account", "tls", "nobody@example.test").err())
                        .contains("there is no account nobody@example.test");
                assertThat(server.run("account", "tls", "elsewhere.test").code())
                        .isEqualTo(Main.FAILED);
            }
            // alice was told to move: her service can go, for everybody, at the operator's pace
            server.configure("listeners.imap.enabled = false\n");
            assertThat(server.done("reload")).contains("listeners.imap.enabled");
            assertThat(server.server.bound()).doesNotContainKey("imap").containsKey("imaps");
        }
        try (ConfiguredServer again = new ConfiguredServer(directory, "")) {
            assertThat(again.done("account", "tls", "--summary", "--days", "1"))
                    .contains("service    imap")
                    .endsWith(": 2 accounts\n"); // bob's session ended with the server
        }
    }
}
