package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// Passwords that may have leaked before TLS was demanded: an operator has them changed.
class PasswordDueTest {
    @TempDir
    Path directory;

    private ServerFixture fixture;

    private CommandRun run(String... arguments) {
        return CommandRun.on(directory.resolve("data"), arguments);
    }

    private static String plain(String password) {
        return Base64.getEncoder().encodeToString(("\0" + ServerFixture.ALICE + "\0" + password).getBytes(UTF_8));
    }

    /// What a login is answered with on each protocol.
    private List<String> logins(String password) throws Exception {
        try (WireClient imap = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust());
                WireClient pop3 = WireClient.implicitTls(fixture.address(Service.POP3S), fixture.trust());
                WireClient smtp = WireClient.implicitTls(fixture.address(Service.SUBMISSIONS), fixture.trust())) {
            imap.readLine();
            pop3.readLine();
            smtp.readUntil("220 ");
            smtp.command("EHLO client.test", "250 ");
            return List.of(
                    imap.command("a LOGIN " + ServerFixture.ALICE + " " + password, "")
                            .getLast(),
                    pop3.command("AUTH PLAIN " + plain(password), "").getLast(),
                    smtp.command("AUTH PLAIN " + plain(password), "").getLast());
        }
    }

    private String scram() throws Exception {
        try (WireClient imap = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust())) {
            imap.readLine();
            return ScramClient.unbound("256").login(imap, ServerFixture.ALICE, ServerFixture.PASSWORD);
        }
    }

    @Test
    @Requirement("R8314-36")
    void aPasswordThatMayHaveLeakedIsGoodForNothingButBeingChanged() throws Exception {
        fixture = new ServerFixture(directory);
        try (ServerFixture _ = fixture) {
            String tomorrow = LocalDate.now(ZoneOffset.UTC).plusDays(1).toString();
            assertThat(run("account", "password-due", "example.test", tomorrow).out())
                    .contains("alice@example.test  " + tomorrow + "T00:00:00Z", "bob@example.test ");
            assertThat(run("account", "show", ServerFixture.BOB).out()).contains("\npassword  due " + tomorrow);
            WireClient open = fixture.imap(ServerFixture.ALICE); // until then all is well
            assertThat(run("account", "password-due", ServerFixture.ALICE, "now")
                            .code())
                    .isZero();
            assertThat(open.readUntil("* BYE")).isNotEmpty();
            assertThat(logins(ServerFixture.PASSWORD))
                    .satisfiesExactly(
                            imap -> assertThat(imap).isEqualTo("a NO [EXPIRED] The password must be changed first"),
                            pop3 -> assertThat(pop3).isEqualTo("-ERR [AUTH] The password must be changed first"),
                            smtp -> assertThat(smtp).isEqualTo("535 5.7.8 The password must be changed first"));
            assertThat(scram()).startsWith("s NO [EXPIRED]");
            assertThat(logins("wrong")).noneMatch(answer -> answer.contains("changed"));
            String appPassword = run(
                            "app-password", "add", ServerFixture.ALICE, "phone", "--protocols", "imap", "--json")
                    .json()
                    .get("password")
                    .asString();
            assertThat(logins(appPassword).getFirst()).startsWith("a OK"); // never used without TLS
            assertThat(CommandRun.typing(
                                    "another-one",
                                    directory.resolve("data"),
                                    "account",
                                    "password",
                                    ServerFixture.ALICE)
                            .code())
                    .isZero();
            assertThat(logins("another-one"))
                    .satisfiesExactly(
                            imap -> assertThat(imap).startsWith("a OK"),
                            pop3 -> assertThat(pop3).startsWith("+OK"),
                            smtp -> assertThat(smtp).startsWith("235"));
            assertThat(run("account", "show", ServerFixture.ALICE, "--json")
                            .json()
                            .get("account")
                            .get("passwordDue")
                            .isNull())
                    .isTrue();
            run("account", "password-due", ServerFixture.BOB, "never");
            assertThat(run("account", "show", ServerFixture.BOB).out()).contains("\npassword  not due\n");
            assertThat(run("account", "password-due", ServerFixture.BOB, "soon").err())
                    .contains("'soon' is not now, never or a day");
            assertThat(run("account", "password-due", "elsewhere.test", "now").code())
                    .isEqualTo(Main.FAILED);
        }
    }
}
