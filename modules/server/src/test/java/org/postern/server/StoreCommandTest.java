package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.WireClient;

/// What `postern store verify` and `store repair` tell people, beside a server and without one.
class StoreCommandTest {
    private static final String NEW_LINE = System.lineSeparator();

    @TempDir
    Path directory;

    private Path data() {
        return directory.resolve("data");
    }

    private CommandRun store(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "store";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandRun.on(data(), all);
    }

    private static void append(WireClient imap, String message) throws IOException {
        imap.send("a APPEND INBOX {" + message.length() + "+}\r\n" + message);
        imap.command("", "a OK");
    }

    /// Changes what is in a message's body on the disk.
    private void damage() throws IOException {
        Path segment = data().resolve("blobs/1-1.segment");
        String octets = Files.readString(segment, ISO_8859_1);
        assertThat(octets).contains("handle with care");
        Files.writeString(segment, octets.replace("handle with care", "handle with cure"), ISO_8859_1);
    }

    @Test
    void whatPeopleAreTold() throws Exception {
        try (var fixture = new ServerFixture(directory);
                WireClient imap = fixture.imap(ALICE)) {
            append(imap, "Subject: whole\r\n\r\nx\r\n");
            append(
                    imap,
                    String.join(
                            "\r\n",
                            "Subject: fragile",
                            "Message-ID: <f@example.test>",
                            "Date: Fri, 21 Nov 1997 09:55:06 -0600",
                            "",
                            "handle with care",
                            ""));
            CommandRun beside = store("verify", "--full-speed");
            assertThat(beside.code()).as(beside.out() + beside.err()).isZero();
            assertThat(beside.out())
                    .isEqualTo("2 accounts, 12 mailboxes, 2 messages; 2 message bodies read, 128 B" + NEW_LINE
                            + "nothing is wrong" + NEW_LINE);
            CommandRun quick = store("verify", "--quick");
            assertThat(quick.out()).contains("2 messages; 0 message bodies read, 0 B");
            CommandRun refused = store("repair");
            assertThat(refused.code()).isEqualTo(Main.FAILED);
            assertThat(refused.err()).contains("a server runs on " + data() + ": stop it first");
            damage();
            CommandRun found = store("verify");
            assertThat(found.code()).isEqualTo(Main.FAILED);
            assertThat(found.out())
                    .contains("DAMAGE MESSAGE_UNREADABLE: " + ALICE + ", mailbox INBOX, UID 2, segment 1-1 at ")
                    .contains("remedy: ")
                    .endsWith("SOMETHING IS WRONG: see above" + NEW_LINE);
        }
        CommandRun without = store("verify");
        assertThat(without.code()).isEqualTo(Main.FAILED);
        assertThat(without.out()).contains("DAMAGE MESSAGE_UNREADABLE: " + ALICE + ", mailbox INBOX, UID 2");

        CommandRun named = store("repair");
        assertThat(named.code()).isEqualTo(Main.FAILED);
        assertThat(named.out())
                .startsWith("the database as it was: " + data())
                .contains("LOST " + ALICE + ", mailbox INBOX, UID 2: ")
                .contains("subject fragile, Message-ID <f@example.test>")
                .contains("it stays where it is: restore it, or give it up with --expunge-unreadable")
                .endsWith("SOMETHING IS WRONG: see above" + NEW_LINE);
        CommandRun expunged = store("repair", "--expunge-unreadable");
        assertThat(expunged.code()).as(expunged.out()).isZero();
        assertThat(expunged.out())
                .contains("LOST " + ALICE + ", mailbox INBOX, UID 2: ")
                .contains("expunged; what is left of it is in ")
                .endsWith("nothing is wrong" + NEW_LINE);
        CommandRun clean = store("verify");
        assertThat(clean.code()).as(clean.out()).isZero();
        assertThat(clean.out()).contains("2 accounts, 12 mailboxes, 1 messages; ");
        try (var fixture = new ServerFixture(directory);
                WireClient imap = fixture.imap(ALICE)) {
            assertThat(imap.command("s STATUS INBOX (MESSAGES)", "s OK").getFirst())
                    .contains("MESSAGES 1");
        }
        assertThat(CommandRun.of(
                                "store",
                                "verify",
                                "--data",
                                directory.resolve("none").toString())
                        .err())
                .contains("is no directory");
    }
}
