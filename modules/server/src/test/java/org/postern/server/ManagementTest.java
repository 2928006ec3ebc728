package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.testkit.WireClient;

/// The operator's commands, as typed, over the real control socket.
class ManagementTest {
    @TempDir
    static Path directory;

    static ServerFixture fixture;
    static Path data;

    @BeforeAll
    static void start() {
        fixture = new ServerFixture(directory);
        data = directory.resolve("data");
    }

    @AfterAll
    static void stop() {
        fixture.close();
    }

    private static CommandRun run(String... arguments) {
        return CommandRun.on(data, arguments);
    }

    private static String done(String... arguments) {
        CommandRun run = run(arguments);
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return run.out();
    }

    @Test
    void anAccountsLife() throws IOException {
        assertThat(done("domain", "add", "life.test")).isEqualTo("added domain life.test\n");
        CommandRun added = CommandRun.typing("first-password", data, "account", "add", "carol@life.test");
        assertThat(added).isEqualTo(new CommandRun(0, "added account carol@life.test\n", ""));
        assertThat(done("account", "list"))
                .startsWith("ADDRESS             STATE    MESSAGES  OCTETS\n")
                .contains("carol@life.test     enabled  0         0 B\n");
        assertThat(done("quota", "set", "carol@life.test", "--octets", "5M", "--messages", "100"))
                .isEqualTo("carol@life.test holds 0 of 100 messages, 0 B of 5.0 MiB\n");
        assertThat(done("alias", "add", "sales@life.test", "carol@life.test"))
                .isEqualTo("added alias sales@life.test -> carol@life.test\n");
        assertThat(done("alias", "list")).contains("sales@life.test  carol@life.test\n");
        assertThat(CommandRun.typing("second-password", data, "account", "password", "carol@life.test")
                        .out())
                .startsWith("changed the password of carol@life.test");
        assertThat(done("account", "disable", "carol@life.test")).startsWith("disabled carol@life.test");
        assertThat(done("account", "enable", "carol@life.test")).isEqualTo("enabled carol@life.test\n");
        assertThat(run("domain", "remove", "life.test"))
                .isEqualTo(new CommandRun(
                        1,
                        "",
                        "postern: domain life.test still has accounts: remove them first" + System.lineSeparator()));
        assertThat(done("alias", "remove", "sales@life.test", "carol@life.test"))
                .startsWith("removed alias");
        assertThat(done("account", "remove", "carol@life.test"))
                .isEqualTo("removed account carol@life.test and its mail\n");
        assertThat(done("domain", "remove", "life.test")).isEqualTo("removed domain life.test\n");
    }

    @Test
    void theSameAsJson() {
        var account = run("account", "list", "--json").json().get("accounts").get(0);
        assertThat(account.toString())
                .isEqualTo("{\"address\":\"alice@example.test\",\"enabled\":true,\"octets\":0,\"octetsLimit\":null,"
                        + "\"messages\":0,\"messagesLimit\":null}");
        var status = run("status", "--json").json();
        assertThat(status.get("process").longValue())
                .isEqualTo(ProcessHandle.current().pid());
        assertThat(status.get("store").stringValue()).isEqualTo("healthy");
        assertThat(status.get("listeners").toString())
                .contains("{\"service\":\"imaps\",\"address\":\"127.0.0.1\",\"port\":"
                        + fixture.port(Configuration.Service.IMAPS) + ",\"security\":\"implicit-tls\"}");
        assertThat(done("status")).contains("store     accepts changes\n", "submission", "starttls");
    }

    @Test
    void sessionsAreListedAndEnded() throws IOException {
        try (WireClient client = fixture.imap(ServerFixture.BOB)) {
            var sessions = run("session", "list", "--json").json().get("sessions");
            assertThat(sessions).hasSize(1);
            var session = sessions.get(0);
            assertThat(session.get("account").stringValue()).isEqualTo(ServerFixture.BOB);
            assertThat(session.get("phase").stringValue()).isEqualTo("after-login");
            assertThat(session.get("tls").get("version").stringValue()).isEqualTo("TLSv1.3");
            assertThat(done("session", "list")).contains("imaps", "TLSv1.3 TLS_AES_", ServerFixture.BOB);
            String id = session.get("id").stringValue();
            assertThat(done("session", "end", id)).isEqualTo("ended session " + id + "\n");
            client.readUntil("* BYE ");
        }
        assertThat(run("session", "end", "nobody").err()).contains("there is no session nobody");
    }

