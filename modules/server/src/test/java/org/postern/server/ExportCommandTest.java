package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.BOB;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.MailCorpus;
import org.postern.testkit.WireClient;

/// `postern export …`, and back by `postern import …`, through a server's real control socket.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExportCommandTest {
    private Path directory;
    private ServerFixture fixture;

    @BeforeAll
    void start(@TempDir Path ofClass) throws IOException {
        directory = ofClass;
        fixture = new ServerFixture(directory);
        var corpus = new MailCorpus(21);
        try (WireClient imap = fixture.imap(ALICE)) {
            imap.command("c CREATE Work/2026", "c OK");
            for (int index = 0; index < 12; index++) {
                byte[] octets = corpus.next().octets();
                imap.send("a APPEND " + (index % 2 == 0 ? "INBOX" : "Work/2026")
                        + " (\\Seen $Label1) \"03-Mar-2021 04:05:%02d +0000\" {%d+}\r\n"
                                .formatted(index, octets.length));
                imap.send(octets);
                imap.command("", "a OK");
            }
        }
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    private CommandRun run(String... arguments) {
        return CommandRun.on(directory.resolve("data"), arguments);
    }

    private List<String> fetched(String account, String mailbox, String items) throws IOException {
        try (WireClient imap = fixture.imap(account)) {
            imap.command("e EXAMINE \"" + mailbox + "\"", "e OK");
            return imap.command("f FETCH 1:* (" + items + ")", "f OK").stream()
                    .map(line -> line.replace(" \\Recent", "")) // whoever looks first has it
                    .toList();
        }
    }

    @Test
    void eachFormatComesBackToAnotherAccount() throws Exception {
        String everything = "FLAGS INTERNALDATE BODY.PEEK[]";
        List<String> work = fetched(ALICE, "Work/2026", everything);
        for (String format : List.of("maildir", "mbox", "eml")) {
            Path target = directory.resolve("back-" + format);
            CommandRun export = run("export", format, ALICE, target.toString());
            assertThat(export.code()).as(export.err() + export.out()).isZero();
            assertThat(export.out()).startsWith("exported 12 messages of 7 mailboxes of " + ALICE);
            String mailbox = "Back " + format;
            CommandRun imported = switch (format) {
                case "maildir" ->
                    run(
                            "import",
                            "maildir",
                            target.resolve(".Work.2026").toString(),
                            "--account",
                            BOB,
                            "--mailbox",
                            mailbox);
                case "mbox" ->
                    run(
                            "import",
                            "mbox",
                            target.resolve("Work/2026.mbox").toString(),
                            "--account",
                            BOB,
                            "--mailbox",
                            mailbox);
                default ->
                    run(
                            "import",
                            "eml",
                            target.resolve("Work/2026").toString(),
                            "--account",
                            BOB,
                            "--mailbox",
                            mailbox,
                            "--flags",
                            "seen");
            };
            assertThat(imported.code()).as(imported.err() + imported.out()).isZero();
            assertThat(imported.out()).startsWith("imported 6 messages into 1 mailboxes");
            String items = format.equals("eml") ? "INTERNALDATE BODY.PEEK[]" : everything;
            List<String> expected = format.equals("eml") ? fetched(ALICE, "Work/2026", items) : work;
            assertThat(fetched(BOB, mailbox, items)).as(format).isEqualTo(expected);
        }
    }

    @Test
    void runAgainItAddsWhatIsNew() throws Exception {
        Path target = directory.resolve("again");
        run("export", "eml", ALICE, target.toString());
        Path file;
        try (Stream<Path> files = Files.list(target.resolve("INBOX"))) {
            file = files.filter(each -> each.toString().endsWith(".eml"))
                    .findFirst()
                    .orElseThrow();
        }
        assertThat(file.getFileName().toString()).startsWith("20210303T0405").matches(".*Z-\\d+\\.eml");
        Files.delete(file);
        CommandRun again = run("export", "eml", ALICE, target.toString());
        assertThat(again.out()).contains("exported 1 messages", "11 were there already");
        assertThat(file).exists();
    }

    @Test
    void allAccountsGoToADirectoryEach() throws Exception {
        Path target = directory.resolve("all");
        CommandRun run = run("export", "mbox", "--all", target.toString(), "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().get("complete").asBoolean()).isTrue();
        assertThat(run.json().get("accounts")).hasSize(2);
        assertThat(Files.readString(target.resolve(ALICE + "/INBOX.mbox"), ISO_8859_1))
                .startsWith("From ");
        assertThat(target.resolve(BOB + "/INBOX.mbox")).exists();
    }

    @Test
    void refusalsSayWhatToDo() throws Exception {
        Path foreign = Files.createDirectory(directory.resolve("foreign"));
        Files.writeString(foreign.resolve("x"), "y");
        CommandRun run = run("export", "maildir", ALICE, foreign.toString());
        assertThat(run.code()).isEqualTo(Main.FAILED);
        assertThat(run.out()).contains("STOPPED: ", "is not empty, and no export: name another directory");
        assertThat(run(
                                "export",
                                "eml",
                                "nobody@example.test",
                                directory.resolve("nobody").toString())
                        .err())
                .contains("there is no account nobody@example.test");
        assertThat(directory.resolve("nobody")).doesNotExist();
        assertThat(run("export", "eml", ALICE)).satisfies(usage -> {
            assertThat(usage.code()).isEqualTo(Main.USAGE);
            assertThat(usage.err()).contains("expected ACCOUNT DIR, or --all DIR");
        });
        assertThat(run("import", "eml", foreign.toString(), "--account", ALICE).err())
                .contains("holds no files that end in .eml");
        assertThat(run("import", "eml", foreign.toString(), "--account", ALICE, "--date", "then")
                        .err())
                .contains("expected header, file, auto or a time");
        assertThat(run("import", "eml", foreign.toString(), "--account", ALICE, "--flags", "red")
                        .err())
                .contains("expected seen, answered, flagged or draft");
    }
}
