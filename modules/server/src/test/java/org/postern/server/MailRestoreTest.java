package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.store.MailboxName;
import org.postern.store.MailboxStatus;
import org.postern.store.OpenMailbox;
import org.postern.store.Store;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.WireClient;

/// `postern restore … --account`, into a server that runs: what its clients see before and after.
class MailRestoreTest {
    private static final List<String> FOLDERS = List.of("INBOX", "Work", "Work/2026", "&ZeVnLIqe-");

    @TempDir
    Path directory;

    private ServerFixture fixture;

    @BeforeEach
    void start() throws IOException {
        fixture = new ServerFixture(directory);
        var corpus = new MailCorpus(11);
        try (WireClient imap = fixture.imap(ALICE)) {
            for (String folder : FOLDERS) {
                if (!folder.equals("INBOX")) {
                    imap.command("c CREATE \"" + folder + "\"", "c OK");
                    imap.command("c SUBSCRIBE \"" + folder + "\"", "c OK");
                }
                for (int index = 0; index < 7; index++) {
                    append(imap, folder, corpus.next().octets());
                }
                imap.command("s SELECT \"" + folder + "\"", "s OK");
                imap.command("f STORE 1:3 +FLAGS (\\Seen $Important later)", "f OK");
                imap.command("f STORE 2,7 +FLAGS (\\Deleted)", "f OK");
                imap.command("e EXPUNGE", "e OK");
                imap.command("f STORE 4 +FLAGS (\\Flagged)", "f OK");
            }
        }
    }

    @AfterEach
    void stop() {
        fixture.close();
    }

    private static void append(WireClient imap, String folder, byte[] octets) throws IOException {
        imap.send(
                "a APPEND \"" + folder + "\" (\\Answered) \"03-Mar-2021 04:05:06 -0330\" {" + octets.length + "+}\r\n");
        imap.send(octets);
        imap.command("", "a OK");
    }

    private CommandRun run(String... arguments) {
        return CommandRun.on(directory.resolve("data"), arguments);
    }

    private void backup() {
        CommandRun run = run("backup", directory.resolve("backup").toString(), "--rate", "500M");
        assertThat(run.code()).as(run.err()).isZero();
    }

    private CommandRun restore(String... options) {
        List<String> arguments =
                new ArrayList<>(List.of("restore", directory.resolve("backup").toString(), "--account", ALICE));
        arguments.addAll(Arrays.asList(options));
        return run(arguments.toArray(String[]::new));
    }

    /// UIDVALIDITY and UIDNEXT of each folder, and of each message UID, flags, date and octets.
    private Map<String, List<String>> seen(List<String> folders) throws IOException {
        Map<String, List<String>> seen = new TreeMap<>();
        try (WireClient imap = fixture.imap(ALICE)) {
            List<String> subscribed = imap.command("l LSUB \"\" *", "l OK");
            for (String folder : folders) {
                List<String> lines = new ArrayList<>();
                for (String line : imap.command("s EXAMINE \"" + folder + "\"", "s OK")) {
                    if (line.contains("UIDVALIDITY") || line.contains("UIDNEXT") || line.contains(" EXISTS")) {
                        lines.add(line);
                    }
                }
                lines.addAll(imap.command("f UID FETCH 1:* (FLAGS INTERNALDATE ENVELOPE BODY.PEEK[])", "f OK"));
                subscribed.stream()
                        .filter(line -> line.endsWith(" " + folder) || line.endsWith("\"" + folder + "\""))
                        .forEach(lines::add);
                seen.put(folder, lines);
            }
        }
        return seen;
    }

    private Store store() {
        return fixture.server.store();
    }

    private AccountId alice() {
        return store().accounts().account(ALICE).orElseThrow().id();
    }

    private MailboxStatus work() {
        return store().mailboxes().status(alice(), MailboxName.of("Work"));
    }

