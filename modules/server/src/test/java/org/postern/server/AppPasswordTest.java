package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.server.Configuration.Service;
import org.postern.testkit.WireClient;

class AppPasswordTest {
    @TempDir
    Path directory;

    private static Answer run(ServerFixture fixture, Request request) {
        return fixture.server.management().execute(request, "test");
    }

    private static Request.AppPassword.Add add(String name, Set<String> protocols, Optional<String> expires) {
        return new Request.AppPassword.Add(ServerFixture.ALICE, name, protocols, expires);
    }

    private static String made(ServerFixture fixture, String name, Set<String> protocols, Optional<String> expires) {
        return ((Answer.NewAppPassword) run(fixture, add(name, protocols, expires))).password();
    }

    private static List<Answer.AppPassword> list(ServerFixture fixture) {
        return ((Answer.AppPasswords) run(fixture, new Request.AppPassword.List(ServerFixture.ALICE))).appPasswords();
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
            String password = made(fixture, "phone", Set.of("imap"), Optional.empty());
            assertThat(password).matches("[a-z2-9]{24}");
            try (WireClient client = imap(fixture);
                    WireClient sender = WireClient.implicitTls(fixture.address(Service.SUBMISSIONS), fixture.trust())) {
                client.command("a LOGIN " + ServerFixture.ALICE + " " + password, "a OK");
                sender.readUntil("220 ");
                sender.command("EHLO client.test", "250 ");
                sender.command(authPlain(password), "535 5.7.8 ");
                sender.command(authPlain(ServerFixture.PASSWORD), "235 ");

                assertThat(list(fixture))
                        .containsExactly(new Answer.AppPassword(
                                "phone", new TreeSet<>(Set.of("imap")), Optional.empty(), false));
                assertThatThrownBy(() -> run(fixture, add("phone", Set.of("imap"), Optional.empty())))
                        .isInstanceOf(RequestRefused.class)
                        .hasMessageContaining("already");
                run(fixture, new Request.AppPassword.Remove(ServerFixture.ALICE, "phone"));
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
            String valid = made(fixture, "a", Set.of("imap", "pop3"), Optional.of(today.toString()));
            String expired = made(
                    fixture, "b", Set.of("imap"), Optional.of(today.minusDays(2).toString()));
            try (WireClient client = imap(fixture)) {
                client.command("a LOGIN " + ServerFixture.ALICE + " " + expired, "a NO [AUTHENTICATIONFAILED]");
                client.command("b LOGIN " + ServerFixture.ALICE + " " + valid, "b OK");
            }
            assertThat(list(fixture))
                    .extracting(Answer.AppPassword::name, Answer.AppPassword::expired)
                    .containsExactly(tuple("a", false), tuple("b", true));
            assertThatThrownBy(() -> run(fixture, add("c", Set.of("ftp"), Optional.empty())))
                    .hasMessageContaining("imap, pop3, submission");
            assertThatThrownBy(() -> run(fixture, add("c", Set.of("imap"), Optional.of("soon"))))
                    .hasMessageContaining("not a day: soon");
            assertThatThrownBy(() -> run(fixture, new Request.AppPassword.Remove(ServerFixture.ALICE, "c")))
                    .hasMessageContaining("no app password c");
        }
    }
}
