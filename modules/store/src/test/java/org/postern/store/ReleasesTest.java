package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.auth.AccountId;

/// Data directories of earlier releases: each later build opens them, clients see what they saw, and `verify` is
/// clean. `POSTERN_MAKE_RELEASE=1.2.0` makes the one of this build under `src/test/resources/releases`.
class ReleasesTest {
    private static final Path RELEASES = Path.of("src/test/resources/releases");
    private static final String EXPECTED = "expected.txt";

    @TempDir
    Path directory;

    static List<String> releases() throws IOException {
        try (Stream<Path> directories = Files.list(RELEASES)) {
            return directories
                    .map(release -> release.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private Path copyOf(String release) throws IOException {
        Path data = directory.resolve("data");
        Directories.copy(RELEASES.resolve(release), data);
        Files.delete(data.resolve(EXPECTED));
        return data;
    }

    @ParameterizedTest
    @MethodSource("releases")
    void aDirectoryOfAnEarlierReleaseIsAllThere(String release) throws IOException {
        Path data = copyOf(release);
        List<Finding> findings = new ArrayList<>();
        VerifyReport report = StoreVerifier.verifyDirectory(
                data,
                Files.createTempDirectory(directory, "scratch"),
                VerifyOptions.ALL,
                findings::add,
                WorkProgress.NONE);
        assertThat(findings)
                .filteredOn(finding -> finding.severity() != Finding.Severity.NOTE)
                .isEmpty();
        assertThat(report.messages()).isPositive();
        try (PosternStore store = PosternStore.open(StoreSettings.in(data), new SimpleMeterRegistry())) {
            assertThat(describe(store))
                    .isEqualTo(Files.readString(RELEASES.resolve(release).resolve(EXPECTED)));
            AccountId account =
                    store.accounts().account("anna@example.test").orElseThrow().id();
            MessageSpool spool = store.newSpool();
            byte[] text = StoreFixture.message("after the upgrade").getBytes(StandardCharsets.US_ASCII);
            spool.write(text, 0, text.length);
            store.mailboxes()
                    .append(
                            account,
                            MailboxName.INBOX,
                            List.of(new Mailboxes.Appended(spool, 0, Set.of("$Label1"), new InternalDate(0, 0))));
            findings.clear();
            assertThat(store.verify(VerifyOptions.ALL, findings::add, WorkProgress.NONE)
                            .clean())
                    .as("%s", findings)
                    .isTrue();
        }
    }

    /// Everything that clients are told of a store.
    static String describe(PosternStore store) throws IOException {
        var text = new StringBuilder();
        for (Accounts.AccountInformation account : store.accounts().accounts()) {
            text.append("account %s %d octets %d messages\n"
                    .formatted(account.address(), account.usedBytes(), account.usedMessages()));
            for (MailboxListing listing : store.mailboxes().list(account.id())) {
                if (!listing.exists()) {
                    text.append("name ").append(listing.name()).append('\n');
                    continue;
                }
                try (OpenMailbox mailbox = store.mailboxes().open(account.id(), listing.name(), true, () -> {})) {
                    MailboxStatus status = mailbox.status();
                    text.append("mailbox %s%s %s next %d modseq %d keywords %s\n"
                            .formatted(
                                    listing.name(),
                                    listing.subscribed() ? " subscribed" : "",
                                    listing.specialUse().map(Enum::name).orElse("-"),
                                    status.uidNext(),
                                    status.highestModSeq(),
                                    mailbox.keywords()));
                    describeMessages(mailbox, text);
                }
            }
        }
        return text.toString();
    }

    private static void describeMessages(OpenMailbox mailbox, StringBuilder text) throws IOException {
        var rows = new MessageRows(1);
        for (int uid : mailbox.uids()) {
            mailbox.read(new int[] {uid}, 0, 1, rows);
            MessageContent content = mailbox.content(rows.message[0]);
            text.append("message %d flags %x modseq %d size %d date %d %d envelope %s octets %s\n"
                    .formatted(
                            uid,
                            rows.flags[0],
                            rows.modSeq[0],
                            rows.size[0],
                            rows.internalDate[0],
                            rows.zoneOffset[0],
                            digest(content.extract().envelope()),
                            digest(StoreFixture.text(mailbox, uid).getBytes(StandardCharsets.ISO_8859_1))));
        }
    }

    private static String digest(byte[] octets) {
        return HexFormat.of().formatHex(BackupManifest.sha256().digest(octets), 0, 8);
    }

    @Test
    void theDatabaseIsCopiedBeforeItsTablesChange() throws IOException {
        Path data = copyOf("0.1.0");
        Database.openH2(data.resolve("database")).close();
        Path copied = upgradeCopies(data.resolve("database")).getFirst();
        assertThat(copied.getFileName().toString()).startsWith("before-upgrade-from-1-to-");
        // and it is a database, of before
        Path back = Files.createDirectory(directory.resolve("back"));
        Files.copy(copied, back.resolve("postern.mv.db"));
        try (Database database = Database.openH2(back)) {
            List<MailboxRows.Named> mailboxes = database.read(connection -> MailboxRows.all(connection, 1));
            assertThat(mailboxes).isNotEmpty();
        }
    }

    /// Who went back to the version before, and comes again, has changed something in between.
    @Test
    void theCopyIsMadeAnewByEachUpgrade() throws IOException {
        Path database = copyOf("0.1.0").resolve("database");
        Path before = Files.copy(database.resolve("postern.mv.db"), directory.resolve("before"));
        Database.openH2(database).close();
        Path copy = upgradeCopies(database).getFirst();
        Files.writeString(copy, "of another time");
        Path other = Files.createFile(database.resolve("before-upgrade-from-0-to-1.mv.db"));
        Files.copy(before, database.resolve("postern.mv.db"), StandardCopyOption.REPLACE_EXISTING);
        Database.openH2(database).close();
        assertThat(upgradeCopies(database)).containsExactly(copy);
        assertThat(other).doesNotExist();
        try (Database back = Database.openH2(Files.move(
                        copy, Files.createDirectory(directory.resolve("back")).resolve("postern.mv.db"))
                .getParent())) {
            List<MailboxRows.Named> mailboxes = back.read(connection -> MailboxRows.all(connection, 1));
            assertThat(mailboxes).isNotEmpty();
        }
    }

    private static List<Path> upgradeCopies(Path database) throws IOException {
        try (Stream<Path> files = Files.list(database)) {
            return files.filter(file -> file.getFileName().toString().startsWith("before-upgrade-"))
                    .toList();
        }
    }

    @Test
    void tablesOfANewerReleaseAreRefused() throws IOException {
        Path data = copyOf("0.1.0");
        try (Database database = Database.openH2(data.resolve("database"))) {
            database.change(
                    connection -> MailboxRows.update(
                            connection,
                            "insert into \"flyway_schema_history\" select max(\"installed_rank\") + 1, '9999', 'later', 'SQL',"
                                    + " 'V9999__later.sql', 1, 'sa', current_timestamp, 1, true from \"flyway_schema_history\""));
            database.checkpoint();
        }
        Files.deleteIfExists(data.resolve("database/closed"));
        byte[] before = Files.readAllBytes(data.resolve("blobs/1-1.segment"));
        assertThatThrownBy(() -> PosternStore.open(StoreSettings.in(data), new SimpleMeterRegistry()))
                .isInstanceOf(StoreFailure.class)
                .hasMessageContaining("of a newer Postern: it has version 9999");
        assertThat(data.resolve("blobs/1-1.segment")).hasBinaryContent(before);
    }

    /// Makes the directory of this build: fixed mail, dates and order.
    @Test
    void makeRelease() throws IOException {
        String release = System.getenv("POSTERN_MAKE_RELEASE");
        assumeTrue(release != null, "made only when it is asked for: POSTERN_MAKE_RELEASE");
        Path data = directory.resolve("data");
        String expected;
        try (PosternStore store = PosternStore.open(StoreSettings.in(data), new SimpleMeterRegistry())) {
            store.accounts().addDomain("example.test");
            for (String name : List.of("anna", "bert")) {
                store.accounts().addAccount(name + "@example.test", "no hash", Optional.empty());
                fill(
                        store,
                        store.accounts()
                                .account(name + "@example.test")
                                .orElseThrow()
                                .id());
            }
            store.accounts().addAlias("post@example.test", "anna@example.test");
            expected = describe(store);
        }
        Path target = RELEASES.resolve(release);
        BackupFiles.removeTree(target);
        Files.createDirectories(target.resolve("database"));
        Files.createDirectories(target.resolve("blobs"));
        Files.copy(data.resolve(DatabaseFile.PATH), target.resolve(DatabaseFile.PATH));
        Files.copy(data.resolve("blobs/1-1.segment"), target.resolve("blobs/1-1.segment"));
        Files.writeString(target.resolve(EXPECTED), expected);
    }

    private static void fill(PosternStore store, AccountId account) throws IOException {
        store.mailboxes().create(account, MailboxName.of("Arbeit/Räume"), Optional.empty());
        for (String folder : List.of("INBOX", "Archive", "Arbeit/Räume")) {
            for (int index = 1; index <= 4; index++) {
                MessageSpool spool = store.newSpool();
                String text = "Date: Tue, 24 Nov 2026 12:00:0" + index + " +0100\r\nMessage-ID: <" + index
                        + "@example.test>\r\n" + StoreFixture.message(folder.charAt(0) + " " + index);
                byte[] octets = text.getBytes(StandardCharsets.ISO_8859_1);
                spool.write(octets, 0, octets.length);
                store.mailboxes()
                        .append(
                                account,
                                MailboxName.of(folder),
                                List.of(new Mailboxes.Appended(
                                        spool,
                                        index == 1 ? Flags.SEEN : 0,
                                        index == 2 ? Set.of("$Forwarded") : Set.of(),
                                        new InternalDate(1_795_000_000_000L + index * 1000L, 60))));
            }
            try (OpenMailbox mailbox = store.mailboxes().open(account, MailboxName.of(folder), false, () -> {})) {
                mailbox.updateFlags(
                        new int[] {3},
                        new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()),
                        OptionalLong.empty());
                mailbox.expunge(new int[] {3});
                mailbox.copy(new int[] {1}, MailboxName.of("Sent"));
            }
        }
    }
}
