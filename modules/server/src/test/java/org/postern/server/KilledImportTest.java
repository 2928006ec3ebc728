package org.postern.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postern.testkit.WireClient;

/// `kill -9` of a server that imports: asked again, the import goes on, and nothing comes twice.
class KilledImportTest {
    private static final String ACCOUNT = "carol@example.test";
    private static final int MESSAGES = 1_400;
    private static final int KILLS = 3;

    @TempDir
    Path directory;

    @Test
    @Timeout(600)
    void whatWasImportedIsThereOnceAfterKills() throws Exception {
        Path maildir = maildir();
        var random = new SplittableRandom(20261126);
        int there = 0;
        for (int kill = 1; kill <= KILLS; kill++) {
            try (var server = KilledServer.start(directory, ACCOUNT);
                    WireClient imap = server.imap(ACCOUNT)) {
                int before = messages(imap);
                assertThat(before).as("messages after kill %d", kill - 1).isGreaterThanOrEqualTo(there);
                int least = before + 1 + random.nextInt(200);
                var code = new AtomicInteger(-1);
                Thread client = Thread.ofPlatform()
                        .start(() -> code.set(imported(server, maildir).code()));
                there = before;
                while (there < least && client.isAlive()) {
                    there = messages(imap);
                }
                server.kill();
                client.join();
                System.out.printf("kill -9, %d of %d: with %d of %d imported%n", kill, KILLS, there, MESSAGES);
                assertThat(code.get()).as("the import ended before the kill").isNotZero();
            }
        }
        try (var server = KilledServer.start(directory, ACCOUNT)) {
            CommandRun last = imported(server, maildir);
            assertThat(last.code()).as(last.err()).isZero();
            try (WireClient imap = server.imap(ACCOUNT)) {
                assertThat(subjects(imap))
                        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, MESSAGES)
                                .mapToObj(Integer::toString)
                                .toList());
            }
            CommandRun again = imported(server, maildir);
            assertThat(again.out()).contains("imported 0 messages");
            CommandRun verified = CommandRun.on(server.data(), "store", "verify", "--full-speed");
            assertThat(verified.code()).as(verified.out()).isZero();
            assertThat(server.stop()).isZero();
        }
    }

    private Path maildir() throws IOException {
        Path maildir = directory.resolve("maildir");
        for (String each : List.of("cur", "new", "tmp")) {
            Files.createDirectories(maildir.resolve(each));
        }
        for (int index = 1; index <= MESSAGES; index++) {
            Files.write(
                    maildir.resolve("cur/" + (1_700_000_000 + index) + "." + index + ".host:2,S"),
                    ("Subject: " + index + "\n\n" + "line\n".repeat(index % 500)).getBytes(US_ASCII));
        }
        return maildir;
    }

    private static CommandRun imported(KilledServer server, Path maildir) {
        return CommandRun.on(
                server.data(), "import", "maildir", maildir.toString(), "--account", ACCOUNT, "--mailbox", "Old");
    }

    private static int messages(WireClient imap) throws IOException {
        Matcher status = Pattern.compile("\\* STATUS .*\\(MESSAGES (\\d+)\\)")
                .matcher(imap.command("s STATUS Old (MESSAGES)", "s ").getFirst());
        return status.matches() ? Integer.parseInt(status.group(1)) : 0; // not there yet
    }

    private static List<String> subjects(WireClient imap) throws IOException {
        imap.command("s EXAMINE Old", "s OK");
        return imap.command("f FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])", "f OK").stream()
                .filter(line -> line.startsWith("Subject: "))
                .map(line -> line.substring("Subject: ".length()))
                .toList();
    }
}
