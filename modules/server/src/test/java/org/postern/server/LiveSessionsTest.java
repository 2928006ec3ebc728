package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.WireClient;

/// What becomes of sessions when what they stand on is taken away: each protocol says its farewell, unasked. Every
/// timer of the fixture is 30 minutes: none of this is a timeout.
class LiveSessionsTest {
    private static final String CAROL = "carol@example.test";

    @TempDir
    static Path directory;

    static ServerFixture fixture;

    @BeforeAll
    static void start() {
        fixture = new ServerFixture(directory);
    }

    @AfterAll
    static void stop() {
        fixture.close();
    }

    private String password = ServerFixture.PASSWORD;

    @BeforeEach
    void addCarol() {
        fixture.addAccount(CAROL, password.getBytes(UTF_8));
    }

    private static void manage(Request request) {
        fixture.server.management().execute(request, "test");
    }

    /// What takes an account's access away.
    enum Loss {
        DISABLED {
            @Override
            void happen() {
                manage(new Request.Account.Disable(CAROL));
            }
        },
        REMOVED {
            @Override
            void happen() {
                manage(new Request.Account.Remove(CAROL));
            }
        },
        PASSWORD_CHANGED {
            @Override
            void happen() {
                fixture.server
                        .management()
                        .execute(
                                new Request.Account.Password(CAROL),
                                "another-one".getBytes(UTF_8),
                                "test",
                                Progress.NONE);
            }
        },
        APP_PASSWORD_REVOKED {
            @Override
            void happen() {
                manage(new Request.AppPassword.Remove(CAROL, "phone"));
            }
        },
        ENDED_BY_THE_OPERATOR {
            @Override
            void happen() {
                manage(new Request.Session.End(Optional.empty(), Optional.of(CAROL), Optional.empty()));
            }
        };

        abstract void happen();
    }

    @ParameterizedTest
    @EnumSource
    void everyProtocolSaysItsFarewell(Loss loss) throws IOException {
        try {
            if (loss == Loss.APP_PASSWORD_REVOKED) {
                var made = (Answer.NewAppPassword) fixture.server
                        .management()
                        .execute(
                                new Request.AppPassword.Add(
                                        CAROL, "phone", Set.of("imap", "pop3", "submission"), Optional.empty()),
                                "test");
                password = made.password();
            }
            try (WireClient idle = imap();
                    WireClient waiting = imap();
                    WireClient pop3 = pop3();
                    WireClient submission = ServerFixture.submission(
                            fixture.address(Service.SUBMISSIONS), fixture.trust(), CAROL, password);
                    WireClient other = fixture.imap(ServerFixture.ALICE)) {
                idle.command("s SELECT INBOX", "s OK");
                idle.command("i IDLE", "+ ");
                loss.happen();
                idle.readUntil("* BYE ");
                waiting.readUntil("* BYE ");
                pop3.readUntil("-ERR [AUTH] ");
                submission.readUntil("421 4.7.0 ");
                other.command("n NOOP", "n OK");
            }
        } finally {
            if (loss != Loss.REMOVED) {
                manage(new Request.Account.Remove(CAROL));
            }
        }
    }

    private WireClient imap() throws IOException {
        WireClient client = WireClient.implicitTls(fixture.address(Service.IMAPS), fixture.trust());
        client.readLine();
        client.command("l LOGIN " + CAROL + " " + password, "l OK");
        return client;
    }

    private WireClient pop3() throws IOException {
        WireClient client = WireClient.implicitTls(fixture.address(Service.POP3S), fixture.trust());
        client.readUntil("+OK");
        client.command("USER " + CAROL, "+OK");
        client.command("PASS " + password, "+OK");
        return client;
    }

    @Test
    void whoseMailboxIsDeletedLeavesAtTheNextCommandOrWake() throws IOException {
        try (WireClient idle = imap();
                WireClient busy = imap();
                WireClient owner = imap()) {
            owner.command("c CREATE Work", "c OK");
            idle.command("s SELECT Work", "s OK");
            idle.command("i IDLE", "+ ");
            busy.command("s SELECT Work", "s OK");
            owner.command("d DELETE Work", "d OK");
            idle.readUntil("* BYE ");
            busy.sendLine("n NOOP");
            busy.readUntil("* BYE ");
            owner.command("n NOOP", "n OK");
        } finally {
            manage(new Request.Account.Remove(CAROL));
        }
    }
}
