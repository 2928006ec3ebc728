package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.WireClient;

/// What is acknowledged is never lost: `kill -9` under a storm of submissions and APPENDs, then everything that the
/// clients were told must hold.
class KillTest {
    private static final int ACKNOWLEDGED = 200;
    private static final int CLIENTS_OF_A_KIND = 4;
    private static final Pattern APPENDUID = Pattern.compile("a OK \\[APPENDUID (\\d+) (\\d+)].*");

    @TempDir
    Path temporary;

    @Test
    void nothingAcknowledgedIsLost() throws Exception {
        rounds(3);
    }

    @Test
    @Tag("long")
    void nothingAcknowledgedIsLostInFiftyRounds() throws Exception {
        rounds(50);
    }

    /// What a client was told.
    ///
    /// @param uid 0 where the protocol does not tell (submission)
    private record Acknowledged(String messageId, byte[] octets, long uidValidity, long uid) {}

    private void rounds(int count) throws Exception {
        Path data = temporary.resolve("data");
        Map<String, Acknowledged> told = new HashMap<>();
        var sent = new AtomicLong();
        for (int round = 1; round <= count; round++) {
            int inFlight;
            try (QuickstartProcess server = QuickstartProcess.start(data, "--log", "error")) {
                if (round > 1) {
                    verify(server, told);
                }
                inFlight = storm(server, told, sent);
            }
            System.out.printf(
                    "kill -9, round %d of %d: %d acknowledged so far, %d in flight at the kill%n",
                    round, count, told.size(), inFlight);
            assertThat(inFlight).isPositive();
            assertThat(told.size()).isGreaterThanOrEqualTo(round * ACKNOWLEDGED);
        }
        try (QuickstartProcess server = QuickstartProcess.start(data, "--log", "error")) {
            verify(server, told);
            assertThat(server.stop()).isZero();
        }
    }

    /// Fills alice's Archive by APPEND and bob's INBOX by submission, and kills the server in the middle of it.
    ///
    /// @return how many commands were under way
    private static int storm(QuickstartProcess server, Map<String, Acknowledged> told, AtomicLong sent)
            throws Exception {
        Queue<Acknowledged> acknowledged = new ConcurrentLinkedQueue<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        var inFlight = new AtomicInteger();
        var enough = new CountDownLatch(ACKNOWLEDGED);
        List<Thread> clients = new ArrayList<>();
        for (int index = 0; index < CLIENTS_OF_A_KIND; index++) {
            var corpus = new MailCorpus(sent.incrementAndGet());
            WireClient imap = server.imap(1);
            clients.add(Thread.ofVirtual()
                    .start(() ->
                            until(failures, enough, () -> append(imap, corpus, sent, acknowledged, inFlight, enough))));
            WireClient submission = server.submission(1);
            clients.add(Thread.ofVirtual()
                    .start(() ->
                            until(failures, enough, () -> submit(submission, sent, acknowledged, inFlight, enough))));
        }
        enough.await();
        while (inFlight.get() == 0 && failures.isEmpty()) {
            Thread.onSpinWait();
        }
        int underWay = inFlight.get();
        server.kill();
        for (Thread client : clients) {
            client.join();
        }
        assertThat(failures).isEmpty();
        for (Acknowledged each : acknowledged) {
            assertThat(told.put(each.messageId(), each)).isNull();
        }
        return underWay;
    }

    private interface Step {
        void run() throws IOException;
    }

    /// Goes on until the server is gone.
    private static void until(Queue<Throwable> failures, CountDownLatch enough, Step step) {
        try {
            while (true) {
                step.run();
            }
        } catch (IOException killed) {
            if (enough.getCount() > 0) {
                failures.add(new AssertionError("a client lost its server before the kill", killed));
                enough.countDown();
            }
        } catch (RuntimeException | AssertionError failure) {
            failures.add(failure);
            enough.countDown();
        }
    }

    private static void append(
            WireClient imap,
            MailCorpus corpus,
            AtomicLong sent,
            Queue<Acknowledged> acknowledged,
            AtomicInteger inFlight,
            CountDownLatch enough)
            throws IOException {
        String messageId = "append-" + sent.incrementAndGet() + "@kill.test";
        byte[] body = corpus.next().octets();
        byte[] octets = concatenate(("X-Kill-Id: " + messageId + "\r\n").getBytes(ISO_8859_1), body);
        inFlight.incrementAndGet();
        imap.send("a APPEND Archive {" + octets.length + "+}\r\n");
        imap.send(octets);
        imap.send("\r\n");
        String answer = imap.readUntil("a ").getLast();
        Matcher ok = APPENDUID.matcher(answer);
        if (!ok.matches()) {
            throw new AssertionError("APPEND was refused: " + answer);
        }
        acknowledged.add(new Acknowledged(messageId, octets, Long.parseLong(ok.group(1)), Long.parseLong(ok.group(2))));
        inFlight.decrementAndGet();
        enough.countDown();
    }

