package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.postern.server.ServerFixture.ALICE;
import static org.postern.server.ServerFixture.PASSWORD;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postern.testkit.WireClient;

/// From Postern to a real Dovecot: clients that were in sync notice nothing.
class DovecotExportTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"maildir:~/Maildir, maildir++", "maildir:~/Maildir:LAYOUT=fs, directories"})
    void mbsyncFindsNothingToDo(String mailLocation, String layout) throws Exception {
        Mbsync mbsync = new Mbsync(directory.resolve("near"));
        try (DovecotServer dovecot = DovecotServer.start(PASSWORD, mailLocation);
                ServerFixture postern = new ServerFixture(directory)) {
            Map<String, List<String>> served;
            try (WireClient imap = postern.imap(ALICE)) {
                DovecotImportTest.fill(imap, 120, "a "); // some have a header that Postern refuses
                served = DovecotImportTest.contents(imap);
            }
            mbsync.sync(postern);
            Map<String, Long> before = mbsync.files();
            assertThat(before).hasSizeGreaterThan(80);

            Path maildir = dovecot.home(ALICE).resolve("Maildir");
            CommandRun run = CommandRun.on(
                    directory.resolve("data"),
                    "export",
                    "maildir",
                    ALICE,
                    maildir.toString(),
                    "--layout",
                    layout,
                    "--json");
            assertThat(run.code()).as(run.err() + run.out()).isZero();
            assertThat(run.json().get("accounts").get(0).get("exported").asLong())
                    .isEqualTo(served.values().stream()
                            .flatMap(List::stream)
                            .filter(line -> line.startsWith("UID "))
                            .count());
            dovecot.takeOverHomes(); // the export has made them, for its own user

            try (WireClient imap = dovecot.imap(ALICE, PASSWORD)) {
                assertThat(DovecotImportTest.contents(imap))
                        .as("what Dovecot serves")
                        .isEqualTo(served);
                mbsync.sync(dovecot.port(), dovecot.certificateFile);
                assertThat(mbsync.files()).as("mbsync has changed nothing here").isEqualTo(before);
                assertThat(DovecotImportTest.contents(imap)).as("nor there").isEqualTo(served);
                // it would have: one flag is enough
                imap.command("s SELECT Work", "s OK");
                imap.command("f STORE 1 +FLAGS (\\Draft)", "f OK");
                mbsync.sync(dovecot.port(), dovecot.certificateFile);
                assertThat(mbsync.files()).as("what mbsync has to do").isNotEqualTo(before);
            }
            // a Dovecot uses it now: a further export would change its files below it
            CommandRun again = CommandRun.on(
                    directory.resolve("data"), "export", "maildir", ALICE, maildir.toString(), "--layout", layout);
            assertThat(again.code()).isEqualTo(Main.FAILED);
            assertThat(again.out()).contains("STOPPED: another program uses");
            assertThat(Files.exists(maildir.resolve("cur"))).isTrue();
        }
    }
}
