package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.InternalDate;
import org.postern.store.MailboxName;
import org.postern.store.Mailboxes;
import org.postern.store.MessageSpool;
import org.postern.store.OpenMailbox;

/// From a store to files, and from these to another store: what comes back is what was there.
class ExportTest {
    private static final String ADDRESS = "alice@example.test";
    private static final List<String> NAMES = List.of("Work", "Work/2026", "Grüße/日本語", "R & D", "Empty", "tmp", "..");

    @TempDir
    private Path directory;

    private Transfer from;

    @BeforeEach
    void fill() throws IOException {
        from = new Transfer(directory.resolve("from"));
        // above those that another new account may have used
        from.store
                .imports()
                .begin(from.alice, OptionalLong.of(1_900_000_000), false)
                .close();
        for (String name : NAMES) {
            from.store.mailboxes().create(from.alice, MailboxName.of(name), Optional.empty());
        }
        from.store.mailboxes().subscribe(from.alice, MailboxName.of("Work"));
        int number = 0;
        for (String mailbox : List.of("INBOX", "Work", "Work/2026", "Grüße/日本語", "R & D", "tmp", "..")) {
            for (String text : List.of(
                    "plain",
                    "From the beginning\r\n>From a quotation\r\n>>From two\r\n> From none",
                    "no header's end",
                    "a line\r\n.\r\nFrom x Thu Nov 26 13:00:00 2026\r\n\r\nSubject: no other message")) {
                number++;
                append(mailbox, "From: a@example.test\r\nSubject: " + number + "\r\n\r\n" + text + "\r\n", number);
            }
            expunge(mailbox, 2);
        }
    }

    @AfterEach
    void close() {
        from.close();
    }

    private void append(String mailbox, String message, int number) throws IOException {
        MessageSpool spool = from.store.newSpool();
        byte[] octets = message.getBytes(ISO_8859_1);
        spool.write(octets, 0, octets.length);
        from.store
                .mailboxes()
                .append(
                        from.alice,
                        MailboxName.of(mailbox),
                        List.of(new Mailboxes.Appended(
                                spool,
                                number % 32,
                                number % 3 == 0 ? Set.of("$Forwarded", "k" + number) : Set.of(),
                                new InternalDate(1_600_000_000_000L + number * 1_000_000L, 60))));
    }