    private static void submit(
            WireClient client,
            AtomicLong sent,
            Queue<Acknowledged> acknowledged,
            AtomicInteger inFlight,
            CountDownLatch enough)
            throws IOException {
        String messageId = "submit-" + sent.incrementAndGet() + "@kill.test";
        String text = "X-Kill-Id: " + messageId + "\r\nMessage-ID: <" + messageId + ">\r\n"
                + "From: alice@example.test\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nSubject: storm\r\n\r\n"
                + "body of " + messageId + "\r\n".repeat(1 + (int) (sent.get() % 50));
        client.command("MAIL FROM:<alice@example.test>", "250 ");
        client.command("RCPT TO:<bob@example.test>", "250 ");
        client.command("DATA", "354 ");
        inFlight.incrementAndGet();
        client.send(text + ".\r\n");
        client.readUntil("250 ");
        acknowledged.add(new Acknowledged(messageId, text.getBytes(ISO_8859_1), 0, 0));
        inFlight.decrementAndGet();
        enough.countDown();
    }

    private static byte[] concatenate(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    // ---- afterwards

    private static void verify(QuickstartProcess server, Map<String, Acknowledged> told) throws IOException {
        Map<String, Found> found = new HashMap<>();
        read(server, 1, "Archive", found);
        read(server, 2, "INBOX", found);
        for (Acknowledged each : told.values()) {
            Found message = found.get(each.messageId());
            assertThat(message)
                    .as("acknowledged, and lost: %s", each.messageId())
                    .isNotNull();
            assertThat(message.times())
                    .as("times that %s is there", each.messageId())
                    .isEqualTo(1);
            assertThat(message.octets()).as(each.messageId()).isEqualTo(each.octets());
            if (each.uid() > 0) {
                assertThat(message.uid()).isEqualTo(each.uid());
                assertThat(message.uidValidity()).isEqualTo(each.uidValidity());
                assertThat(message.uidNext()).isGreaterThan(each.uid());
            }
        }
    }

    private record Found(byte[] octets, long uidValidity, long uid, long uidNext, int times) {}

    /// Every message with an X-Kill-Id, from that field on: before it stand the trace fields of its delivery.
    private static void read(QuickstartProcess server, int user, String mailbox, Map<String, Found> into)
            throws IOException {
        try (WireClient imap = server.imap(user)) {
            long uidValidity = 0;
            long uidNext = 0;
            for (String line : imap.command("s EXAMINE " + mailbox, "s OK")) {
                Matcher number = Pattern.compile("\\* OK \\[(UIDVALIDITY|UIDNEXT) (\\d+)].*")
                        .matcher(line);
                if (number.matches()) {
                    if (number.group(1).equals("UIDNEXT")) {
                        uidNext = Long.parseLong(number.group(2));
                    } else {
                        uidValidity = Long.parseLong(number.group(2));
                    }
                }
            }
            imap.sendLine("f UID FETCH 1:* (BODY.PEEK[])");
            Pattern start = Pattern.compile("\\* \\d+ FETCH \\(UID (\\d+) BODY\\[] \\{(\\d+)}");
            while (true) {
                String line = imap.readLine();
                if (line == null || line.startsWith("f ")) {
                    assertThat(line).startsWith("f OK");
                    return;
                }
                Matcher message = start.matcher(line);
                assertThat(message.matches()).as(line).isTrue();
                byte[] octets = imap.readOctets(Integer.parseInt(message.group(2)));
                assertThat(imap.readLine()).isEqualTo(")");
                String text = new String(octets, ISO_8859_1);
                Matcher id = Pattern.compile("X-Kill-Id: (\\S+)\r\n").matcher(text);
                if (id.find()) {
                    byte[] own = Arrays.copyOfRange(octets, id.start(), octets.length);
                    int times = into.containsKey(id.group(1))
                            ? into.get(id.group(1)).times() + 1
                            : 1;
                    into.put(
                            id.group(1), new Found(own, uidValidity, Long.parseLong(message.group(1)), uidNext, times));
                }
            }
        }
    }
}
