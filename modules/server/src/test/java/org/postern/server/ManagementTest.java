package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.RecordComponent;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLSocket;
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
                .isEqualTo("""
                        carol@life.test may hold: 5.0 MiB, 100 messages (its own)
                               and holds: 0 B, 0 messages
                        """);
        assertThat(done("alias", "add", "sales@life.test", "carol@life.test"))
                .isEqualTo("added alias sales@life.test -> carol@life.test\n");
        assertThat(done("alias", "list")).contains("sales@life.test  carol@life.test\n");
        assertThat(CommandRun.typing("second-password", data, "account", "password", "carol@life.test")
                        .out())
                .startsWith("changed the password of carol@life.test");
        assertThat(done("account", "disable", "carol@life.test")).startsWith("disabled carol@life.test");
        assertThat(done("account", "enable", "carol@life.test")).isEqualTo("enabled carol@life.test\n");
        assertThat(done("account", "sent-copy", "carol@life.test", "on"))
                .isEqualTo("what carol@life.test submits also goes to its Sent mailbox\n");
        assertThat(done("account", "sent-copy", "carol@life.test", "off"))
                .isEqualTo("what carol@life.test submits goes to its recipients only\n");
        assertThat(run("account", "sent-copy", "carol@life.test", "maybe").err())
                .contains("expected one of");
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
                        + "\"messages\":0,\"messagesLimit\":null,\"ownLimits\":false,\"sentCopy\":false,"
                        + "\"scram\":[\"SCRAM-SHA-256\"],\"passwordDue\":null}");
        var status = run("status", "--json").json();
        assertThat(status.get("process").longValue())
                .isEqualTo(ProcessHandle.current().pid());
        assertThat(status.get("store").stringValue()).isEqualTo("healthy");
        assertThat(status.get("listeners").toString())
                .contains("{\"service\":\"imaps\",\"address\":\"127.0.0.1\",\"port\":"
                        + fixture.port(Configuration.Service.IMAPS) + ",\"security\":\"implicit-tls\"}");
        assertThat(done("status")).contains("store         accepts changes\n", "submission", "starttls");
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
    void allSessionsOfAnAccountOrAnAddressAreEnded() throws IOException {
        try (WireClient first = fixture.imap(ServerFixture.BOB);
                WireClient second = fixture.submission(ServerFixture.BOB);
                WireClient other = fixture.imap(ServerFixture.ALICE)) {
            assertThat(run("session", "end", "--account", ServerFixture.BOB, "--json")
                            .json()
                            .get("sessions"))
                    .hasSize(2);
            first.readUntil("* BYE ");
            second.readUntil("421 4.7.0 ");
            other.command("n NOOP", "n OK");
            assertThat(done("session", "kill", "--from", "127.0.0.1")).startsWith("ended ");
            other.readUntil("* BYE ");
        }
        assertThat(done("session", "end", "--account", "nobody@example.test")).isEqualTo("ended 0 sessions\n");
        assertThat(run("session", "end", "--from", "localhost").err())
                .contains("'localhost' is no IPv4 or IPv6 address");
        assertThat(run("session", "end").code()).isEqualTo(2);
        assertThat(run("session", "end", "x", "--account", "y").code()).isEqualTo(2);
    }

    @Test
    void aDomainHasADefaultQuota() {
        done("domain", "add", "bücher.test");
        assertThat(done("domain", "list")).contains("bücher.test   0         0        MISSING     no limit\n");
        assertThat(done("quota", "set", "bücher.test", "--octets", "1G"))
                .isEqualTo(
                        "each account of xn--bcher-kva.test without limits of its own may hold: 1.0 GiB, any number\n");
        CommandRun.typing("some-password", data, "account", "add", "a@bücher.test");
        CommandRun.typing("some-password", data, "account", "add", "postmaster@bücher.test");
        assertThat(done("quota", "show", "a@bücher.test")).isEqualTo("""
                        a@xn--bcher-kva.test may hold: 1.0 GiB, any number (the domain's)
                               and holds: 0 B, 0 messages
                        """);
        done("quota", "set", "a@bücher.test", "--messages", "7");
        done("quota", "set", "xn--bcher-kva.test", "--octets", "2G");
        assertThat(done("quota", "show", "a@bücher.test")).contains("any size, 7 messages (its own)");
        assertThat(done("quota", "show", "postmaster@bücher.test")).contains("2.0 GiB, any number (the domain's)");
        assertThat(done("quota", "clear", "a@bücher.test")).contains("2.0 GiB, any number (the domain's)");
        assertThat(done("domain", "show", "xn--bcher-kva.test")).isEqualTo("""
                        domain      bücher.test (xn--bcher-kva.test)
                        accounts    2
                        aliases     0
                        postmaster  gets mail
                        quota       2.0 GiB, any number
                        """);
        assertThat(run("quota", "show", "nowhere.test").err()).contains("there is no domain nowhere.test");
        done("account", "remove", "a@bücher.test");
        done("account", "remove", "postmaster@bücher.test");
        done("domain", "remove", "bücher.test");
    }

    @Test
    void anAccountIsShownWithAllThatBelongsToIt() throws IOException {
        done("alias", "add", "boss@example.test", ServerFixture.BOB);
        String password = done("app-password", "add", ServerFixture.BOB, "phone", "--protocols", "imap")
                .strip();
        assertThat(password).matches("[a-z2-9]{24}");
        try (WireClient _ = fixture.imap(ServerFixture.BOB)) {
            assertThat(done("account", "show", ServerFixture.BOB))
                    .contains(
                            "state     enabled\n",
                            "quota     the domain's\n",
                            "aliases   boss@example.test\n",
                            "phone  imap       never\n",
                            "after-login");
        }
        assertThat(done("app-password", "list", ServerFixture.BOB))
                .isEqualTo("NAME   PROTOCOLS  EXPIRES\nphone  imap       never\n");
        done("app-password", "remove", ServerFixture.BOB, "phone");
        done("alias", "remove", "boss@example.test", ServerFixture.BOB);
        assertThat(run("account", "show", "nobody@example.test").err()).contains("there is no account");
    }

    @Test
    void certificatesAreListedWithTheirFingerprints() throws Exception {
        var certificate =
                run("certificate", "list", "--json").json().get("certificates").get(0);
        assertThat(certificate.get("dnsNames").toString()).contains("\"mail.example.test\"", "\"example.test\"");
        assertThat(certificate.get("services").toString()).contains("\"_imaps.example.test\"");
        assertThat(certificate.get("keyType").stringValue()).isEqualTo("EC P-256");
        assertThat(certificate.get("selfSigned").booleanValue()).isFalse();
        try (SSLSocket socket = (SSLSocket) fixture.trust()
                .getSocketFactory()
                .createSocket("127.0.0.1", fixture.port(Configuration.Service.IMAPS))) {
            byte[] seen = socket.getSession().getPeerCertificates()[0].getEncoded();
            assertThat(certificate.get("sha256").stringValue())
                    .isEqualTo(HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(seen)));
        }
        assertThat(done("certificate", "list")).contains("services    _imap", "key         EC P-256\n");
    }

    @Test
    void aShellCanCompleteWhatIsTyped() {
        CommandRun run = CommandRun.of("generate-completion");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("complete -F _complete_postern", "app-password");
    }

    /// Scripts rely on them: a field that goes, or gets another name, breaks them.
    @Test
    void theFieldsOfAnswersAreDocumented() throws IOException {
        String operations =
                Files.readString(Path.of(System.getProperty("postern.root", "../.."), "docs/operations.md"));
        for (Class<?> answer : Answer.class.getDeclaredClasses()) {
            if (answer.isRecord()) {
                for (RecordComponent field : answer.getRecordComponents()) {
                    assertThat(operations).as(answer.getSimpleName()).contains("`" + field.getName() + "`");
                }
            }
        }
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
                "{\"command\":\"domain add\",\"arguments\":{\"domain\":\"a.test\"},\"secret\":20000}",
                "{\"command\":\"account list\",\"arguments\":{},\"secret\":0} trailing",
            })
    void whatIsNoRequestIsRefusedAndNothingElse(String line) throws IOException {
        String domainsBefore = done("domain", "list");
        assertThat(exchange(line + "\n")).startsWith("{\"refused\":{\"reason\":\"");
        assertThat(done("domain", "list")).isEqualTo(domainsBefore);
    }

    @Test
    void aRequestWithoutEndIsCutOff() throws IOException {
        String domainsBefore = done("domain", "list");
        assertThat(exchange("x".repeat(ControlMessages.MOST_REQUEST + 1))).isEmpty();
        assertThat(done("domain", "list")).isEqualTo(domainsBefore);
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
