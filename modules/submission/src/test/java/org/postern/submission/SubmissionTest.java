package org.postern.submission;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.stack.TestStack;
import org.postern.store.Accounts;
import org.postern.store.Flags;
import org.postern.store.MailboxName;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.testkit.Requirement;
import org.postern.testkit.WireClient;

/// What becomes of a submitted message: read back from the mailboxes that it reached.
@SuppressWarnings("StringConcatToTextBlock") // the lines end in CRLF
class SubmissionTest {
    @TempDir
    Path directory;

    private static WireClient loggedIn(TestStack stack) throws IOException {
        WireClient client = stack.client();
        client.readUntil("220 ");
        client.command("EHLO laptop.example", "250 ");
        String response = Base64.getEncoder()
                .encodeToString(("\0" + TestStack.ALICE + "\0" + TestStack.PASSWORD).getBytes(ISO_8859_1));
        client.command("AUTH PLAIN " + response, "235 ");
        return client;
    }

    private static String submit(WireClient client, String message, String... recipients) throws IOException {
        client.command("MAIL FROM:<" + TestStack.ALICE + ">", "250 ");
        for (String recipient : recipients) {
            client.command("RCPT TO:<" + recipient + ">", "250 ");
        }
        client.command("DATA", "354 ");
        client.send(message + ".\r\n");
        return client.readLine();
    }

    private static List<String> inbox(TestStack stack, String address) throws IOException {
        return messages(
                stack, stack.store().accounts().account(address).orElseThrow().id(), MailboxName.INBOX);
    }

    private static List<String> messages(TestStack stack, AccountId account, MailboxName name) throws IOException {
        List<String> messages = new ArrayList<>();
        try (OpenMailbox mailbox = stack.store().mailboxes().open(account, name, true, () -> {})) {
            for (int uid : mailbox.uids()) {
                var rows = new MessageRows(1);
                mailbox.read(new int[] {uid}, 0, 1, rows);
                MessageContent content = mailbox.content(rows.message[0]);
                try (InputStream octets = content.open(0, content.size())) {
                    messages.add(new String(octets.readAllBytes(), ISO_8859_1));
                }
            }
        }
        return messages;
    }

    @Test
    @Requirement({"R8314-26", "R8314-27", "R8314-29", "R8314-30", "N-1"})
    void theTraceComesOnTopAndSecretsGo() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            String answer = submit(
                    client,
                    "Return-Path: <forged@example.test>\r\n"
                            + "From: Alice <alice@example.test>\r\n"
                            + "Bcc: hidden@example.test,\r\n\tmore@example.test\r\n"
                            + "X-Odd:   spaces  stay \r\n"
                            + "Resent-Bcc: hidden@example.test\r\n"
                            + "Subject: \u00e4\u00f6 as it came\r\n"
                            + "\r\n"
                            + "..dot\r\nBcc: in the body stays\r\n\u00ff\r\n",
                    TestStack.BOB);
            assertThat(answer).startsWith("250 2.0.0 ");

