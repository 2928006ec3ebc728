package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.store.Flags;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;

class MaildirTest {
    @TempDir
    private Path directory;

    private Path root;
    private Transfer transfer;

    @BeforeEach
    void open() throws IOException {
        root = maildir(directory.resolve("Maildir"));
        transfer = new Transfer(directory.resolve("data"));
    }

    @AfterEach
    void close() {
        transfer.close();
    }

    private static Path maildir(Path path) throws IOException {
        for (String each : List.of("cur", "new", "tmp")) {
            Files.createDirectories(path.resolve(each));
        }
        return path;
    }

    private static Path put(Path maildir, String name, String text) throws IOException {
        Path file = Files.write(maildir.resolve(name), text.getBytes(ISO_8859_1));
        Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_500_000_000L)));
        return file;
    }

    private List<Long> uids(String mailbox) throws IOException {
        return transfer.messages(mailbox).stream().map(Transfer.Stored::uid).toList();
    }

    // ---- names

    @Test
    void aFileNameHoldsFlagsAndHints() {
        assertThat(MaildirName.parse("1700000000.M1P2.host,S=12,W=14:2,FRSdbb"))
                .isEqualTo(new MaildirName(
                        "1700000000.M1P2.host,S=12,W=14",
                        Flags.FLAGGED | Flags.ANSWERED | Flags.SEEN,
                        "db",
                        false,
                        OptionalLong.of(14)));
        assertThat(MaildirName.parse("x:2,DPT").systemFlags()).isEqualTo(Flags.DRAFT | Flags.DELETED);
        assertThat(MaildirName.parse("x:2,P").forwarded()).isTrue();
        assertThat(MaildirName.parse("x:2,S,F").systemFlags()).isEqualTo(Flags.SEEN);
        assertThat(MaildirName.parse("x:1,S").systemFlags()).isZero();
        assertThat(MaildirName.parse("x,W=1x:2,").virtualSize()).isEmpty();
        assertThat(MaildirName.parse("1700000000.x").seconds()).isEqualTo(1_700_000_000);
        assertThat(MaildirName.parse("").unique()).isEmpty();
    }

    @Test
    void mailboxNamesInEitherEncoding() {
        assertThat(Names.mailbox("Work/R&AOQ-ume").value()).isEqualTo("Work/Räume");
        assertThat(Names.mailbox(new String("Räume".getBytes(UTF_8), ISO_8859_1))
                        .value())
                .isEqualTo("Räume");
        assertThat(Names.mailbox("R &- D").value()).isEqualTo("R & D");
        assertThat(Names.mailbox("R&D").value()).isEqualTo("R&D");
        assertThatThrownBy(() -> Names.mailbox("R\u00e4ume")).hasMessageContaining("neither");
    }

    // ---- Dovecot's files

    private static UidList uidList(String text) throws IOException {
        return UidList.read(new ByteArrayInputStream(text.getBytes(ISO_8859_1)));
    }

    @Test
    void aUidListOfEachVersion() throws IOException {
        UidList list = uidList("3 V1700000000 N14 Gabc\n1 W12 S10 :a.b:2,S\n12 :c d:x\n20 G1 :e\n");
        assertThat(list.uidValidity()).isEqualTo(1_700_000_000);
        assertThat(list.uidNext()).isEqualTo(21);
        assertThat(list.uid("a.b")).hasValue(1);
        assertThat(list.uid("c d")).hasValue(12);
        assertThat(list.uid("f")).isEmpty();
        UidList old = uidList("1 5 9\n3 a.b:2,S\n4 c d");
        assertThat(old.uidValidity()).isEqualTo(5);
        assertThat(old.uidNext()).isEqualTo(9);
        assertThat(old.uid("c d")).hasValue(4);
        assertThat(uidList("3 V1 N1\n").size()).isZero();
    }

    @Test
    void aBrokenUidListIsRefused() {
        for (String broken : List.of(
                "",
                "2 V1 N1\n",
                "3 V0 N1\n",
                "3 N1\n",
                "3 V1 N99999999999\n",
                "3 V1 N9\n2 :a\n1 :b\n",
                "3 V1 N9\n2 :a\n2 :b\n",
                "3 V1 N9\nx :a\n",
                "3 V1 N9\n1 a\n",
                "3 V1 N9\n1 :\n",
                "3 V1 N9\n4294967295 :a\n",
                "3 V1 N9\n1 :" + "a".repeat(70_000) + "\n")) {
            assertThatThrownBy(() -> uidList(broken)).as("%.40s", broken).isInstanceOf(IOException.class);
        }
    }

    @Test
    void keywordsAndSubscriptions() throws IOException {
        String[] keywords =
                DovecotFiles.keywords(new ByteArrayInputStream("0 a\n2 $c\n25 z\n26 beyond\nx y\n".getBytes(UTF_8)));
        assertThat(keywords[0] + keywords[1] + keywords[2] + keywords[25]).isEqualTo("a$cz");
        assertThat(DovecotFiles.subscriptions(new ByteArrayInputStream("A.B\nC\n".getBytes(UTF_8)), '.'))
                .containsExactly("A/B", "C");
        assertThat(DovecotFiles.subscriptions(
                        new ByteArrayInputStream("V\t2\n\nA\tB.C\nD\u0001tE\n".getBytes(UTF_8)), '.'))
                .containsExactly("A/B.C", "D\tE");
        assertThat(DovecotFiles.uidValidity(new ByteArrayInputStream("6b083404".getBytes(UTF_8))))
                .isEqualTo(0x6b083404L);
        assertThat(DovecotFiles.uidValidity(new ByteArrayInputStream("zzz".getBytes(UTF_8))))
                .isZero();
    }

    // ---- octets

    @Test
    void lineEndsBecomeCrlf() throws IOException {
        String text = "a\nb\r\nc\rd\n\n\r\r\ne\0f".repeat(5_000);
        var expected = text.replaceAll("(?<!\r)\n", "\r\n").replace('\0', '\u0080');
        for (int size : new int[] {1, 2, 3, 7, 8192, 1 << 20}) {
            var in = new CrlfInputStream(new ByteArrayInputStream(text.getBytes(ISO_8859_1)));
            var read = new StringBuilder();
            byte[] buffer = new byte[size];
            for (int count = in.read(buffer, 0, size); count >= 0; count = in.read(buffer, 0, size)) {
                assertThat(count).isPositive();
                read.append(new String(buffer, 0, count, ISO_8859_1));
            }
            assertThat(read.toString()).isEqualTo(expected);
        }
    }

    // ---- imports

    @Test
    void aTreeIsImportedWithAllThatIsKnown() throws IOException {
        put(root, "cur/1500000002.b.host,S=9,W=11:2,FSa", "B: 1\n\nb\n");
        put(root, "new/1500000003.c.host", "C: 1\n\nc\n");
        put(root, "cur/1500000001.a.host:2,RPb", "A: 1\r\n\r\na\r\n");
        put(root, "dovecot-keywords", "0 later\n1 bad keyword\n");
        Path sub = maildir(root.resolve(".Work.R&AOQ-ume"));
        put(sub, "cur/1.x.host:2,DT", "X: 1\n\nx\n");
        maildir(root.resolve(".Empty"));
        put(root, "subscriptions", "Work.R&AOQ-ume\n");
        ImportSender.Summary summary = transfer.run(new MaildirSource(
                root,
                new MaildirSource.Options(
                        MaildirSource.Layout.AUTOMATIC,
                        Optional.empty(),
                        "",
                        Map.of(MailboxName.of("Empty"), SpecialUse.ARCHIVE),
                        false)));
        assertThat(summary).isEqualTo(new ImportSender.Summary(3, 4, 0, 0, 0, 0, 0, 0, 0));
        assertThat(transfer.warnings).isEmpty();
        List<Transfer.Stored> inbox = transfer.messages("INBOX");
        assertThat(inbox)
                .extracting(Transfer.Stored::text)
                .containsExactly("A: 1\r\n\r\na\r\n", "B: 1\r\n\r\nb\r\n", "C: 1\r\n\r\nc\r\n");
        assertThat(inbox)
                .extracting(message -> String.join(" ", message.flags()))
                .containsExactly("$Forwarded \\Answered", "\\Flagged \\Seen later", "");
        assertThat(inbox).allSatisfy(message -> assertThat(message.seconds()).isEqualTo(1_500_000_000L));
        assertThat(transfer.messages("Work/Räume"))
                .singleElement()
                .satisfies(message -> assertThat(message.flags()).containsExactly("\\Deleted", "\\Draft"));
        assertThat(transfer.store.mailboxes().list(transfer.alice))
                .filteredOn(listing ->
                        List.of("Empty", "Work/Räume").contains(listing.name().value()))
                .extracting(listing -> listing.name() + " " + listing.subscribed() + " " + listing.specialUse())
                .containsExactly("Empty false Optional[ARCHIVE]", "Work/Räume true Optional.empty");
    }

    @Test
    void aSecondRunAddsOnlyWhatIsNew() throws IOException {
        put(root, "cur/1.a.host:2,", "A: 1\n\na\n");
        put(root, "new/2.b.host", "B: 1\n\nb\n");
        assertThat(transfer.maildir(root).imported()).isEqualTo(2);
        // as a client that reads it would leave it
        Files.move(root.resolve("new/2.b.host"), root.resolve("cur/2.b.host:2,S"));
        put(root, "new/3.c.host", "C: 1\n\nc\n");
        transfer.trial = true;
        assertThat(transfer.maildir(root)).isEqualTo(new ImportSender.Summary(1, 1, 2, 0, 0, 0, 0, 0, 0));
        transfer.trial = false;
        assertThat(transfer.maildir(root)).isEqualTo(new ImportSender.Summary(1, 1, 2, 0, 0, 0, 0, 0, 0));
        assertThat(transfer.messages("INBOX")).hasSize(3);
    }

    @Test
    void uidsOfDovecotAreKept() throws IOException {
        put(root, "cur/1.a.host,W=11:2,S", "A: 1\n\na\n");
        put(root, "cur/2.b.host:2,", "B: 1\n\nb\n");
        put(root, "new/3.c.host", "C: 1\n\nc\n");
        put(root, "dovecot-uidlist", "3 V1790000000 N30\n5 :2.b.host\n17 W11 :1.a.host,W=11:2,\n19 :gone\n");
        put(root, "dovecot-uidvalidity", "6b49d210"); // 1,800,000,016
        ImportSender.Summary summary = transfer.maildir(root);
        assertThat(summary).isEqualTo(new ImportSender.Summary(1, 3, 0, 0, 1, 0, 0, 0, 0));
        // the one that Dovecot has not seen comes last
        assertThat(transfer.messages("INBOX"))
                .extracting(message -> message.uid() + message.text().substring(0, 1))
                .containsExactly("5B", "17A", "18C");
        var status = transfer.store.mailboxes().status(transfer.alice, MailboxName.INBOX);
        assertThat(status.uidValidity()).isEqualTo(1_790_000_000L);
        assertThat(status.uidNext()).isEqualTo(30);
        transfer.store.mailboxes().create(transfer.alice, MailboxName.of("Later"), Optional.empty());
        assertThat(transfer.store
                        .mailboxes()
                        .status(transfer.alice, MailboxName.of("Later"))
                        .uidValidity())
                .isGreaterThan(1_800_000_016L);
    }

    @Test
    void whereUidsCannotBeKeptTheOperatorIsTold() throws IOException {
        put(root, "cur/1.a.host:2,S", "A: 1\n\na\n");
        put(root, "dovecot-uidlist", "3 V7 N30\n5 :1.a.host\n");
        Path broken = maildir(root.resolve(".Broken"));
        put(broken, "cur/1.x.host:2,S", "X: 1\n\nx\n");
        put(broken, "dovecot-uidlist", "3 V1790000000 N30\nfive :1.x.host\n");
        transfer.requireUids = true;
        assertThatThrownBy(() -> transfer.maildir(root))
                .isInstanceOf(ImportSender.ImportStopped.class)
                .hasMessageContaining("UIDVALIDITY 7");
        transfer.requireUids = false;
        assertThat(transfer.maildir(root).keptUids()).isZero();
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains("INBOX", "UIDVALIDITY 7"));
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains("line 2"));
        assertThat(transfer.messages("INBOX")).hasSize(1);
        assertThat(transfer.messages("Broken")).hasSize(1);
    }

    @Test
    void aSizeThatClientsWereToldOtherwiseIsNamed() throws IOException {
        put(root, "cur/1.a.host,W=99:2,S", "A: 1\n\na\n");
        assertThat(transfer.maildir(root).differentSizes()).isEqualTo(1);
        assertThat(transfer.warnings).singleElement().asString().contains("1.a.host", "11", "99");
    }

    @Test
    void packedMessagesAreUnpacked() throws IOException {
        Path file = put(root, "cur/1.a.host,S=11,W=12:2,S", "");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("A: 1\n\na\n\n".getBytes(UTF_8));
        }
        Files.write(root.resolve("cur/2.b.host:2,S"), new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0});
        ImportSender.Summary summary = transfer.maildir(root);
        assertThat(summary.imported()).isEqualTo(1);
        assertThat(summary.failed()).isEqualTo(1);
        assertThat(transfer.messages("INBOX").getFirst().text()).isEqualTo("A: 1\r\n\r\na\r\n\r\n");
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains("2.b.host", "zstd"));
    }

    // ---- what is broken

    @Test
    void linksAreNotFollowed() throws IOException {
        Path secret = Files.writeString(directory.resolve("secret"), "Secret: 1\n\nsecret\n");
        Path others = maildir(directory.resolve("others"));
        put(others, "cur/1.o.host:2,", "O: 1\n\no\n");
        Files.createSymbolicLink(root.resolve("cur/1.link.host:2,S"), secret);
        Files.createSymbolicLink(root.resolve(".Link"), others);
        Path half = Files.createDirectories(root.resolve(".Half"));
        Files.createSymbolicLink(half.resolve("cur"), others.resolve("cur"));
        Files.createDirectories(half.resolve("new"));
        put(root, "cur/2.a.host:2,S", "A: 1\n\na\n");
        Files.createSymbolicLink(directory.resolve("way"), root);
        ImportSender.Summary summary = transfer.maildir(directory.resolve("way")); // this one is the operator's own
        assertThat(summary.imported()).isEqualTo(1);
        assertThat(summary.failed()).isEqualTo(2);
        assertThat(transfer.warnings)
                .anySatisfy(warning -> assertThat(warning).contains("1.link.host", "not followed"));
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains(".Link", "not followed"));
        assertThat(transfer.mailboxes()).doesNotContain("Link", "Half");
    }

    @Test
    void whatIsNoMaildirIsRefused() throws IOException {
        Path empty = Files.createDirectories(directory.resolve("empty"));
        assertThatThrownBy(() -> transfer.maildir(empty)).hasMessageContaining("no Maildir");
        assertThatThrownBy(() -> transfer.maildir(directory.resolve("missing"))).isInstanceOf(IOException.class);
    }

    @Test
    void whatCannotBeReadIsNamedAndTheRestGoesOn() throws IOException {
        put(root, "cur/1.a.host:2,S", "A: 1\n\na\n");
        Path denied = put(root, "cur/2.b.host:2,S", "B: 1\n\nb\n");
        Files.createDirectory(root.resolve("cur/3.directory.host:2,S"));
        put(root, "cur/4.c.host:2,S", "\0\u0001\u00ff binary \r no line end");
        put(root, "cur/5.empty.host:2,S", "");
        Path closed = maildir(root.resolve(".Closed"));
        put(closed, "cur/1.x.host:2,S", "X: 1\n\nx\n");
        Files.setPosixFilePermissions(denied, PosixFilePermissions.fromString("---------"));
        Files.setPosixFilePermissions(closed.resolve("cur"), PosixFilePermissions.fromString("---------"));
        boolean asRoot = Files.isReadable(denied); // nothing is denied to root
        ImportSender.Summary summary;
        try {
            summary = transfer.maildir(root);
        } finally {
            Files.setPosixFilePermissions(closed.resolve("cur"), PosixFilePermissions.fromString("rwx------"));
        }
        assertThat(summary.failed()).isEqualTo(asRoot ? 1 : 3);
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains("3.directory.host"));
        assertThat(transfer.messages("INBOX"))
                .extracting(Transfer.Stored::text)
                .contains("A: 1\r\n\r\na\r\n", "\u0080\u0001\u00ff binary \r no line end", "");
        Assumptions.assumeFalse(asRoot, "nothing is denied to root");
        assertThat(transfer.warnings)
                .anySatisfy(warning -> assertThat(warning).contains("2.b.host", "permission denied"));
        assertThat(transfer.warnings)
                .anySatisfy(warning -> assertThat(warning).contains(".Closed", "permission denied"));
    }

    @Test
    void namesThatNoMailboxCanHaveAreNamed() throws IOException {
        maildir(root.resolve(".A..B"));
        maildir(root.resolve(".inbox.sub"));
        maildir(root.resolve(".Cafe\u0301"));
        maildir(root.resolve(".Caf\u00e9"));
        maildir(root.resolve(".odd \"name\" (1)"));
        put(root, "cur/ 'odd' \u00e4.host:2,S", "A: 1\n\na\n");
        ImportSender.Summary summary = transfer.maildir(root);
        assertThat(summary.imported()).isEqualTo(1);
        assertThat(summary.failed()).isEqualTo(2);
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains(".A..B"));
        assertThat(transfer.warnings).anySatisfy(warning -> assertThat(warning).contains("--mailbox"));
        assertThat(transfer.mailboxes()).contains("INBOX/sub", "Café", "odd \"name\" (1)");
        assertThat(transfer.maildir(root).known()).isEqualTo(1);
    }

    @Test
    void directoriesForLevels() throws IOException {
        maildir(root.resolve("Work/2026"));
        put(maildir(root.resolve("Work")), "cur/1.a.host:2,", "A: 1\n\na\n");
        put(root.resolve("Work/2026"), "new/1.b.host", "B: 1\n\nb\n");
        assertThat(transfer.maildir(root).imported()).isEqualTo(2);
        assertThat(transfer.messages("Work")).hasSize(1);
        assertThat(transfer.messages("Work/2026")).hasSize(1);
    }

    // ---- going on

    @Test
    void anImportThatStopsGoesOnWhereItWas() throws IOException {
        List<String> texts = new ArrayList<>();
        var list = new StringBuilder("3 V1790000000 N1001\n");
        for (int index = 1; index <= 450; index++) {
            put(root, "cur/" + index + ".a.host:2,", "A: " + index + "\n\na\n");
            list.append(index * 2).append(" :").append(index).append(".a.host\n");
            texts.add(index * 2 + " A: " + index + "\r\n\r\na\r\n");
        }
        put(root, "dovecot-uidlist", list.toString());
        int[] batches = {0};
        transfer.stopping = () -> ++batches[0] == 2; // of three
        assertThatThrownBy(() -> transfer.maildir(root))
                .isInstanceOf(ImportSender.ImportStopped.class)
                .hasMessageContaining("run the command again");
        assertThat(transfer.messages("INBOX")).as("hidden").isEmpty();
        transfer.close();
        transfer = new Transfer(directory.resolve("data"));
        assertThat(transfer.maildir(root)).isEqualTo(new ImportSender.Summary(1, 250, 200, 0, 1, 0, 0, 0, 0));
        assertThat(transfer.messages("INBOX"))
                .extracting(message -> message.uid() + " " + message.text())
                .containsExactlyElementsOf(texts);
    }

    @Test
    void aFullAccountStopsTheImportAndGoesOnLater() throws IOException {
        for (int index = 1; index <= 10; index++) {
            put(root, "cur/" + index + ".a.host:2,", "A: " + index + "\n\na\n");
        }
        var none = OptionalLong.empty();
        transfer.store
                .accounts()
                .setQuota(transfer.alice, new org.postern.store.Accounts.Quota(none, OptionalLong.of(5)));
        assertThatThrownBy(() -> transfer.maildir(root)).hasMessageContaining("quota");
        transfer.store.accounts().setQuota(transfer.alice, new org.postern.store.Accounts.Quota(none, none));
        assertThat(transfer.maildir(root).imported()).isEqualTo(10);
        assertThat(uids("INBOX")).hasSize(10);
    }

    @Test
    void aClientThatGoesAwayLeavesNothingHalfDone() throws IOException {
        for (int index = 1; index <= 300; index++) {
            put(root, "cur/" + index + ".a.host:2,", "A: " + index + "\n\na\n");
        }
        var listener = new ImportSender.Listener() {
            @Override
            public void progress(String mailbox, long passed, long total, boolean octets) {
                if (passed == 200) {
                    throw new IllegalStateException("killed");
                }
            }

            @Override
            public void warning(String text) {}
        };
        try (var source = new MaildirSource(root, Transfer.options())) {
            assertThatThrownBy(() -> Transfer.between(
                            (in, out) ->
                                    new ImportReceiver(transfer.store, transfer.alice, in, out, () -> false).serve(),
                            (in, out) -> new ImportSender(source, in, out, false, false, listener).run()))
                    .hasMessage("killed");
        }
        assertThat(transfer.messages("INBOX")).hasSize(200);
        assertThat(transfer.maildir(root)).isEqualTo(new ImportSender.Summary(1, 100, 200, 0, 0, 0, 0, 0, 0));
    }

    @Test
    void aLargeMessageAmongSmallOnes() throws IOException {
        put(root, "cur/1.a.host:2,", "A: 1\n\n" + "x".repeat(40 << 20) + "\n"); // one line of 40 MiB
        put(root, "cur/2.b.host:2,", "B: 1\n\nb\n");
        assertThat(transfer.maildir(root).imported()).isEqualTo(2);
        assertThat(transfer.messages("INBOX"))
                .extracting(message -> message.text().length())
                .containsExactly((40 << 20) + 10, 11);
    }
}
