package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.auth.AccountId;
import org.postern.store.MailboxName;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.WireClient;

/// A backup while clients write, and a server on what was restored from it: clients see what they saw, and download
/// nothing again.
class BackupUnderLoadTest {
    private static final Pattern APPENDUID = Pattern.compile("a OK \\[APPENDUID (\\d+) (\\d+)].*");
    private static final List<String> FOLDERS = List.of("INBOX", "Archive", "Work/2026");

    @TempDir
    Path directory;

    private Path backups() {
        return directory.resolve("backups");
    }

    @Test
    void clientsSeeTheSameBeforeAndAfter() throws Exception {
        Map<String, List<String>> before = new TreeMap<>();
        Map<String, Map<Integer, Long>> modSeqs = new TreeMap<>();
        Map<Long, String> acknowledged;
        try (var fixture = new ServerFixture(directory.resolve("original"))) {
            fill(fixture);
            try (var load = new Load(fixture)) {
                load.awaitAcknowledged(20);
                acknowledged = load.acknowledged();
                CommandRun backup = CommandRun.on(
                        directory.resolve("original/data"), "backup", backups().toString());
                assertThat(backup.code()).as(backup.err()).isZero();
                assertThat(backup.out()).contains("private keys and configuration: keep it as safe");
                load.awaitAcknowledged(acknowledged.size() + 10); // it went on beside
            }
            // the load was bob's: what alice sees is what she saw when the backup was made
            for (String folder : FOLDERS) {
                before.put(folder, seen(fixture, ServerFixture.ALICE, folder));
                modSeqs.put(folder, modSeqs(fixture, folder));
            }
            CommandRun verified = CommandRun.on(directory.resolve("original/data"), "store", "verify");
            assertThat(verified.code()).as(verified.out()).isZero();
        }

        CommandRun proved = CommandRun.of("backup", "verify", backups().toString());
        assertThat(proved.code()).as(proved.out() + proved.err()).isZero();
        assertThat(proved.out()).endsWith("nothing is wrong" + System.lineSeparator());

        restore("exact", "--exact");
        try (var fixture = new ServerFixture(directory.resolve("exact"))) {
            for (String folder : FOLDERS) {
                assertThat(seen(fixture, ServerFixture.ALICE, folder)).isEqualTo(before.get(folder));
                assertThat(modSeqs(fixture, folder)).isEqualTo(modSeqs.get(folder));
            }
            assertThat(texts(fixture, ServerFixture.BOB, "Archive")).containsAllEntriesOf(acknowledged);
        }

        restore("moved-on");
        try (var fixture = new ServerFixture(directory.resolve("moved-on"))) {
            for (String folder : FOLDERS) {
                assertThat(seen(fixture, ServerFixture.ALICE, folder)).isEqualTo(before.get(folder));
                // a client that knows later changes is told of every message
                Map<Integer, Long> after = modSeqs(fixture, folder);
                assertThat(after.keySet()).isEqualTo(modSeqs.get(folder).keySet());
                assertThat(after.values())
                        .allMatch(modSeq -> modSeq > modSeqs.get(folder).get(0) + 900_000);
            }
            assertThat(texts(fixture, ServerFixture.BOB, "Archive")).containsAllEntriesOf(acknowledged);
            CommandRun verified = CommandRun.on(directory.resolve("moved-on/data"), "store", "verify", "--json");
            assertThat(verified.code()).as(verified.out()).isZero();
            assertThat(verified.json().get("clean").booleanValue()).isTrue();
        }
    }

    @Test
    void mbsyncDownloadsNothingAgain() throws Exception {
        Mbsync mbsync = new Mbsync(directory.resolve("home"));
        Map<String, Long> synced;
        try (var fixture = new ServerFixture(directory.resolve("original"))) {
            fill(fixture);
            try (var load = new Load(fixture)) {
                load.awaitAcknowledged(5);
                mbsync.sync(fixture);
                synced = mbsync.files();
                assertThat(synced).hasSize(FOLDERS.size() * 12 - FOLDERS.size());
                assertThat(CommandRun.on(
                                        directory.resolve("original/data"),
                                        "backup",
                                        backups().toString())
                                .code())
                        .isZero();
            }
        }
        for (String kind : List.of("exact", "moved-on")) {
            restore(kind, kind.equals("exact") ? new String[] {"--exact"} : new String[0]);
            try (var fixture = new ServerFixture(directory.resolve(kind))) {
                mbsync.sync(fixture);
                assertThat(mbsync.files())
                        .as("the Maildir after a sync with the server restored %s", kind)
                        .isEqualTo(synced);
            }
        }
    }

    private void restore(String name, String... options) throws IOException {
        Files.createDirectory(directory.resolve(name));
        List<String> arguments = new ArrayList<>(List.of(
                "restore",
                backups().toString(),
                directory.resolve(name + "/data").toString()));
        arguments.addAll(List.of(options));
        CommandRun run = CommandRun.of(arguments.toArray(String[]::new));
        assertThat(run.code()).as(run.err()).isZero();
    }

    // ---- mail

