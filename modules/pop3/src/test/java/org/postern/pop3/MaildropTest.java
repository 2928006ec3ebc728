package org.postern.pop3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.stack.TestStack.ALICE;
import static org.postern.stack.TestStack.PASSWORD;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.session.EndReason;
import org.postern.session.SessionLimits;
import org.postern.stack.TestStack;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.MailboxName;
import org.postern.store.MailboxStatus;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// A maildrop beside others who use the same INBOX, and what becomes of its marks when a session ends.
class MaildropTest {
    @TempDir
    Path directory;

    private TestStack stack;

    @BeforeEach
    void start() throws IOException {
        stack = Pop3TranscriptsTest.pop3(directory);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    private WireClient login() throws IOException {
        return login(stack);
    }

    private static WireClient login(TestStack stack) throws IOException {
        WireClient client = stack.client();
        client.readUntil("+OK");
        client.command("USER " + ALICE, "+OK");
        client.sendLine("PASS " + PASSWORD);
        assertThat(client.readLine()).startsWith("+OK");
        return client;
    }

    private AccountId alice() {
        return stack.store().accounts().account(ALICE).orElseThrow().id();
    }

    private MailboxStatus inbox() {
        return stack.store().mailboxes().status(alice(), MailboxName.INBOX);
    }

    private OpenMailbox open() {
        return stack.store().mailboxes().open(alice(), MailboxName.INBOX, false, () -> {});
    }

    private static List<String> multiLine(WireClient client, String command) throws IOException {
        List<String> lines = new ArrayList<>(client.command(command, "."));
        assertThat(lines.removeFirst()).startsWith("+OK");
        lines.removeLast();
        return lines;
    }

    /// The records of ended sessions come after their sockets have closed.
    private EndReason awaitEnd() {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (stack.records().isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
        return stack.records().getFirst().end();
    }

    @Test
    void whatOthersDoChangesNeitherNumbersNorSizes() throws IOException {
        try (WireClient client = login()) {
            List<String> uniqueIds = multiLine(client, "UIDL");
            try (OpenMailbox imap = open()) {
                int[] uids = imap.uids();
                int[] second = {uids[1]};
                imap.updateFlags(
                        second, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
                assertThat(imap.expunge(second)).isEqualTo(second);
            }
            Pop3TranscriptsTest.append(stack, "Subject: later\r\n\r\nlater\r\n");

            client.sendLine("RETR 2");
            assertThat(client.readLine()).isEqualTo("-ERR Another session has removed that message");
            client.sendLine("TOP 2 0");
            assertThat(client.readLine()).isEqualTo("-ERR Another session has removed that message");
            assertThat(multiLine(client, "UIDL")).isEqualTo(uniqueIds);
            assertThat(multiLine(client, "LIST")).hasSize(4).contains("1 49", "3 46", "4 15");
            assertThat(multiLine(client, "RETR 3")).first().isEqualTo("Subject: three");
            client.command("DELE 2", "+OK");
            client.command("DELE 3", "+OK");
            client.sendLine("QUIT");
            assertThat(client.readLine()).isEqualTo("+OK Goodbye");
        }
        assertThat(inbox().messages()).as("1, 4, and the one that came later").isEqualTo(3);
        assertThat(inbox().deleted()).isZero();
    }

    /// Two would leave messages marked, and not removed, after a crash between them.
    @Test
    void whatIsRemovedGoesInOneChange() throws IOException {
        long before = inbox().highestModSeq();
        try (WireClient client = login()) {
            client.command("DELE 1", "+OK");
            client.command("DELE 3", "+OK");
            client.sendLine("QUIT");
            assertThat(client.readLine()).isEqualTo("+OK Goodbye");
        }
        assertThat(inbox().messages()).isEqualTo(2);
        assertThat(inbox().highestModSeq()).isEqualTo(before + 1);
    }

    @Test
    @Requirement("ST-27")
    void aTruncatedConnectionRemovesNothing() throws IOException {
        WireClient client = login();
        multiLine(client, "RETR 2");
        client.command("DELE 1", "+OK");
        client.abort();
        assertThat(awaitEnd()).isEqualTo(EndReason.TRUNCATED);
        assertNothingHappened();
    }

    @Test
    @Requirement("ST-27")
    void aCloseWithoutQuitRemovesNothing() throws IOException {
        try (WireClient client = login()) {
            client.command("DELE 1", "+OK");
            client.send("QUIT"); // no CRLF: no command
        }
        assertThat(awaitEnd()).isIn(EndReason.CLOSED, EndReason.TRUNCATED);
        assertNothingHappened();
    }

    private void assertNothingHappened() throws IOException {
        assertThat(inbox().messages()).isEqualTo(4);
        assertThat(inbox().unseen()).isEqualTo(4);
        assertThat(inbox().deleted()).isZero();
        try (WireClient client = login()) { // the lock is free
            assertThat(multiLine(client, "RETR 1")).first().isEqualTo("Subject: one");
        }
    }

    /// RFC 1939 §3: not a word, for the client would take it for the answer to its next command.
    @Test
    void aSessionThatIsIdleForTooLongEndsWithoutAWord(@TempDir Path other) throws IOException {
        Duration brief = Duration.ofMillis(400);
        var limits = new SessionLimits(
                Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30), brief, Duration.ofSeconds(30));
        try (TestStack impatient = TestStack.start(
                        other,
                        limits,
                        (store, authenticator, mechanisms) ->
                                new Pop3Protocol(authenticator, mechanisms, store, Pop3Settings.DEFAULT));
                WireClient client = login(impatient)) {
            assertThat(client.readLine()).isNull();
        }
    }

    @Test
    void anAccountThatIsRevokedIsToldSoAndLosesNothing() throws IOException {
        try (WireClient client = login()) {
            client.command("DELE 1", "+OK");
            stack.store().accounts().setEnabled(alice(), false);
            assertThat(client.readLine()).startsWith("-ERR [AUTH]");
            assertThat(client.readLine()).isNull();
        }
        assertThat(inbox().messages()).isEqualTo(4);
    }

    /// As Dovecot does it: at QUIT, and not of what TOP showed.
    @Test
    void whatWasRetrievedIsSeenAfterQuit() throws IOException {
        try (WireClient client = login()) {
            multiLine(client, "TOP 1 1");
            multiLine(client, "RETR 2");
            multiLine(client, "RETR 3");
            client.command("DELE 3", "+OK");
            client.command("QUIT", "+OK");
        }
        try (OpenMailbox mailbox = open()) {
            int[] uids = mailbox.uids();
            var rows = new MessageRows(uids.length);
            mailbox.read(uids, 0, uids.length, rows);
            assertThat(rows.count).isEqualTo(3);
            assertThat(rows.flags).containsExactly(0, Flags.SEEN, 0);
        }
    }

    /// RFC 1939 §6.
    @Test
    void anUpdateThatFailsIsSaid() throws IOException {
        try (WireClient client = login()) {
            client.command("DELE 1", "+OK");
            stack.store().close();
            client.sendLine("QUIT");
            assertThat(client.readLine()).isEqualTo("-ERR [SYS/TEMP] Some deleted messages were not removed");
            assertThat(client.readLine()).isNull();
        }
    }

    @Test
    void everyKindOfMessageComesBackAsItIs() throws IOException {
        MailCorpus corpus = new MailCorpus(1939);
        List<byte[]> messages = new ArrayList<>();
        for (int index = 0; index < 60; index++) {
            messages.add(corpus.next().octets());
        }
        messages.add(corpus.ofSize(3 * 1024 * 1024).octets());
        for (byte[] message : messages) {
            Pop3TranscriptsTest.append(stack, new String(message, ISO_8859_1));
        }
        try (WireClient client = login()) {
            List<String> listed = multiLine(client, "LIST");
            for (int index = 0; index < messages.size(); index++) {
                int number = Pop3TranscriptsTest.MESSAGES.size() + index + 1;
                StringBuilder received = new StringBuilder();
                client.sendLine("RETR " + number);
                assertThat(client.readLine()).startsWith("+OK");
                for (String line = client.readLine(); !line.equals("."); line = client.readLine()) {
                    received.append(line.startsWith(".") ? line.substring(1) : line)
                            .append("\r\n");
                }
                String sent = new String(messages.get(index), ISO_8859_1);
                assertThat(received.toString()).isEqualTo(sent.endsWith("\r\n") ? sent : sent + "\r\n");
                assertThat(listed.get(number - 1)).isEqualTo(number + " " + received.length());
            }
            client.command("QUIT", "+OK");
        }
    }
}
