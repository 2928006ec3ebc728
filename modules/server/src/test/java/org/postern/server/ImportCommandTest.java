package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.WireClient;

/// `postern import …`, through a server's real control socket.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ImportCommandTest {
    private Path directory;
    private ServerFixture fixture;

    @BeforeAll
    void start(@TempDir Path ofClass) {
        directory = ofClass;
        fixture = new ServerFixture(directory);
    }

    @AfterAll
    void stop() {
        fixture.close();
    }

    private Path maildir(String name, int messages) throws IOException {
        Path maildir = directory.resolve(name);
        for (String each : List.of("cur", "new", "tmp")) {
            Files.createDirectories(maildir.resolve(each));
        }
        for (int index = 1; index <= messages; index++) {
            Files.write(
                    maildir.resolve("cur/" + index + "." + name + ".host:2,S"),
                    ("Subject: " + name + " " + index + "\n\nx\n").getBytes(UTF_8));
        }
        return maildir;
    }

    private CommandRun run(String... arguments) {
        return CommandRun.on(directory.resolve("data"), arguments);
    }

    private int messages(String mailbox) throws IOException {
        try (WireClient imap = fixture.imap(ALICE)) {
            String status = imap.command("s STATUS \"" + mailbox + "\" (MESSAGES)", "s ")
                    .getFirst();
            return status.startsWith("* ") ? Integer.parseInt(status.replaceAll(".*MESSAGES (\\d+).*", "$1")) : -1;
        }
    }

    @Test
    void aTrialAndThenTheImport() throws IOException {
        String path = maildir("Trial", 3).toString();
        CommandRun trial = run("import", "maildir", path, "--account", ALICE, "--mailbox", "Trial", "--dry-run");
        assertThat(trial.code()).as(trial.err()).isZero();
        assertThat(trial.out()).isEqualTo("would import 3 messages into 1 mailboxes of " + ALICE + "\n");
        assertThat(messages("Trial")).isEqualTo(-1);
        CommandRun done = run("import", "maildir", path, "--account", ALICE, "--mailbox", "Trial");
        assertThat(done.out()).isEqualTo("imported 3 messages into 1 mailboxes of " + ALICE + "\n");
        assertThat(done.err()).contains("Trial: 3 of 3 (100 %)");
        assertThat(messages("Trial")).isEqualTo(3);
        CommandRun again = run("import", "maildir", path, "--account", ALICE, "--mailbox", "Trial", "--json");
        assertThat(again.json().get("imported").asInt()).isZero();
        assertThat(again.json().get("alreadyThere").asInt()).isEqualTo(3);
        assertThat(again.json().get("complete").asBoolean()).isTrue();
    }

    @Test
    void whatFailsIsNamedAndTheExitCodeTells() throws IOException {
        Path maildir = maildir("Part", 2);
        Files.createDirectory(maildir.resolve("cur/3.directory:2,S"));
        CommandRun run = run("import", "maildir", maildir.toString(), "--account", ALICE, "--mailbox", "Part");
        assertThat(run.code()).isEqualTo(Main.FAILED);
        assertThat(run.err()).contains("cur/3.directory:2,S: it is no regular file");
        assertThat(run.out()).contains("imported 2 messages").contains("1 FAILED");
        assertThat(messages("Part")).isEqualTo(2);
    }

    @Test
    void refusalsSayWhatToDo() throws IOException {
        String path = maildir("Refused", 1).toString();
        assertThat(run("import", "maildir", path, "--account", "nobody@example.test"))
                .satisfies(run -> assertThat(run.err()).contains("there is no account nobody@example.test"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(Main.FAILED));
        assertThat(run("import", "maildir", directory.resolve("none").toString(), "--account", ALICE)
                        .err())
                .contains("none", "it is not there");
        assertThat(run("import", "maildir", path, "--account", ALICE, "--mailbox", "a//b"))
                .satisfies(run -> assertThat(run.err()).contains("not a mailbox name"))
                .satisfies(run -> assertThat(run.code()).isEqualTo(Main.USAGE));
        assertThat(run("import", "maildir", path, "--account", ALICE, "--special-use", "A=spam")
                        .err())
                .contains("expected archive");
        assertThat(run("import", "maildir", path).code()).isEqualTo(Main.USAGE);
    }

    @Test
    void anMboxIsImportedIntoAMailbox() throws IOException {
        Path file = Files.writeString(
                directory.resolve("archive.mbox"),
                "From a Thu Nov 26 13:00:05 2026\nSubject: one\n\nx\n\nFrom a Thu Nov 26 13:00:06 2026\nSubject: two\n\ny\n");
        CommandRun run = run("import", "mbox", file.toString(), "--account", ALICE, "--mailbox", "Archive/Old");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(messages("Archive/Old")).isEqualTo(2);
        assertThat(run("import", "mbox", file.toString(), "--account", ALICE, "--mailbox", "Archive/Old")
                        .out())
                .contains("imported 0 messages", "2 were there already");
        assertThat(run("import", "mbox", directory.resolve("none").toString(), "--account", ALICE, "--mailbox", "X")
                        .err())
                .contains("there is no such file");
    }

    @Test
    void whatIsForgottenComesAgain() throws IOException {
        String path = maildir("Twice", 2).toString();
        String[] command = {"import", "maildir", path, "--account", ALICE, "--mailbox", "Twice"};
        run(command);
        assertThat(run("import", "forget", "--account", ALICE).code()).isZero();
        run(command);
        assertThat(messages("Twice")).isEqualTo(4);
    }
}
