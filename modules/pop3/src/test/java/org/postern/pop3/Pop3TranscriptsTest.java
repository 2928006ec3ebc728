package org.postern.pop3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.stack.TestStack;
import org.postern.store.InternalDate;
import org.postern.store.MailboxName;
import org.postern.store.Mailboxes;
import org.postern.store.MessageSpool;
import org.postern.testkit.Requirement;
import org.postern.testkit.Transcript;

/// Runs every transcript against the real thing: TLS, session layer, store; as it stands, and octet by
/// octet. Alice has four messages, Bob none.
@Requirement({"R8314-17", "R8314-58", "ST-5", "ST-7", "ST-8", "ST-12", "ST-13", "ST-17", "ST-19", "ST-24"})
class Pop3TranscriptsTest {
    static final Path TRANSCRIPTS =
            Path.of(System.getProperty("postern.root", "../.."), "modules/pop3/src/test/resources/transcripts");

    /// In the order of their numbers.
    static final List<String> MESSAGES = List.of(
            "Subject: one\r\n\r\nfirst line\r\n.dot line\r\n..\r\nlast\r\n",
            "Subject: two\r\n\r\nno end",
            "Subject: three\n\nbare\n.\nSubject: smuggled\n",
            "Subject: four\r\n");

    static List<Transcript> all() throws IOException {
        List<Transcript> transcripts = new ArrayList<>(Transcript.all(TRANSCRIPTS));
        transcripts.addAll(Transcript.all(TRANSCRIPTS.resolve("no-certificate")));
        assertThat(transcripts).hasSizeGreaterThan(10);
        return transcripts;
    }

    static Stream<Arguments> bothWays() throws IOException {
        return all().stream()
                .flatMap(transcript -> Stream.of(Arguments.of(transcript, false), Arguments.of(transcript, true)));
    }

    @ParameterizedTest(name = "{0}, octet by octet: {1}")
    @MethodSource("bothWays")
    void transcript(Transcript transcript, boolean octetByOctet, @TempDir Path directory) throws IOException {
        try (TestStack stack = pop3(directory)) {
            if (transcript.file().getParent().endsWith("no-certificate")) {
                stack.withoutCertificate();
            }
            stack.transcripts(octetByOctet).run(transcript);
        }
    }

    static TestStack pop3(Path directory) throws IOException {
        TestStack stack = TestStack.start(
                directory,
                (store, authenticator, mechanisms) ->
                        new Pop3Protocol(authenticator, mechanisms, store, Pop3Settings.DEFAULT));
        for (String message : MESSAGES) {
            append(stack, message);
        }
        return stack;
    }

    /// To Alice's INBOX.
    static void append(TestStack stack, String message) throws IOException {
        byte[] octets = message.getBytes(ISO_8859_1);
        try (MessageSpool spool = stack.store().newSpool()) {
            spool.write(octets, 0, octets.length);
            stack.store()
                    .mailboxes()
                    .append(
                            stack.store()
                                    .accounts()
                                    .account(TestStack.ALICE)
                                    .orElseThrow()
                                    .id(),
                            MailboxName.INBOX,
                            List.of(new Mailboxes.Appended(spool, 0, Set.of(), new InternalDate(0, 0))));
        }
    }
}
