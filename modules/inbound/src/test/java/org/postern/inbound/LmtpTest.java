package org.postern.inbound;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.stack.TestStack;
import org.postern.store.Accounts;
import org.postern.store.MailboxName;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.testkit.Requirement;
import org.postern.testkit.Transcript;
import org.postern.testkit.WireClient;

/// LMTP over the real thing: its dialogue by transcripts, and what reaches the mailboxes.
@SuppressWarnings("StringConcatToTextBlock") // the lines end in CRLF
@Requirement("RFC2033-4.2")
class LmtpTest {
    private static final Path TRANSCRIPTS =
            Path.of(System.getProperty("postern.root", "../.."), "modules/inbound/src/test/resources/transcripts");

    @TempDir
    Path directory;

    private TestStack stack() throws IOException {
        TestStack stack = TestStack.start(
                directory,
                (store, authenticator, mechanisms) ->
                        new LmtpProtocol(authenticator, mechanisms, store, LmtpSettings.of("mail.example.test")));
        stack.store().accounts().addAlias("team@example.test", TestStack.ALICE);
        stack.store().accounts().addAlias("team@example.test", TestStack.BOB);
        stack.store().accounts().addAlias("postmaster@example.test", TestStack.BOB);
        return stack;
    }

    static Stream<Arguments> bothWays() throws IOException {
        List<Transcript> transcripts = Transcript.all(TRANSCRIPTS);
        assertThat(transcripts).isNotEmpty();
        return transcripts.stream()
                .flatMap(transcript -> Stream.of(Arguments.of(transcript, false), Arguments.of(transcript, true)));
    }

    @ParameterizedTest(name = "{0}, octet by octet: {1}")
    @MethodSource("bothWays")
    void transcript(Transcript transcript, boolean octetByOctet) throws IOException {
        try (TestStack stack = stack()) {
            stack.transcripts(octetByOctet).run(transcript);
        }
    }

    private static List<String> inbox(TestStack stack, String address) throws IOException {
        var account = stack.store().accounts().account(address).orElseThrow().id();
        List<String> messages = new ArrayList<>();
        try (OpenMailbox mailbox = stack.store().mailboxes().open(account, MailboxName.INBOX, true, () -> {})) {
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

    private static WireClient greeted(TestStack stack) throws IOException {
        WireClient client = WireClient.plain(stack.startTls());
        client.readUntil("220 ");
        client.command("LHLO relay.example", "250 ");
        return client;
    }

    private static void begin(WireClient client, String... recipients) throws IOException {
        client.command("MAIL FROM:<sender@elsewhere.test>", "250 ");
        for (String recipient : recipients) {
            client.command("RCPT TO:<" + recipient + ">", "250 ");
        }
        client.command("DATA", "354 ");
    }

    @Test
    void oneMessageForSeveralIsDeliveredOnceToEachWithATraceOfItsOwn() throws IOException {
        try (TestStack stack = stack();
                WireClient client = greeted(stack)) {
            begin(client, TestStack.ALICE, "team@example.test", "bob+lists@example.test");
            client.send("Return-Path: <forged@elsewhere.test>\r\nDelivered-To: else@elsewhere.test\r\n"
                    + "From: x@elsewhere.test\r\nX: \u00e4\r\n\r\n..dot\r\n.\r\n");
            for (int recipient = 0; recipient < 3; recipient++) {
                assertThat(client.readLine()).startsWith("250 2.0.0 ");
            }
            String rest = "Received: from relay.example \\(\\[127.0.0.1]\\)\\s+by mail.example.test\\s+with LMTP\\s+"
                    + "id [^\r]+;\\s+[^\r]+\r\nFrom: x@elsewhere.test\r\nX: \u00e4\r\n\r\n\\.dot\r\n";
            assertThat(inbox(stack, TestStack.ALICE))
                    .singleElement()
                    .satisfies(message -> assertThat(message)
                            .matches("(?s)Return-Path: <sender@elsewhere.test>\r\nDelivered-To: alice@example.test\r\n"
                                    + rest));
            assertThat(inbox(stack, TestStack.BOB))
                    .singleElement()
                    .satisfies(message -> assertThat(message)
                            .matches("(?s)Return-Path: <sender@elsewhere.test>\r\nDelivered-To: bob@example.test\r\n"
                                    + rest));
        }
    }

    @Test
    void whoIsFullOrHadItBeforeDoesNotKeepItFromTheOthers() throws IOException {
        try (TestStack stack = stack();
                WireClient client = greeted(stack)) {
            var alice = stack.store().accounts().account(TestStack.ALICE).orElseThrow();
            stack.store()
                    .accounts()
                    .setQuota(alice.id(), new Accounts.Quota(OptionalLong.of(100), OptionalLong.empty()));
            begin(client, TestStack.ALICE, TestStack.BOB);
            client.send("Subject: long\r\n\r\n" + "x".repeat(100) + "\r\n.\r\n");
            assertThat(client.readLine()).startsWith("452 4.2.2 ");
            assertThat(client.readLine()).startsWith("250 2.0.0 ");
            stack.store()
                    .accounts()
                    .setQuota(alice.id(), new Accounts.Quota(OptionalLong.empty(), OptionalLong.empty()));
            begin(client, TestStack.BOB, TestStack.ALICE);
            client.send("Delivered-To: Bob@example.test\r\nSubject: again\r\n\r\nx\r\n.\r\n");
            assertThat(client.readLine()).startsWith("554 5.4.6 ");
            assertThat(client.readLine()).startsWith("250 2.0.0 ");
            begin(client, TestStack.BOB);
            client.send("Delivered-To: bob@example.test\r\n\r\nx\r\n.\r\n");
            assertThat(client.readLine()).startsWith("554 5.4.6 ");
            assertThat(inbox(stack, TestStack.BOB)).hasSize(1);
            assertThat(inbox(stack, TestStack.ALICE)).hasSize(1);
        }
    }

    @Test
    void aMessageThatIsRefusedIsRefusedForEach() throws IOException {
        try (TestStack stack = stack();
                WireClient client = greeted(stack)) {
            begin(client, TestStack.ALICE, TestStack.ALICE);
            client.send("Subject: smuggled\r\n\r\nx\n.\r\nMAIL FROM:<a@b.test>\r\n.\r\n");
            assertThat(client.readLine()).startsWith("554 5.6.0 ");
            assertThat(client.readLine()).startsWith("554 5.6.0 ");
            client.command("NOOP", "250 ");
            assertThat(inbox(stack, TestStack.ALICE)).isEmpty();
        }
    }
}
