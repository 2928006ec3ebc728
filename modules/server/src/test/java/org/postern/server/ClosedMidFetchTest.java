package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.BOB;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.WireClient;

/// Two hundred clients go away in the middle of a FETCH, and nobody else notices.
class ClosedMidFetchTest {
    private static final int LEAVERS = 200;
    private static final int AT_ONCE = 20;
    private static final int MESSAGE = 4 * 1024 * 1024;

    @TempDir
    Path directory;

    @Test
    void nobodyElseNotices() throws Exception {
        try (ServerFixture fixture = new ServerFixture(directory)) {
            byte[] large = new MailCorpus(1).ofSize(MESSAGE).octets();
            try (WireClient alice = fixture.imap(ALICE)) {
                alice.send("a APPEND INBOX {" + large.length + "+}\r\n");
                alice.send(large);
                alice.command("", "a OK");
            }
            Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
            var over = new AtomicBoolean();
            var rounds = new AtomicInteger();
            List<Thread> witnesses = new ArrayList<>();
            for (String who : List.of(ALICE, BOB)) {
                witnesses.add(Thread.ofVirtual().start(() -> witness(fixture, who, over, rounds, failures)));
            }
            var left = new AtomicInteger();
            List<Thread> leavers = new ArrayList<>();
            for (int index = 0; index < AT_ONCE; index++) {
                boolean reset = index % 2 == 0;
                leavers.add(Thread.ofVirtual().start(() -> {
                    try {
                        while (left.incrementAndGet() <= LEAVERS) {
                            leaveInTheMiddle(fixture, reset);
                        }
                    } catch (IOException | AssertionError failure) {
                        failures.add(failure);
                    }
                }));
            }
            for (Thread leaver : leavers) {
                leaver.join();
            }
            over.set(true);
            for (Thread witness : witnesses) {
                witness.join();
            }
            assertThat(failures).isEmpty();
            assertThat(rounds.get()).as("what the witnesses did meanwhile").isGreaterThan(10);
            awaitNoSessions(fixture);
            assertThat(fixture.server.store().healthy()).isTrue();
            System.out.printf("closed mid-FETCH: %d sessions; witnesses did %d rounds%n", LEAVERS, rounds.get());
        }
    }

    private static void leaveInTheMiddle(ServerFixture fixture, boolean reset) throws IOException {
        WireClient client = fixture.imap(ALICE);
        client.command("s SELECT INBOX", "s OK");
        client.sendLine("f FETCH 1 BODY.PEEK[]");
        assertThat(client.readLine()).startsWith("* 1 FETCH (BODY[] {");
        assertThat(client.readOctets(1000)).hasSize(1000);
        if (reset) {
            client.abort();
        } else {
            client.close();
        }
    }

    /// Appends, reads back, and counts, as if nothing were the matter.
    private static void witness(
            ServerFixture fixture, String who, AtomicBoolean over, AtomicInteger rounds, Queue<Throwable> failures) {
        try (WireClient client = fixture.imap(who)) {
            client.command("c CREATE Mine", "c OK");
            client.command("s SELECT Mine", "s OK");
            for (int count = 1; !over.get() || count < 10; count++) {
                String message = "Subject: number " + count + "\r\n\r\nbody " + count + "\r\n";
                client.send("a APPEND Mine {" + message.length() + "+}\r\n" + message);
                assertThat(client.command("", "a OK")).contains("* " + count + " EXISTS");
                client.sendLine("f FETCH " + count + " BODY[]");
                assertThat(client.readLine()).isEqualTo("* " + count + " FETCH (BODY[] {" + message.length() + "}");
                assertThat(new String(client.readOctets(message.length()), ISO_8859_1))
                        .isEqualTo(message);
                client.readUntil("f OK");
                rounds.incrementAndGet();
            }
        } catch (IOException | RuntimeException | AssertionError failure) {
            failures.add(failure);
        }
    }

    private static void awaitNoSessions(ServerFixture fixture) {
        Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
        Answer none = new Answer.Sessions(List.of());
        Answer sessions = fixture.server.management().execute(new Request.Session.List(), "test");
        while (!sessions.equals(none) && Instant.now().isBefore(deadline)) {
            LockSupport.parkNanos(10_000_000);
            sessions = fixture.server.management().execute(new Request.Session.List(), "test");
        }
        assertThat(sessions)
                .as("sessions that did not end with their connections")
                .isEqualTo(none);
    }
}
