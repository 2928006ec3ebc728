package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.server.Configuration.Service;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;

/// From a real Dovecot to Postern: clients that were in sync notice nothing.
class DovecotImportTest {
    static final List<String> MAILBOXES = List.of(
            "INBOX",
            "Drafts",
            "Sent",
            "Junk",
            "Trash",
            "Archive",
            "Work",
            "Work/2026",
            "Work/2026/R&AOQ-ume",
            "&ZeVnLIqe-",
            "R &- D");
    private static final List<String> FLAGS = List.of(
            "",
            "\\Seen",
            "\\Seen \\Answered",
            "\\Flagged later",
            "\\Draft",
            "\\Seen $Forwarded $Label1",
            "\\Deleted \\Seen",
            "NonJunk");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"maildir:~/Maildir", "maildir:~/Maildir:LAYOUT=fs"})
    void mbsyncFindsNothingToDo(String mailLocation) throws Exception {
        move(mailLocation, 120);
    }

    @Test
    @Tag("long")
    void mbsyncFindsNothingToDoWithAThousandMessages() throws Exception {
        move("maildir:~/Maildir", 1_000);
    }

    private void move(String mailLocation, int messages) throws Exception {
        Programs.require("mbsync");
        Path near = Files.createDirectory(directory.resolve("near"));
        try (DovecotServer dovecot = DovecotServer.start(PASSWORD, mailLocation);
                ServerFixture postern = new ServerFixture(directory)) {
            Map<String, List<String>> served;
            try (WireClient imap = dovecot.imap(ALICE, PASSWORD)) {
                fill(imap, messages, "a OK");
                sync(near, dovecot.port(), dovecot.certificateFile);
                served = contents(imap);
            }
            Map<String, String> before = files(near);
            sync(near, dovecot.port(), dovecot.certificateFile);
            assertThat(files(near)).as("in sync with Dovecot").isEqualTo(before);
            dovecot.stop();

            Answer.Imported summary = importMaildir(postern, dovecot.home(ALICE).resolve("Maildir"));
            assertThat(summary.failed() + summary.newUids() + summary.differentSizes())
                    .as(summary.toString())
                    .isZero();
            assertThat(summary.imported())
                    .isEqualTo(served.values().stream()
                            .flatMap(List::stream)
                            .filter(line -> line.startsWith("UID "))
                            .count());
            assertThat(summary.mailboxesWithUids()).isEqualTo(MAILBOXES.size());

            try (WireClient imap = postern.imap(ALICE)) {
                assertThat(contents(imap)).as("what Postern serves").isEqualTo(served);
                Map<String, Long> changes = lastChanges(postern);
                sync(near, postern.port(Service.IMAPS), postern.authority);
                assertThat(files(near)).as("mbsync has changed nothing here").isEqualTo(before);
                assertThat(lastChanges(postern)).as("nor there").isEqualTo(changes);
                // it would have: one flag is enough
                imap.command("s SELECT Work", "s OK");
                imap.command("f STORE 1 -FLAGS (\\Seen \\Flagged)", "f OK");
                imap.command("f STORE 1 +FLAGS (\\Answered)", "f OK");
                sync(near, postern.port(Service.IMAPS), postern.authority);
                assertThat(files(near)).as("what mbsync has to do").isNotEqualTo(before);
            }
            assertThat(importMaildir(postern, dovecot.home(ALICE).resolve("Maildir"))
                            .imported())
                    .as("nothing comes twice")
                    .isZero();
        }
    }

    /// By the command line, through the control socket.
    private Answer.Imported importMaildir(ServerFixture postern, Path maildir) {
        assertThat(postern.server.store().healthy()).isTrue();
        CommandRun run = CommandRun.on(
                directory.resolve("data"),
                "import",
                "maildir",
                maildir.toString(),
                "--account",
                ALICE,
                "--require-uids",
                "--json");
        assertThat(run.code()).as(run.err() + run.out()).isZero();
        return Json.MAPPER.treeToValue(run.json(), Answer.Imported.class);
    }

    /// Messages with flags of all kinds, from the first and from later, and with UIDs that are gone again.
    ///
    /// @param answer to each message; not every server takes all of them
    static void fill(WireClient imap, int messages, String answer) throws IOException {
        MailCorpus corpus = new MailCorpus(20_260_202);
        for (String mailbox : MAILBOXES.subList(1, MAILBOXES.size())) {
            imap.command("c CREATE \"" + mailbox + "\"", "c ");
            imap.command("s SUBSCRIBE \"" + mailbox + "\"", "s OK");
        }
        for (int index = 0; index < messages; index++) {
            String mailbox = MAILBOXES.get(index % (MAILBOXES.size() - 1)); // the last one stays empty
            byte[] message = index == 7
                    ? corpus.ofSize(300_000).octets()
                    : index == 8
                            ? "Subject: bare\r\n\r\na CR \r alone, and no end".getBytes(ISO_8859_1)
                            : corpus.next().octets();
            imap.send("a APPEND \"" + mailbox + "\" (" + FLAGS.get(index / 3 % FLAGS.size())
                    + ") \"%02d-Mar-2021 %02d:%02d:%02d +0100\" {%d+}\r\n"
                            .formatted(1 + index % 28, index % 24, index % 60, index % 59, message.length));
            imap.send(message);
            imap.command("", answer);
        }
        for (String mailbox : MAILBOXES) {
            imap.command("s SELECT \"" + mailbox + "\"", "s OK");
            imap.command("f STORE 2:3 +FLAGS (\\Flagged afterwards)", "f ");
            imap.command("d STORE 4 +FLAGS (\\Deleted)", "d ");
            imap.command("e UID EXPUNGE 4", "e ");
            imap.command("d STORE * FLAGS (\\Deleted)", "d ");
            imap.command("e EXPUNGE", "e ");
        }
        imap.command("u UNSELECT", "u OK");
    }

    private static final Pattern FETCHED = Pattern.compile(
            "\\* \\d+ FETCH \\(UID (\\d+) RFC822.SIZE (\\d+) INTERNALDATE \"([^\"]+)\" FLAGS \\(([^)]*)\\) BODY\\[\\] \\{(\\d+)\\}");
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("d-MMM-yyyy HH:mm:ss Z", Locale.ROOT);

    /// Mailbox by mailbox its UIDVALIDITY and UIDNEXT, and of each message all that a client compares.
    static Map<String, List<String>> contents(WireClient imap) throws IOException {
        Map<String, List<String>> contents = new TreeMap<>();
        for (String mailbox : MAILBOXES) {
            List<String> messages = new ArrayList<>();
            for (String line : imap.command("s STATUS \"" + mailbox + "\" (UIDVALIDITY UIDNEXT)", "s OK")) {
                Matcher status = Pattern.compile("UID\\w+ \\d+").matcher(line);
                while (status.find()) {
                    messages.add(status.group());
                }
            }
            messages.sort(null); // STATUS answers in an order of its own
            imap.command("e EXAMINE \"" + mailbox + "\"", "e OK");
            imap.sendLine("f UID FETCH 1:* (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])");
            for (String line = imap.readLine(); !String.valueOf(line).startsWith("f OK"); line = imap.readLine()) {
                Matcher fetched = FETCHED.matcher(String.valueOf(line));
                assertThat(fetched.matches()).as("%s", line).isTrue();
                byte[] octets = imap.readOctets(Integer.parseInt(fetched.group(5)));
                imap.readLine();
                var flags = new TreeSet<>(List.of(fetched.group(4).split(" ")));
                flags.remove("\\Recent");
                messages.add("UID " + fetched.group(1) + " of " + fetched.group(2) + " octets, "
                        + OffsetDateTime.parse(fetched.group(3).strip(), DATE).toInstant() + " " + flags + " "
                        + Arrays.hashCode(octets) + " of " + octets.length);
            }
            contents.put(mailbox, messages);
        }
        imap.command("u UNSELECT", "u OK");
        return contents;
    }

    /// Mailbox by mailbox the number of its last change.
    private static Map<String, Long> lastChanges(ServerFixture postern) {
        var store = postern.server.store();
        var account = store.accounts().account(ALICE).orElseThrow().id();
        Map<String, Long> changes = new TreeMap<>();
        store.mailboxes()
                .list(account)
                .forEach(listing -> changes.put(
                        listing.name().value(),
                        store.mailboxes().status(account, listing.name()).highestModSeq()));
        return changes;
    }

    /// Every file of a directory with its text and time; mbsync's own notes with their text.
    private static Map<String, String> files(Path home) throws IOException {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(home.resolve("Maildir"))) {
            for (Path file : walk.toList()) {
                String name = home.relativize(file).toString();
                texts.put(
                        name,
                        Files.isDirectory(file)
                                ? "directory"
                                : new String(Files.readAllBytes(file), ISO_8859_1)
                                        + (file.getFileName().toString().startsWith(".")
                                                ? ""
                                                : Files.getLastModifiedTime(file)));
            }
        }
        return texts;
    }

    private static void sync(Path home, int port, Path trust) throws Exception {
        new Mbsync(home, "*", "Remove Both", "Expunge None", "CopyArrivalDate yes").sync(port, trust);
    }
}