    @Test
    void everyChangeIsAuditedWithItsOutcomeAndWithoutSecrets() {
        try (LogLines audit = new LogLines("org.postern.audit")) {
            CommandRun.typing("a-secret-password", data, "account", "add", "dave@example.test");
            CommandRun.typing("a-secret-password", data, "account", "add", "dave@example.test");
            run("account", "remove", "dave@example.test");
            run("alias", "add", "x@example.test", "evil\nline by root: done");
            run("account", "list");
            List<String> lines = audit.all();
            assertThat(lines)
                    .hasSize(4)
                    .allSatisfy(line -> assertThat(line)
                            .matches("[a-z -]+ \\{.*} by uid [0-9]+ \\([^)]+\\): (done|refused: .*)")
                            .doesNotContain("a-secret-password"));
            assertThat(lines.get(0))
                    .startsWith("account add {\"address\":\"dave@example.test\"} by uid ")
                    .endsWith("): done");
            assertThat(lines.get(1)).endsWith("): refused: account dave@example.test exists already");
            assertThat(lines.get(2)).startsWith("account remove ").endsWith(": done");
        }
    }

    @Test
    void withoutAServerTheRemedyIsTold() {
        CommandRun run =
                CommandRun.of("status", "--data", directory.resolve("nothing").toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("no server runs on", "name its directory with --data");
        assertThat(CommandRun.of("account", "frobnicate").code()).isEqualTo(2);
        assertThat(CommandRun.on(data, "quota", "set", ServerFixture.ALICE, "--octets", "much")
                        .code())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "nonsense",
                "{\"command\":\"frobnicate\",\"arguments\":{},\"secret\":0}",
                "{\"command\":\"domain add\",\"arguments\":{},\"secret\":0}",
                "{\"command\":\"domain add\",\"arguments\":{\"domain\":\"a.test\",\"more\":1},\"secret\":0}",
                "{\"command\":\"domain add\",\"arguments\":{\"domain\":\"a.test\"},\"secret\":-1}",
                "{\"command\":\"domain add\",\"arguments\":{\"domain\":\"a.test\"},\"secret\":5000}",
                "{\"command\":\"account list\",\"arguments\":{},\"secret\":0} trailing",
            })
    void whatIsNoRequestIsRefusedAndNothingElse(String line) throws IOException {
        assertThat(exchange(line + "\n")).startsWith("{\"refused\":{\"reason\":\"");
        assertThat(done("domain", "list")).isEqualTo("DOMAIN\nexample.test\n");
    }

    @Test
    void aRequestWithoutEndIsCutOff() throws IOException {
        assertThat(exchange("x".repeat(ControlMessages.MOST_REQUEST + 1))).isEmpty();
        assertThat(done("domain", "list")).isEqualTo("DOMAIN\nexample.test\n");
    }

    private static String exchange(String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(data.resolve("control.sock")))) {
            OutputStream out = Channels.newOutputStream(channel);
            out.write(request.getBytes(UTF_8));
            InputStream in = Channels.newInputStream(channel);
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    /// Every request can be named, and read as it was written: what the client sends is what the server does.
    @Test
    void everyRequestHasItsOwnName() {
        Map<String, Class<? extends Request>> all = RequestNames.all();
        assertThat(all).hasSizeGreaterThan(15).containsKeys("status", "app-password add", "session end");
        assertThat(all.values()).doesNotHaveDuplicates();
        assertThat(RequestNames.of(new Request.AppPassword.List("a@b"))).isEqualTo("app-password list");
        assertThat(RequestNames.of(new Request.Status())).isEqualTo("status");
    }
}