    /// In each folder twelve messages, some flagged, one of them expunged.
    private static void fill(ServerFixture fixture) throws IOException {
        var corpus = new MailCorpus(4);
        try (WireClient imap = fixture.imap(ServerFixture.ALICE)) {
            for (String folder : FOLDERS) {
                if (!folder.equals("INBOX") && !folder.equals("Archive")) {
                    imap.command("c CREATE \"" + folder + "\"", "c OK");
                }
                for (int index = 0; index < 12; index++) {
                    append(imap, folder, corpus.next().octets());
                }
                imap.command("s SELECT \"" + folder + "\"", "s OK");
                imap.command("f STORE 1:3 +FLAGS (\\Seen $Important)", "f OK");
                imap.command("f STORE 5 +FLAGS (\\Deleted)", "f OK");
                imap.command("e EXPUNGE", "e OK");
                imap.command("f STORE 7 +FLAGS (\\Flagged)", "f OK");
            }
        }
    }

    private static long append(WireClient imap, String folder, byte[] octets) throws IOException {
        imap.send("a APPEND \"" + folder + "\" {" + octets.length + "+}\r\n");
        imap.send(octets);
        imap.send("\r\n");
        String answer = imap.readUntil("a ").getLast();
        Matcher ok = APPENDUID.matcher(answer);
        assertThat(ok.matches()).as(answer).isTrue();
        return Long.parseLong(ok.group(2));
    }

    /// Bob's clients: they append, flag and expunge until it is closed.
    private static final class Load implements AutoCloseable {
        private final AtomicBoolean over = new AtomicBoolean();
        private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        private final Map<Long, String> acknowledged = new ConcurrentHashMap<>();
        private final List<Thread> clients = new ArrayList<>();

        Load(ServerFixture fixture) throws IOException {
            for (int client = 0; client < 3; client++) {
                int number = client;
                WireClient imap = fixture.imap(ServerFixture.BOB);
                imap.command("s SELECT INBOX", "s OK");
                clients.add(Thread.ofVirtual().start(() -> {
                    try (imap) {
                        for (int index = 0; !over.get(); index++) {
                            step(imap, "message " + index + " of client " + number);
                        }
                    } catch (IOException | RuntimeException | AssertionError failure) {
                        failures.add(failure);
                    }
                }));
            }
        }

        private void step(WireClient imap, String subject) throws IOException {
            String text = "Subject: " + subject + "\r\n\r\n" + (subject + "\r\n").repeat(200);
            long uid = append(imap, "Archive", text.getBytes(ISO_8859_1));
            acknowledged.put(uid, text);
            long own = append(imap, "INBOX", text.getBytes(ISO_8859_1));
            imap.command("f UID STORE " + own + " +FLAGS (\\Deleted \\Seen)", "f OK");
            imap.command("e UID EXPUNGE " + own, "e OK");
        }

        void awaitAcknowledged(int count) {
            while (acknowledged.size() < count && failures.isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(failures).isEmpty();
        }

        Map<Long, String> acknowledged() {
            return Map.copyOf(acknowledged);
        }

        @Override
        public void close() {
            over.set(true);
            while (clients.stream().anyMatch(Thread::isAlive)) {
                Thread.onSpinWait();
            }
            assertThat(failures).isEmpty();
        }
    }

    // ---- what a client sees

    /// UIDVALIDITY, and of each message UID, flags, date and octets.
    private static List<String> seen(ServerFixture fixture, String account, String folder) throws IOException {
        List<String> lines = new ArrayList<>();
        try (WireClient imap = fixture.imap(account)) {
            for (String line : imap.command("s EXAMINE \"" + folder + "\"", "s OK")) {
                if (line.contains("UIDVALIDITY")) {
                    lines.add(line);
                }
            }
            lines.addAll(imap.command("f UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])", "f OK"));
        }
        return lines;
    }

    /// The MODSEQ of each message, by its UID; HIGHESTMODSEQ under 0.
    private static Map<Integer, Long> modSeqs(ServerFixture fixture, String folder) {
        Map<Integer, Long> modSeqs = new TreeMap<>();
        var store = fixture.server.store();
        AccountId alice =
                store.accounts().account(ServerFixture.ALICE).orElseThrow().id();
        try (OpenMailbox mailbox = store.mailboxes().open(alice, MailboxName.of(folder), true, () -> {})) {
            int[] uids = mailbox.uids();
            var rows = new MessageRows(uids.length);
            mailbox.read(uids, 0, uids.length, rows);
            for (int index = 0; index < uids.length; index++) {
                modSeqs.put(uids[index], rows.modSeq[index]);
            }
            modSeqs.put(0, mailbox.status().highestModSeq());
        }
        return modSeqs;
    }

    private static Map<Long, String> texts(ServerFixture fixture, String account, String folder) throws IOException {
        Map<Long, String> texts = new TreeMap<>();
        Pattern start = Pattern.compile("\\* \\d+ FETCH \\(UID (\\d+) BODY\\[] \\{(\\d+)}");
        try (WireClient imap = fixture.imap(account)) {
            imap.command("s EXAMINE \"" + folder + "\"", "s OK");
            imap.sendLine("f UID FETCH 1:* (BODY.PEEK[])");
            for (String line = imap.readLine(); line != null && !line.startsWith("f "); line = imap.readLine()) {
                Matcher message = start.matcher(line);
                assertThat(message.matches()).as(line).isTrue();
                texts.put(
                        Long.parseLong(message.group(1)),
                        new String(imap.readOctets(Integer.parseInt(message.group(2))), ISO_8859_1));
                assertThat(imap.readLine()).isEqualTo(")");
            }
        }
        return texts;
    }
}
