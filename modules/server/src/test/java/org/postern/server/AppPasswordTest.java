package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.store.AccountException;
import org.postern.testkit.WireClient;

class AppPasswordTest {
    @TempDir
    Path directory;

    private static String run(ServerFixture fixture, String... words) {
        return fixture.server.management().run(List.of(words), new byte[0], "test");
    }

    private static WireClient imap(ServerFixture fixture) throws IOException {
        WireClient client = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust());
        client.readUntil("* OK ");
        return client;
    }

    private static String authPlain(String password) {
        return "AUTH PLAIN "
                + Base64.getEncoder().encodeToString(("\0" + ServerFixture.ALICE + "\0" + password).getBytes(UTF_8));
    }

    @Test
    void oneIsMadeUsedForWhatItIsForAndRemoved() throws IOException {
        try (ServerFixture fixture = new ServerFixture(directory)) {
            String password = run(fixture, "app-password", "add", ServerFixture.ALICE, "phone", "imap", "never")
                    .strip();
            assertThat(password).matches("[a-z2-9]{24}");
            try (WireClient client = imap(fixture);
                    WireClient sender = WireClient.implicitTls(fixture.address(Service.SUBMISSIONS), fixture.trust())) {
                client.command("a LOGIN " + ServerFixture.ALICE + " " + password, "a OK");
                sender.readUntil("220 ");
                sender.command("EHLO client.test", "250 ");
                sender.command(authPlain(password), "535 5.7.8 ");
                sender.command(authPlain(ServerFixture.PASSWORD), "235 ");

                assertThat(run(fixture, "app-password", "show", ServerFixture.ALICE))
                        .isEqualTo("phone  imap  for ever\n");
                assertThatThrownBy(() ->
                                run(fixture, "app-password", "add", ServerFixture.ALICE, "phone", "imap", "never"))
                        .isInstanceOf(AccountException.class)
                        .hasMessageContaining("already");
                run(fixture, "app-password", "remove", ServerFixture.ALICE, "phone");
                client.readUntil("* BYE "); // decisions: its sessions end
            }
            try (WireClient client = imap(fixture)) {
                client.command("a LOGIN " + ServerFixture.ALICE + " " + password, "a NO [AUTHENTICATIONFAILED]");
                client.command("b LOGIN " + ServerFixture.ALICE + " " + ServerFixture.PASSWORD, "b OK");
            }
        }
    }

    @Test
    void oneEndsWithItsLastDay() throws IOException {
        try (ServerFixture fixture = new ServerFixture(directory)) {
            LocalDate today = LocalDate.now(ZoneOffset.UTC);
            String valid = run(fixture, "app-password", "add", ServerFixture.ALICE, "a", "imap,pop3", today.toString());
            String expired = run(
                    fixture,
                    "app-password",
                    "add",
                    ServerFixture.ALICE,
                    "b",
                    "imap",
                    today.minusDays(2).toString());
            try (WireClient client = imap(fixture)) {
                client.command("a LOGIN " + ServerFixture.ALICE + " " + expired.strip(), "a NO [AUTHENTICATIONFAILED]");
                client.command("b LOGIN " + ServerFixture.ALICE + " " + valid.strip(), "b OK");
            }
            assertThat(run(fixture, "app-password", "show", ServerFixture.ALICE))
                    .contains("a  imap,pop3  until ")
                    .contains("b  imap  EXPIRED ");
            assertThatThrownBy(() -> run(fixture, "app-password", "add", ServerFixture.ALICE, "c", "ftp", "never"))
                    .hasMessageContaining("imap, pop3, submission");
            assertThatThrownBy(() -> run(fixture, "app-password", "add", ServerFixture.ALICE, "c", "imap", "soon"))
                    .hasMessageContaining("not a day: soon");
            assertThatThrownBy(() -> run(fixture, "app-password", "remove", ServerFixture.ALICE, "c"))
                    .hasMessageContaining("no app password c");
        }
    }
}