    private static long number(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.contains(name + " "))
                .map(line -> Long.parseLong(line.replaceAll(".*" + name + " (\\d+).*", "$1")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aDeletedFolderComesBackAsClientsKnewIt() throws Exception {
        List<String> gone = List.of("Work", "Work/2026");
        Map<String, List<String>> before = seen(gone);
        backup();
        try (WireClient imap = fixture.imap(ALICE)) {
            long modSeq = work().highestModSeq();
            imap.command("d DELETE Work/2026", "d OK");
            imap.command("d DELETE Work", "d OK");

            CommandRun trial = restore("--mailbox", "Work", "--dry-run");
            assertThat(trial.code()).as(trial.err()).isZero();
            assertThat(trial.out()).startsWith("""
                    MAILBOX    MESSAGES  SIZE""").contains("as they were", "would restore 10 messages, ");
            imap.command("s STATUS Work (MESSAGES)", "s NO");

            CommandRun run = restore("--mailbox", "Work");
            assertThat(run.code()).as(run.err() + run.out()).isZero();
            assertThat(run.out()).contains("\nrestored 10 messages, ").doesNotContain("left alone");
            assertThat(seen(gone)).isEqualTo(before);
            // a client that knows the last change of before learns of every message
            try (OpenMailbox work = store().mailboxes().open(alice(), MailboxName.of("Work"), true, () -> {})) {
                assertThat(work.changedSince(modSeq)).isEqualTo(work.uids()).hasSize(5);
            }
        }
        CommandRun again = restore("--mailbox", "Work", "--json");
        assertThat(again.code()).isZero();
        assertThat(again.json().get("restored").asInt()).isZero();
        assertThat(again.json().get("mailboxes").get(0).get("leftAlone").stringValue())
                .isEqualTo("it is there");
        assertThat(seen(gone)).isEqualTo(before);
        assertThat(run("store", "verify").code()).isZero();
    }

    @Test
    void besideWhatIsThereAndIntoIt() throws Exception {
        Map<String, List<String>> before = seen(List.of("Work"));
        backup();
        try (WireClient imap = fixture.imap(ALICE)) {
            imap.command("s SELECT Work", "s OK");
            imap.command("f STORE 1:2 +FLAGS (\\Deleted)", "f OK");
            imap.command("e EXPUNGE", "e OK");
            append(imap, "Work", "Subject: since\r\n\r\nx\r\n".getBytes(ISO_8859_1));

            CommandRun copy = restore("--mailbox", "Work", "--as", "As it was");
            assertThat(copy.code()).as(copy.err() + copy.out()).isZero();
            assertThat(copy.out()).contains("As it was       ").contains("it is a copy");
            assertThat(imap.command("s STATUS \"As it was/2026\" (MESSAGES)", "s OK")
                            .getFirst())
                    .contains("MESSAGES 5");
            CommandRun alone = restore("--mailbox", "Work");
            assertThat(alone.out()).contains("left alone: it is there", "--merge adds");
            CommandRun merged = restore("--mailbox", "Work", "--merge");
            assertThat(merged.code()).as(merged.err() + merged.out()).isZero();
            assertThat(merged.out()).contains("restored 2 messages");
            assertThat(imap.command("s STATUS Work (MESSAGES)", "s OK").getFirst())
                    .contains("MESSAGES 6");
            assertThat(restore("--mailbox", "Work", "--merge").out()).contains("restored 0 messages");
            assertThat(number(seen(List.of("Work")).get("Work"), "UIDVALIDITY"))
                    .isEqualTo(number(before.get("Work"), "UIDVALIDITY"));
        }
    }

    @Test
    void aRemovedAccountComesBackAndMbsyncDownloadsNothing() throws Exception {
        Mbsync mbsync = new Mbsync(directory.resolve("home"));
        run("alias", "add", "office@example.test", ALICE);
        run("quota", "set", ALICE, "--messages", "500");
        mbsync.sync(fixture);
        Map<String, Long> synced = mbsync.files();
        assertThat(synced).hasSize(FOLDERS.size() * 5);
        Map<String, List<String>> before = seen(FOLDERS);
        backup();
        run("alias", "remove", "office@example.test", ALICE);
        assertThat(run("account", "remove", ALICE).code()).isZero();

        CommandRun trial = restore("--dry-run");
        assertThat(trial.out()).as(trial.err()).contains("would make the account again");
        assertThat(run("account", "list").out()).doesNotContain(ALICE);
        CommandRun run = restore();
        assertThat(run.code()).as(run.err() + run.out()).isZero();
        assertThat(run.out()).contains("made the account again").doesNotContain("left alone");
        assertThat(seen(FOLDERS)).isEqualTo(before); // with the password of before
        assertThat(run("quota", "show", ALICE).out()).contains("500 messages (its own)");
        assertThat(run("alias", "list").out()).contains("office@example.test");
        mbsync.sync(fixture);
        assertThat(mbsync.files()).isEqualTo(synced);
        assertThat(run("store", "verify").code()).isZero();
    }

    @Test
    void mbsyncDownloadsNothingAfterAFolderWasLost() throws Exception {
        Mbsync mbsync = new Mbsync(directory.resolve("home"));
        mbsync.sync(fixture);
        Map<String, Long> synced = mbsync.files();
        backup();
        try (WireClient imap = fixture.imap(ALICE)) {
            imap.command("d DELETE \"&ZeVnLIqe-\"", "d OK");
        }
        assertThat(restore().code()).isZero(); // all that is gone
        mbsync.sync(fixture);
        assertThat(mbsync.files()).isEqualTo(synced);
    }

    @Test
    void quotasAndRefusalsSayWhatToDo() throws Exception {
        backup();
        String time = Instant.now().toString();
        try (WireClient imap = fixture.imap(ALICE)) {
            imap.command("d DELETE Work/2026", "d OK");
        }
        run("quota", "set", ALICE, "--messages", "3");
        CommandRun full = restore("--mailbox", "Work/2026");
        assertThat(full.code()).isEqualTo(Main.FAILED);
        assertThat(full.out()).contains("STOPPED: the account's quota is used up");
        CommandRun run = restore("--mailbox", "Work/2026", "--ignore-quota", "--at", time);
        assertThat(run.code()).as(run.err() + run.out()).isZero();
        assertThat(run.out()).contains("restored 5 messages");

        assertThat(restore("--mailbox", "None")).satisfies(none -> {
            assertThat(none.code()).isEqualTo(Main.FAILED);
            assertThat(none.out()).contains("has no mailbox None of " + ALICE);
        });
        assertThat(run("restore", directory.resolve("backup").toString(), "--account", "nobody@example.test")
                        .err())
                .contains("has no account nobody@example.test");
        assertThat(restore("--exact").code()).isEqualTo(Main.USAGE);
        assertThat(restore("--as", "a//b").err()).contains("--as: not a mailbox name");
        assertThat(run("restore", directory.resolve("backup").toString()).err()).contains("either DIR");
        assertThat(CommandRun.of("restore", directory.resolve("backup").toString(), "x", "--merge")
                        .err())
                .contains("go with --account");
    }

    @Test
    void damageInTheBackupIsNamedAndTheRestComesBack() throws Exception {
        try (WireClient imap = fixture.imap(ALICE)) {
            append(imap, "Work", "Subject: fragile\r\n\r\nhandle with care\r\n".getBytes(ISO_8859_1));
            backup();
            imap.command("d DELETE Work", "d OK");
        }
        try (var files = Files.list(directory.resolve("backup/segments"))) {
            Path segment = files.findFirst().orElseThrow();
            String octets = Files.readString(segment, ISO_8859_1);
            assertThat(octets).contains("handle with care");
            Files.writeString(segment, octets.replace("handle with care", "handle with cure"), ISO_8859_1);
        }
        CommandRun run = restore("--mailbox", "Work");
        assertThat(run.code()).isEqualTo(Main.FAILED);
        assertThat(run.err()).contains("mailbox Work of the backup, UID 8: ");
        assertThat(run.out()).contains("restored 5 messages", "1 FAILED");
    }
}
