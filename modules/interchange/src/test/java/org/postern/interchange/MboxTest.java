package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.store.InternalDate;
import org.postern.store.MailboxName;
import org.postern.testkit.MailCorpus;

class MboxTest {
    private static final String FROM = "From alice@example.org Thu Nov 26 13:00:05 2026\n";

    @TempDir
    private Path directory;

    private List<String> messages(String mbox) throws IOException {
        Path file = Files.write(directory.resolve("box"), mbox.getBytes(ISO_8859_1));
        List<String> messages = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file)) {
            var reader = new MboxReader(channel);
            for (var found = reader.next(); found != null; found = reader.next()) {
                try (InputStream in = reader.open(found)) {
                    messages.add(new String(in.readAllBytes(), ISO_8859_1).replace("\r\n", "\n"));
                }
            }
        }
        return messages;
    }

    @Test
    void messagesEndBeforeFromLines() throws IOException {
        assertThat(messages("")).isEmpty();
        assertThat(messages("\n\n")).isEmpty();
        assertThat(messages(FROM + "A: 1\n\na\n\n" + FROM + "B: 1\n\nb\n\n"))
                .containsExactly("A: 1\n\na\n", "B: 1\n\nb\n");
        assertThat(messages(FROM + "A: 1\n\na\n\n\n" + FROM + "B: 1\n")).containsExactly("A: 1\n\na\n\n", "B: 1\n");
        assertThat(messages(FROM + "A: 1\n\n\n" + FROM + "B: 1\n\nno end"))
                .containsExactly("A: 1\n\n", "B: 1\n\nno end");
        assertThat(messages((FROM + "A: 1\n\na\n\n" + FROM + "B: 1\n\nb\n\n").replace("\n", "\r\n")))
                .containsExactly("A: 1\n\na\n", "B: 1\n\nb\n");
        // no empty line before it, or no date in it, as the first one has
        assertThat(messages(FROM + "A: 1\n\na\n" + FROM + "\nFrom here on\n")).hasSize(1);
        assertThat(messages("From a\nA: 1\n\na\n\nFrom b\nB: 1\n")).containsExactly("A: 1\n\na\n", "B: 1\n");
    }

    @Test
    void quotedFromLinesAreUnquoted() throws IOException {
        assertThat(messages(FROM + "A: 1\n\n>From a\n>>From b\n>Fro\n> From\n>>>\nx>From c\n>From \n"))
                .containsExactly("A: 1\n\nFrom a\n>From b\n>Fro\n> From\n>>>\nx>From c\nFrom \n");
        String marks = ">".repeat(200_000);
        assertThat(messages(FROM + "A: 1\n\n" + marks + "From a\n" + marks))
                .containsExactly("A: 1\n\n" + marks.substring(1) + "From a\n" + marks);
    }

    @Test
    void aLengthThatIsRightDivides() throws IOException {
        String body = "a\n\n" + FROM + ">From b\n";
        assertThat(messages(
                        FROM + "Content-Length: " + body.length() + "\nA: 1\n\n" + body + "\n" + FROM + "B: 1\n\nb\n"))
                .containsExactly("A: 1\n\n" + body, "B: 1\n\nb\n");
        assertThat(messages(FROM + "A: 1\nContent-Length: 3\n\nabcdef\n\n" + FROM + "B: 1\n\nb\n"))
                .containsExactly("A: 1\nContent-Length: 3\n\nabcdef\n", "B: 1\n\nb\n");
        assertThat(messages(FROM + "A: 1\nContent-Length: 99999\n\na\n")).hasSize(1);
    }

    @Test
    void datesOfFromLines() {
        assertThat(FromLine.date("From a Thu Nov 26 13:00:05 2026")).contains(new InternalDate(1_795_698_005_000L, 0));
        assertThat(FromLine.date("From a Thu Nov 26 13:00:05 2026 +0100"))
                .contains(new InternalDate(1_795_694_405_000L, 60));
        assertThat(FromLine.date("From a Thu Nov 26 13:00:05 +0100 2026"))
                .contains(new InternalDate(1_795_694_405_000L, 60));
        assertThat(FromLine.date("From a  Thu Nov  6 13:00 CET 2025")).isPresent();
        assertThat(FromLine.date("From here on")).isEmpty();
        assertThat(FromLine.date("From a Thu Feb 31 13:00:05 2026")).isEmpty();
        assertThat(FromLine.date("From a Thu Feb 21 33:00:05 2026")).isEmpty();
    }

    @Test
    void aFileIsImportedOnceWithItsFlags() throws IOException {
        String mbox = FROM + "Status: RO\nX-Status: AF\nX-Keywords: later\n more\nA: 1\n\nsame\n\n"
                + FROM + "X-Mozilla-Status: 1005\nA: 2\n\nb\n\n"
                + FROM + "A: 1\n\nsame\n\n";
        Path file = Files.write(directory.resolve("mbox"), mbox.getBytes(ISO_8859_1));
        try (var transfer = new Transfer(directory.resolve("data"))) {
            assertThat(transfer.run(new MboxSource(file, MailboxName.of("Old"))).imported())
                    .isEqualTo(3);
            List<Transfer.Stored> old = transfer.messages("Old");
            assertThat(old)
                    .extracting(Transfer.Stored::text)
                    .containsExactly("A: 1\r\n\r\nsame\r\n", "A: 2\r\n\r\nb\r\n", "A: 1\r\n\r\nsame\r\n");
            assertThat(old)
                    .extracting(message -> String.join(" ", message.flags()))
                    .containsExactly("\\Answered \\Flagged \\Seen later", "$Forwarded \\Flagged \\Seen", "");
            assertThat(old).allSatisfy(message -> assertThat(message.seconds()).isEqualTo(1_795_698_005L));
            // its program has read a message since, and one more has come
            String later = mbox.replace("X-Mozilla-Status: 1005", "X-Mozilla-Status: 1007") + FROM + "A: 1\n\nsame\n";
            Files.write(file, later.getBytes(ISO_8859_1));
            ImportSender.Summary again = transfer.run(new MboxSource(file, MailboxName.of("Old")));
            assertThat(again.imported()).isEqualTo(1);
            assertThat(again.known()).isEqualTo(3);
        }
    }

    @Test
    void whatIsNoMboxIsNamed() throws IOException {
        try (var transfer = new Transfer(directory.resolve("data"))) {
            for (String broken : List.of("\0\u0001binary", "Subject: a message\n\nx\n", "From a\rA: 1\r\ra\r")) {
                Path file = Files.write(directory.resolve("broken"), broken.getBytes(ISO_8859_1));
                assertThat(transfer.run(new MboxSource(file, MailboxName.of("Broken")))
                                .failed())
                        .isEqualTo(1);
                assertThat(transfer.warnings.removeFirst()).contains("broken: ");
            }
            assertThat(transfer.mailboxes()).doesNotContain("Broken");
        }
    }

    @Test
    void everyKindOfMessageComesAsItWas() throws IOException {
        var corpus = new MailCorpus(20_260_303);
        var mbox = new StringBuilder();
        List<String> expected = new ArrayList<>();
        for (int index = 0; index < 300; index++) {
            String text = new String(corpus.next().octets(), ISO_8859_1).replace("\r\n", "\n");
            expected.add(text.endsWith("\n") ? text : text + "\n"); // an mbox cannot tell them apart
            mbox.append(FROM)
                    .append(expected.getLast().replaceAll("(?m)^(>*From )", ">$1"))
                    .append('\n');
        }
        assertThat(messages(mbox.toString())).isEqualTo(expected);
    }
}