    private void expunge(String mailbox, int uid) {
        try (OpenMailbox open = from.store.mailboxes().open(from.alice, MailboxName.of(mailbox), false, () -> {})) {
            int[] uids = {uid};
            open.updateFlags(uids, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
            open.expunge(uids);
        }
    }

    private Path target(String format) {
        return directory.resolve("out-" + format);
    }

    private MailTarget open(String format) throws IOException {
        return switch (format) {
            case "maildir" -> new MaildirTarget(target(format), ADDRESS, false);
            case "directories" -> new MaildirTarget(target(format), ADDRESS, true);
            case "mbox" -> new MboxTarget(target(format), ADDRESS);
            default -> new EmlTarget(target(format), ADDRESS);
        };
    }

    private ExportReceiver.Summary export(String format, int most) throws IOException {
        var listener = new ExportReceiver.Listener() {
            @Override
            public void progress(String mailbox, long passed, long total) {}

            @Override
            public void warning(String text) {
                from.warnings.add(text);
            }
        };
        try (MailTarget target = open(format)) {
            return Transfer.between(
                    (in, out) -> {
                        try (var sender = new ExportSender(from.store, from.alice, in, out, from.stopping)) {
                            return sender.serve();
                        }
                    },
                    (in, out) -> new ExportReceiver(target, new Cut(in, most), out, listener).run());
        }
    }

    private ExportReceiver.Summary export(String format) throws IOException {
        return export(format, Integer.MAX_VALUE);
    }

    /// Ends after so many octets, as a connection may.
    private static final class Cut extends InputStream {
        private final InputStream in;
        private long left;

        Cut(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            return left-- <= 0 ? -1 : in.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int count = left <= 0 ? -1 : in.read(into, offset, (int) Math.min(left, length));
            left -= Math.max(0, count);
            return count;
        }
    }

    /// Every file with its text.
    private static Map<String, String> files(Path path) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(path)) {
            for (Path file : walk.filter(Files::isRegularFile).toList()) {
                if (!file.getFileName().toString().equals(ExportDirectory.LEDGER)) {
                    files.put(path.relativize(file).toString(), Files.readString(file, ISO_8859_1));
                }
            }
        }
        return files;
    }

    // ---- round trips

    @Test
    void aMaildirComesBackWithItsUids() throws Exception {
        assertThat(export("directories").failed()).isZero();
        try (Transfer to = new Transfer(directory.resolve("to"))) {
            ImportSender.Summary summary = to.maildir(target("directories"));
            assertThat(summary.failed() + summary.differentSizes() + summary.droppedKeywords())
                    .as("%s %s", summary, to.warnings)
                    .isZero();
            Map<String, List<Transfer.Stored>> expected = renamed(from.everything());
            Map<String, List<Transfer.Stored>> is = to.everything();
            // INBOX is as old as the account
            assertThat(withoutUids(is.remove("INBOX"))).isEqualTo(withoutUids(expected.remove("INBOX")));
            assertThat(is).isEqualTo(expected);
            for (String mailbox : List.of("Work", "Work/2026", "Grüße/日本語", "R & D", "Empty")) {
                var was = from.store.mailboxes().status(from.alice, MailboxName.of(mailbox));
                var now = to.store.mailboxes().status(to.alice, MailboxName.of(mailbox));
                assertThat(now.uidValidity()).as(mailbox).isEqualTo(was.uidValidity());
                assertThat(now.uidNext()).as(mailbox).isEqualTo(was.uidNext());
            }
        }
    }

    /// Names that a tree of Maildirs cannot have.
    private static Map<String, List<Transfer.Stored>> renamed(Map<String, List<Transfer.Stored>> everything) {
        Map<String, List<Transfer.Stored>> renamed = new TreeMap<>(everything);
        renamed.put("_tmp", renamed.remove("tmp"));
        renamed.put("_.", renamed.remove(".."));
        return renamed;
    }

    @Test
    void anMboxComesBack() throws Exception {
        assertThat(export("mbox").failed()).isZero();
        assertThat(files(target("mbox")))
                .containsKeys("INBOX.mbox", "Work.mbox", "Work/2026.mbox", "_tmp.mbox", "Empty.mbox");
        try (Transfer to = new Transfer(directory.resolve("to"))) {
            to.run(new MboxSource(target("mbox").resolve("Work/2026.mbox"), MailboxName.of("Back")));
            assertThat(withoutUids(to.messages("Back"))).isEqualTo(withoutUids(from.messages("Work/2026")));
            assertThat(to.run(new MboxSource(target("mbox").resolve("Work/2026.mbox"), MailboxName.of("Back")))
                            .imported())
                    .isZero();
        }
    }

    @Test
    void emlFilesComeBackWithTheirDates() throws Exception {
        assertThat(export("eml").failed()).isZero();
        try (Transfer to = new Transfer(directory.resolve("to"))) {
            var options = new EmlSource.Options(
                    Optional.of(MailboxName.of("Back")), new EmlSource.Dates.Automatic(), Flags.SEEN);
            ImportSender.Summary summary = to.run(new EmlSource(target("eml"), options));
            assertThat(summary.failed()).as("%s", to.warnings).isZero();
            for (String mailbox : List.of("INBOX", "Work", "Work/2026", "Grüße/日本語", "R & D")) {
                List<Transfer.Stored> expected = from.messages(mailbox).stream()
                        .map(each -> new Transfer.Stored(0, Set.of("\\Seen"), each.seconds(), each.text()))
                        .toList();
                assertThat(withoutUids(to.messages("Back/" + mailbox))).containsExactlyInAnyOrderElementsOf(expected);
            }
            assertThat(to.run(new EmlSource(target("eml"), options)).imported()).isZero();
        }
    }

    private static List<Transfer.Stored> withoutUids(List<Transfer.Stored> messages) {
        return messages.stream()
                .map(each -> new Transfer.Stored(0, new TreeSet<>(each.flags()), each.seconds(), each.text()))
                .toList();
    }

    @Test
    void linesAreLocalWhereTheyComeBackAsTheyWere() throws Exception {
        append("Empty", "Subject: odd\r\n\r\nCR before the end\r\r\nand a bare CR\rhere\r\n", 1);
        append("Empty", "Subject: even\r\n\r\nlines\r\n", 2);
        List<Transfer.Stored> expected = from.messages("Empty");
        for (String format : List.of("directories", "mbox")) {
            assertThat(export(format).failed()).isZero();
            try (Transfer to = new Transfer(directory.resolve("to-" + format))) {
                to.run(
                        format.equals("mbox")
                                ? new MboxSource(target("mbox").resolve("Empty.mbox"), MailboxName.of("Back"))
                                : new MaildirSource(
                                        target(format).resolve("Empty"),
                                        new MaildirSource.Options(
                                                MaildirSource.Layout.AUTOMATIC,
                                                Optional.of(MailboxName.of("Back")),
                                                "",
                                                Map.of(),
                                                false)));
                assertThat(withoutUids(to.messages("Back"))).isEqualTo(withoutUids(expected));
            }
        }
        assertThat(files(target("directories")).values()).anyMatch(text -> text.equals("Subject: even\n\nlines\n"));
    }

    // ---- the files

    @Test
    void aMaildirHasWhatDovecotWantsOfIt() throws Exception {
        export("maildir");
        Path work = target("maildir").resolve(".Work.2026");
        assertThat(work.resolve("maildirfolder")).exists();
        var status = from.store.mailboxes().status(from.alice, MailboxName.of("Work/2026"));
        assertThat(Files.readAllLines(work.resolve("dovecot-uidlist")))
                .first()
                .isEqualTo("3 V" + status.uidValidity() + " N" + status.uidNext());
        try (InputStream list = Files.newInputStream(work.resolve("dovecot-uidlist"))) {
            assertThat(UidList.read(list).size()).isEqualTo(3);
        }
        assertThat(Files.readAllLines(target("maildir").resolve("subscriptions")))
                .contains("INBOX", "Work");
        assertThat(from.warnings).anyMatch(text -> text.contains("mailbox .. is written as .__"));
        try (Stream<Path> walk = Files.walk(target("maildir"))) {
            for (Path file : walk.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
                assertThat(file.toString()).isASCII();
            }
        }
    }

    @Test
    void namesNeverLeadElsewhereAndAreNeverTwice() {
        FileNames names = new FileNames();
        Set<String> given = new TreeSet<>();
        List<String> mailboxes =
                new ArrayList<>(List.of("a.b", "a_b", "A.B", "..", ".", "cur", "_cur", "x/../y", "~", "ä"));
        mailboxes.add("l".repeat(255));
        mailboxes.add("l".repeat(254) + "m");
        mailboxes.add("日".repeat(85));
        for (String each : mailboxes) {
            MailboxName name = MailboxName.of(each);
            String dotted = names.unique(FileNames.dotted(name), name);
            assertThat(dotted).isASCII().hasSizeLessThan(255).doesNotContain("/");
            assertThat(given.add(dotted.toLowerCase(java.util.Locale.ROOT)))
                    .as(each)
                    .isTrue();
            assertThat(FileNames.levels(name))
                    .allSatisfy(level -> assertThat(level)
                            .isNotEmpty()
                            .hasSizeLessThan(255)
                            .doesNotStartWith(".")
                            .doesNotContain("/"));
        }
        assertThat(FileNames.address("a/../b@example.org")).isEqualTo("a%2F..%2Fb@example.org");
    }

    // ---- again and again

    @ParameterizedTest
    @ValueSource(strings = {"maildir", "directories", "mbox", "eml"})
    void anExportThatWasCutOffGoesOn(String format) throws Exception {
        export(format);
        Map<String, String> whole = files(target(format));
        Path moved = directory.resolve("whole");
        Files.move(target(format), moved);
        for (int octets = 900; octets < 12_000; octets += 1_700) { // further and further
            int most = octets;
            try {
                export(format, most);
            } catch (IOException cut) {
                assertThat(cut).hasMessageMatching("(?s).+");
            }
        }
        ExportReceiver.Summary last = export(format);
        assertThat(last.failed()).isZero();
        assertThat(files(target(format))).isEqualTo(whole);
        assertThat(export(format).exported()).isZero();
        assertThat(files(target(format))).isEqualTo(whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"maildir", "mbox", "eml"})
    void aLaterRunBringsItUpToDate(String format) throws Exception {
        export(format);
        append("Work", "Subject: later\r\n\r\nx\r\n", 7);
        expunge("Work", 1);
        try (OpenMailbox open = from.store.mailboxes().open(from.alice, MailboxName.of("Work"), false, () -> {})) {
            open.updateFlags(
                    new int[] {3},
                    new FlagUpdate(FlagUpdate.Mode.REPLACE, Flags.FLAGGED, Set.of("fresh")),
                    OptionalLong.empty());
        }
        ExportReceiver.Summary summary = export(format);
        assertThat(summary.exported()).isEqualTo(format.equals("mbox") ? 3 : 1);
        Map<String, String> after = files(target(format));
        Path old = directory.resolve("old");
        Files.move(target(format), old);
        export(format);
        assertThat(after).as("as one that was made at once").isEqualTo(files(target(format)));
    }

    @Test
    void whatIsNotOursIsLeftAlone() throws Exception {
        Files.createDirectories(target("maildir"));
        Path foreign = Files.writeString(target("maildir").resolve("notes.txt"), "mine");
        assertThatThrownBy(() -> export("maildir")).hasMessageContaining("is not empty, and no export");
        Files.delete(foreign);
        export("maildir");
        assertThatThrownBy(() -> new MaildirTarget(target("maildir"), "bob@example.test", false))
                .hasMessageContaining("holds another export (maildir alice@example.test)");
        assertThatThrownBy(() -> new MboxTarget(target("maildir"), ADDRESS)).hasMessageContaining("another export");
        Path delivered = Files.writeString(target("maildir").resolve(".Work/new/1.M2P3.host"), "Subject: x\n\n");
        assertThatThrownBy(() -> export("maildir")).hasMessageContaining("another program uses");
        assertThat(delivered).exists();
        Files.delete(delivered);
        Path link = target("maildir").resolve(".Work/cur");
        Path elsewhere = directory.resolve("elsewhere");
        Files.move(link, elsewhere);
        Files.createSymbolicLink(link, elsewhere);
        assertThatThrownBy(() -> export("maildir")).isInstanceOf(IOException.class);
    }

    @Test
    void aServerThatStopsSaysSo() throws Exception {
        from.stopping = () -> true;
        assertThatThrownBy(() -> export("eml")).hasMessageContaining("the server stops");
    }

    // ---- EML of others

    @Test
    void emlFilesOfOthersAreTakenAsTheyAre() throws Exception {
        Path tree = Files.createDirectories(directory.resolve("eml/Archive/2025"));
        Files.writeString(tree.resolve("a.EML"), "Date: Thu, 26 Nov 2026 13:00:05 +0200\nSubject: dated\n\nx\n");
        Path undated = Files.writeString(tree.resolve("b.eml"), "Subject: undated\n\ny");
        Files.setLastModifiedTime(undated, java.nio.file.attribute.FileTime.from(Instant.ofEpochSecond(1_500_000_000)));
        Files.writeString(tree.resolve("readme.txt"), "no mail");
        Files.createSymbolicLink(tree.resolve("c.eml"), undated);
        try (Transfer to = new Transfer(directory.resolve("to"))) {
            var automatic = new EmlSource.Options(Optional.empty(), new EmlSource.Dates.Automatic(), 0);
            ImportSender.Summary summary = to.run(new EmlSource(directory.resolve("eml"), automatic));
            assertThat(summary.imported()).isEqualTo(2);
            assertThat(to.warnings).singleElement().asString().contains("c.eml: ", "links are not followed");
            assertThat(to.messages("Archive/2025"))
                    .extracting(Transfer.Stored::seconds)
                    .containsExactly(Instant.parse("2026-11-26T11:00:05Z").getEpochSecond(), 1_500_000_000L);
            var single = new EmlSource.Options(
                    Optional.of(MailboxName.of("One")),
                    new EmlSource.Dates.At(Instant.ofEpochSecond(1_000_000_000)),
                    Flags.SEEN | Flags.FLAGGED);
            to.run(new EmlSource(undated, single));
            assertThat(to.messages("One"))
                    .containsExactly(new Transfer.Stored(
                            1, Set.of("\\Seen", "\\Flagged"), 1_000_000_000L, "Subject: undated\r\n\r\ny"));
            assertThatThrownBy(() -> new EmlSource(tree, automatic)).hasMessageContaining("name a mailbox");
            assertThatThrownBy(() -> new EmlSource(directory.resolve("none"), single))
                    .hasMessageContaining("no such file");
        }
    }

    @Test
    void datesOfHeaders() {
        Map<String, String> dates = new HashMap<>();
        dates.put("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"); // RFC 5322 appendix A.1.1
        dates.put("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"); // appendix A.6.2
        dates.put(" 1 jan 2030 1:02 EST (a comment)", "2030-01-01T06:02:00Z");
        dates.forEach((text, instant) -> assertThat(DateField.parse(text))
                .as(text)
                .hasValueSatisfying(date ->
                        assertThat(Instant.ofEpochMilli(date.epochMillis())).isEqualTo(Instant.parse(instant))));
        assertThat(DateField.parse("yesterday")).isEmpty();
        assertThat(DateField.parse("31 Feb 2020 10:00:00 +0000")).isEmpty();
    }
}