            String message = inbox(stack, TestStack.BOB).getFirst();
            assertThat(message)
                    .matches("(?s)Return-Path: <alice@example.test>\r\n"
                            + "Delivered-To: bob@example.test\r\n"
                            + "Received: from client.invalid\\s+by mail.example.test\\s+with ESMTPSA\\s+id \\S+"
                            + "\\s+for <bob@example.test>\\s+tls TLS_[A-Z0-9_]+\\s+group [a-z0-9]+;\\s+[^\r]*\r\n"
                            + "From: Alice <alice@example.test>\r\n"
                            + "X-Odd:   spaces  stay \r\n"
                            + "Subject: \u00e4\u00f6 as it came\r\n"
                            + "Date: [^\r]+ \\+0000\r\n"
                            + "Message-ID: <[0-9a-f]{32}@example.test>\r\n"
                            + "\r\n"
                            + "\\.dot\r\nBcc: in the body stays\r\n\u00ff\r\n");
            assertThat(message).doesNotContain("hidden", "laptop.example", "127.0.0.1");
        }
    }

    @Test
    void allRecipientsOrNone() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            stack.store().accounts().addAlias("both@example.test", TestStack.ALICE);
            stack.store().accounts().addAlias("both@example.test", TestStack.BOB);
            String message = "From: alice@example.test\r\nDate: Mon, 23 Nov 2026 00:00:00 +0000\r\n\r\nx\r\n";
            // once each, however many ways lead there
            assertThat(submit(client, message, "both@example.test", "bob+list@example.test", TestStack.BOB))
                    .startsWith("250 ");
            assertThat(inbox(stack, TestStack.ALICE)).hasSize(1);
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);
            assertThat(inbox(stack, TestStack.BOB).getFirst())
                    .as("no recipient learns of another")
                    .doesNotContain("for <");

            // one is disabled between RCPT and the end of DATA
            client.command("MAIL FROM:<" + TestStack.ALICE + ">", "250 ");
            client.command("RCPT TO:<" + TestStack.ALICE + ">", "250 ");
            client.command("RCPT TO:<" + TestStack.BOB + ">", "250 ");
            var bob = stack.store()
                    .accounts()
                    .account(TestStack.BOB)
                    .orElseThrow()
                    .id();
            stack.store().accounts().removeAccount(bob);
            client.command("DATA", "354 ");
            client.send(message + ".\r\n");
            assertThat(client.readLine()).matches("[45]\\d\\d .*");
            assertThat(inbox(stack, TestStack.ALICE)).hasSize(1);
        }
    }

    @Test
    @Requirement("ST-27")
    void aMessageThatIsCutOffIsNoMessage() throws Exception {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory)) {
            WireClient client = loggedIn(stack);
            client.command("MAIL FROM:<" + TestStack.ALICE + ">", "250 ");
            client.command("RCPT TO:<" + TestStack.BOB + ">", "250 ");
            client.command("DATA", "354 ");
            client.send("From: alice@example.test\r\n\r\nthe first half\r\n");
            client.abort();
            while (stack.records().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(inbox(stack, TestStack.BOB)).isEmpty();
            try (var left = java.nio.file.Files.list(directory.resolve("spool"))) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void sizesAreBounded() throws IOException {
        try (TestStack stack = TestStack.start(
                        directory,
                        (store, authenticator, mechanisms) -> new SubmissionProtocol(
                                authenticator,
                                mechanisms,
                                store,
                                new SubmissionSettings("mail.example.test", 100_000, 100, 3, true)));
                WireClient client = loggedIn(stack)) {
            String header = "From: alice@example.test\r\n\r\n";
            String line = "x".repeat(998) + "\r\n";
            assertThat(submit(client, header + line.repeat(90), TestStack.BOB)).startsWith("250 ");
            assertThat(submit(client, header + line.repeat(110), TestStack.BOB)).startsWith("552 5.3.4 ");
            assertThat(client.command("NOOP", "250")).hasSize(1);
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);

            client.command("MAIL FROM:<" + TestStack.ALICE + ">", "250 ");
            for (int count = 0; count < 100; count++) {
                client.command("RCPT TO:<bob+" + count + "@example.test>", "250 ");
            }
            assertThat(client.command("RCPT TO:<bob+100@example.test>", "452 4.5.3"))
                    .hasSize(1);
        }
    }

    @Test
    void aRevokedAccountSendsNothingMore() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            client.command("MAIL FROM:<" + TestStack.ALICE + ">", "250 ");
            client.command("RCPT TO:<" + TestStack.BOB + ">", "250 ");
            var alice = stack.store()
                    .accounts()
                    .account(TestStack.ALICE)
                    .orElseThrow()
                    .id();
            stack.store().accounts().setPassword(alice, "$argon2id$none", Optional.empty());
            client.sendLine("DATA");
            assertThat(client.readLine()).startsWith("421 4.7.0 mail.example.test");
            assertThat(client.readLine()).isNull();
            assertThat(inbox(stack, TestStack.BOB)).isEmpty();
        }
    }

    private static List<String> mailbox(TestStack stack, String address, String name) throws IOException {
        var account = stack.store().accounts().account(address).orElseThrow().id();
        return messages(stack, account, new MailboxName(name));
    }

    /// RFC 3461 §5.2.3, RFC 3464.
    @Test
    @Requirement("RFC3461-5.2.3")
    void whoAsksIsToldOfTheDelivery() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            stack.store().accounts().addAlias("both@example.test", TestStack.ALICE);
            stack.store().accounts().addAlias("both@example.test", TestStack.BOB);
            client.command("MAIL FROM:<alice+x@example.test> ENVID=mine+2B1 RET=FULL", "250 ");
            client.command("RCPT TO:<bob@example.test> NOTIFY=SUCCESS ORCPT=rfc822;Bob+40example.test", "250 ");
            client.command("RCPT TO:<both@example.test> NOTIFY=SUCCESS,FAILURE", "250 ");
            client.command("RCPT TO:<bob+quiet@example.test> NOTIFY=FAILURE", "250 ");
            client.command("RCPT TO:<bob+never@example.test> NOTIFY=NEVER", "250 ");
            client.command("RCPT TO:<bob+default@example.test>", "250 ");
            client.command("DATA", "354 ");
            client.send(
                    "From: alice@example.test\r\nSubject: \u00fc\r\nBcc: secret@example.test\r\n\r\nthe body\r\n.\r\n");
            assertThat(client.readLine()).startsWith("250 ");

            List<String> arrived = inbox(stack, TestStack.ALICE); // the message by the alias, and the report
            assertThat(arrived).hasSize(2);
            String report = arrived.stream()
                    .filter(message -> message.contains("multipart/report"))
                    .findFirst()
                    .orElseThrow();
            assertThat(report)
                    .startsWith("Return-Path: <>\r\nDelivered-To: alice@example.test\r\n")
                    .contains("To: <alice+x@example.test>\r\n")
                    .contains("Auto-Submitted: auto-replied\r\n")
                    .contains("report-type=delivery-status")
                    .contains("Content-Type: message/delivery-status\r\n\r\n"
                            + "Original-Envelope-Id: mine+1\r\nReporting-MTA: dns; mail.example.test\r\nArrival-Date: ")
                    .contains(
                            "\r\n\r\nOriginal-Recipient: rfc822;Bob@example.test\r\n"
                                    + "Final-Recipient: rfc822;bob@example.test\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
                                    + "Final-Recipient: rfc822;both@example.test\r\nAction: expanded\r\nStatus: 2.0.0\r\n\r\n--")
                    .contains("Content-Type: message/global-headers\r\n", "Subject: \u00fc\r\n")
                    .doesNotContain("the body", "secret@", "bob+");
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);
        }
    }

    /// A report is never answered with a report: its sender is `<>`.
    @Test
    @Requirement("RFC3461-5.2")
    void nobodyIsToldWhereNobodyIsTheSender() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            client.command("MAIL FROM:<>", "250 ");
            client.command("RCPT TO:<bob@example.test> NOTIFY=SUCCESS", "250 ");
            client.command("DATA", "354 ");
            client.send("From: alice@example.test\r\n\r\nx\r\n.\r\n");
            assertThat(client.readLine()).startsWith("250 ");
            assertThat(inbox(stack, TestStack.ALICE)).isEmpty();
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);
        }
    }

    @Test
    void aReportThatDoesNotFitDoesNotKeepTheMessage() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            var alice = stack.store()
                    .accounts()
                    .account(TestStack.ALICE)
                    .orElseThrow()
                    .id();
            stack.store().accounts().setSentCopy(alice, true);
            stack.store().accounts().setQuota(alice, new Accounts.Quota(OptionalLong.of(100), OptionalLong.empty()));
            client.command("MAIL FROM:<alice@example.test>", "250 ");
            client.command("RCPT TO:<bob@example.test> NOTIFY=SUCCESS", "250 ");
            client.command("DATA", "354 ");
            client.send("From: alice@example.test\r\n\r\nx\r\n.\r\n");
            assertThat(client.readLine()).startsWith("250 ");
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);
            assertThat(inbox(stack, TestStack.ALICE)).isEmpty();
            assertThat(mailbox(stack, TestStack.ALICE, "Sent")).isEmpty();
            assertThat(stack.store()
                            .accounts()
                            .account(TestStack.ALICE)
                            .orElseThrow()
                            .usedMessages())
                    .isZero();
        }
    }

    @Test
    void aCopyGoesToSentOnRequest() throws IOException {
        try (TestStack stack = SubmissionTranscriptsTest.submission(directory);
                WireClient client = loggedIn(stack)) {
            String message = "From: alice@example.test\r\nSubject: one\r\nBcc: bob@example.test\r\n\r\nx\r\n";
            assertThat(submit(client, message, TestStack.BOB)).startsWith("250 ");
            assertThat(mailbox(stack, TestStack.ALICE, "Sent")).isEmpty();
            var alice = stack.store()
                    .accounts()
                    .account(TestStack.ALICE)
                    .orElseThrow()
                    .id();
            stack.store().accounts().setSentCopy(alice, true);
            // it follows the special use, not the name
            stack.store().mailboxes().rename(alice, new MailboxName("Sent"), new MailboxName("Gone out"));
            assertThat(submit(client, message, TestStack.BOB, TestStack.ALICE)).startsWith("250 ");
            List<String> copies = mailbox(stack, TestStack.ALICE, "Gone out");
            assertThat(copies).hasSize(1);
            assertThat(copies.getFirst())
                    .startsWith("Bcc: bob@example.test\r\nReceived: ")
                    .contains("Message-ID: <")
                    .doesNotContain("Return-Path", "Delivered-To");
            String received = inbox(stack, TestStack.BOB).getLast();
            assertThat(received).doesNotContain("Bcc");
            assertThat(copies.getFirst()).endsWith(received.substring(received.indexOf("Received: ")));
            try (OpenMailbox sent =
                    stack.store().mailboxes().open(alice, new MailboxName("Gone out"), true, () -> {})) {
                var rows = new MessageRows(1);
                sent.read(sent.uids(), 0, 1, rows);
                assertThat(rows.flags[0]).isEqualTo(Flags.SEEN);
                assertThat(new String(sent.content(rows.message[0]).extract().envelope(), ISO_8859_1))
                        .contains("((NIL NIL \"bob\" \"example.test\"))");
            }
            // without such a mailbox one is made; and it can be turned off again
            stack.store().mailboxes().delete(alice, new MailboxName("Gone out"));
            assertThat(submit(client, message, TestStack.BOB)).startsWith("250 ");
            assertThat(mailbox(stack, TestStack.ALICE, "Sent")).hasSize(1);
            stack.store().accounts().setSentCopy(alice, false);
            assertThat(submit(client, message, TestStack.BOB)).startsWith("250 ");
            assertThat(mailbox(stack, TestStack.ALICE, "Sent")).hasSize(1);
            assertThat(inbox(stack, TestStack.ALICE)).hasSize(1);
        }
    }
}
