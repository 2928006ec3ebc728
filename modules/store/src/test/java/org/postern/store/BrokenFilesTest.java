package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Each way of breaking a file: `store verify` finds and names it, and everything else is still served.
class BrokenFilesTest {
    private static final int MESSAGES = 6;

    @TempDir
    static Path prepared;

    @TempDir
    Path directory;

    private final List<Finding> findings = new ArrayList<>();

    /// Two segments with six messages each: that is, two starts of the server.
    @BeforeAll
    static void fill() throws IOException {
        for (int segment = 1; segment <= 2; segment++) {
            try (var fixture = new StoreFixture(prepared.resolve("data"))) {
                for (int index = 1; index <= MESSAGES; index++) {
                    fixture.append(fixture.alice, "INBOX", message(segment, index), 0);
                }
            }
        }
    }

    @BeforeEach
    void copy() throws IOException {
        Directories.copy(prepared.resolve("data"), data());
        assertThat(segment(1)).exists();
        assertThat(segment(2)).exists();
    }

    private Path data() {
        return directory.resolve("data");
    }

    private static String message(int segment, int index) {
        return StoreFixture.message("number " + index + " of " + segment) + "x".repeat(20_000) + "\r\n";
    }

    private Path segment(int number) {
        return data().resolve("blobs/1-" + number + ".segment");
    }

    private Path database() {
        return data().resolve("database/postern.mv.db");
    }

    private VerifyReport verify() throws IOException {
        return verify(VerifyOptions.ALL);
    }

    private VerifyReport verify(VerifyOptions options) throws IOException {
        Path scratch = Files.createTempDirectory(directory, "scratch");
        findings.clear();
        return StoreVerifier.verifyDirectory(data(), scratch, options, findings::add, WorkProgress.NONE);
    }

    private List<Long> uidsOf(Finding.Kind kind) {
        return findings.stream()
                .filter(finding -> finding.kind() == kind)
                .map(finding -> finding.where().uid())
                .filter(OptionalLong::isPresent)
                .map(OptionalLong::getAsLong)
                .sorted()
                .toList();
    }

    /// Reads every message as a client would; those that cannot be read are missing in the result.
    private Map<Long, String> served() throws IOException {
        Map<Long, String> texts = new TreeMap<>();
        try (var fixture = new StoreFixture(data());
                OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uids()).hasSize(2 * MESSAGES);
            for (int uid : inbox.uids()) {
                try {
                    String text = StoreFixture.text(inbox, uid);
                    // verify's finding is about the checksum; a read tells it where it reads through one
                    if (text.equals(message(uid <= MESSAGES ? 1 : 2, (uid - 1) % MESSAGES + 1))) {
                        texts.put((long) uid, text);
                    }
                } catch (IOException | RuntimeException damaged) {
                    // this one is lost
                }
            }
            // and new mail is taken as ever
            fixture.append(fixture.alice, "Archive", StoreFixture.message("after it"), 0);
        }
        return texts;
    }

    @Test
    void nothingIsFoundWhereNothingIsBroken() throws IOException {
        VerifyReport report = verify();
        assertThat(findings).isEmpty();
        assertThat(report.clean()).isTrue();
        assertThat(report.messages()).isEqualTo(2 * MESSAGES);
        assertThat(report.blobs()).isEqualTo(2 * MESSAGES);
        assertThat(served()).hasSize(2 * MESSAGES);
    }

    @Test
    void aSegmentThatIsCutOff() throws IOException {
        try (FileChannel file = FileChannel.open(segment(1), StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }
        for (VerifyOptions options : List.of(VerifyOptions.ALL, VerifyOptions.QUICK)) {
            assertThat(verify(options).clean()).isFalse();
            assertThat(findings).anySatisfy(finding -> {
                assertThat(finding.kind()).isEqualTo(Finding.Kind.SEGMENT_TRUNCATED);
                assertThat(finding.where().file()).contains("blobs/1-1.segment");
            });
            assertThat(uidsOf(Finding.Kind.MESSAGE_UNREADABLE)).containsExactly(4L, 5L, 6L);
        }
        assertThat(findings)
                .filteredOn(finding -> finding.kind() == Finding.Kind.MESSAGE_UNREADABLE)
                .allSatisfy(finding -> {
                    assertThat(finding.where().toString())
                            .startsWith("alice@example.test, mailbox INBOX, UID ")
                            .contains("segment 1-1 at ");
                    assertThat(finding.what()).contains("subject \"number ");
                });
        assertThat(served()).doesNotContainKeys(4L, 5L, 6L).hasSize(2 * MESSAGES - 3);
    }

    @Test
    void aSegmentThatIsGone() throws IOException {
        Files.delete(segment(2));
        assertThat(verify(VerifyOptions.QUICK).clean()).isFalse();
        assertThat(findings).anySatisfy(finding -> {
            assertThat(finding.kind()).isEqualTo(Finding.Kind.SEGMENT_MISSING);
            assertThat(finding.where().file()).contains("blobs/1-2.segment");
            assertThat(finding.what()).isEqualTo(MESSAGES + " message bodies were in it");
        });
        assertThat(uidsOf(Finding.Kind.MESSAGE_UNREADABLE)).containsExactly(7L, 8L, 9L, 10L, 11L, 12L);
        assertThat(served().keySet()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    }

    @Test
    void twoSegmentsThatAreSwapped() throws IOException {
        Path aside = directory.resolve("aside");
        Files.move(segment(1), aside);
        Files.move(segment(2), segment(1));
        Files.move(aside, segment(2));
        assertThat(verify().clean()).isFalse();
        // every record is whole, and stands where another of the same length should
        assertThat(uidsOf(Finding.Kind.MESSAGE_UNREADABLE)).hasSize(2 * MESSAGES);
        assertThat(findings)
                .filteredOn(finding -> finding.kind() == Finding.Kind.MESSAGE_UNREADABLE)
                .allSatisfy(finding -> assertThat(finding.what()).contains("SHA-256"));
    }

    /// A bit of each message's record: in its header, at its beginning, in its middle, its last.
    @ParameterizedTest
    @ValueSource(doubles = {-18, -3, 0, 0.5, 1})
    void aBitThatFlips(double where) throws IOException {
        long record = Files.size(segment(1)) / MESSAGES;
        long third = 2 * record + SegmentRecord.overhead(1);
        long position =
                where < 0 ? third + (long) where : (long) (third + where * (record - SegmentRecord.overhead(1) - 1));
        flip(segment(1), position, 4);
        assertThat(verify().clean()).isFalse();
        assertThat(uidsOf(Finding.Kind.MESSAGE_UNREADABLE)).containsExactly(3L);
        assertThat(findings).hasSize(1);
        Map<Long, String> texts = served();
        assertThat(texts).containsKeys(1L, 2L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L, 12L);
        if (where >= 0) {
            assertThat(texts).doesNotContainKey(3L);
        }
    }

    private static void flip(Path file, long position, int bit) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer octet = ByteBuffer.allocate(1);
            channel.read(octet, position);
            octet.put(0, (byte) (octet.get(0) ^ 1 << bit)).rewind();
            channel.write(octet, position);
        }
    }

    @Test
    void aFileThatNobodyNames() throws IOException {
        Files.writeString(data().resolve("blobs/notes.txt"), "x");
        Files.copy(segment(1), data().resolve("blobs/1-7.segment"));
        assertThat(verify().clean()).isTrue();
        assertThat(findings)
                .extracting(Finding::kind)
                .containsExactly(Finding.Kind.DEAD_SPACE, Finding.Kind.UNKNOWN_FILE);
    }

    // ---- the database's file

    @Test
    void aDatabaseThatIsGone() throws IOException {
        Files.delete(database());
        assertThat(verify().clean()).isFalse();
        assertThat(findings).extracting(Finding::kind).containsExactly(Finding.Kind.DATABASE_MISSING);
        assertThatThrownBy(() -> new StoreFixture(data()))
                .isInstanceOf(StoreFailure.class)
                .hasMessageContaining("postern.mv.db is missing, and there is mail");
        assertThat(database()).doesNotExist(); // no new one was made
    }

    @Test
    void aDatabaseThatIsCutOff() throws IOException {
        byte[] whole = Files.readAllBytes(database());
        for (int part = 1; part <= 8; part++) {
            Files.write(database(), Arrays.copyOf(whole, (int) (whole.length * (part / 9.0))));
            assertThat(verify().clean()).isFalse();
            assertThat(findings).extracting(Finding::kind).contains(Finding.Kind.DATABASE_ALTERED);
            assertThat(findings.getFirst().where().file()).contains("database/postern.mv.db");
            assertThatThrownBy(() -> new StoreFixture(data()))
                    .isInstanceOf(StoreFailure.class)
                    .hasMessageContaining("it had " + whole.length + " octets");
        }
        Files.write(database(), whole);
        assertThat(served()).hasSize(2 * MESSAGES);
    }

    @Test
    void aBitThatFlipsInTheDatabase() throws IOException {
        byte[] whole = Files.readAllBytes(database());
        for (int place = 0; place < 8; place++) {
            int position = (int) (whole.length * (place + 0.5) / 8);
            flip(database(), position, place % 8);
            assertThat(verify(VerifyOptions.QUICK).clean())
                    .as("octet %d", position)
                    .isFalse();
            assertThat(findings)
                    .as("octet %d", position)
                    .extracting(Finding::kind)
                    .contains(Finding.Kind.DATABASE_ALTERED);
            Files.write(database(), whole);
        }
    }

    /// The note beside the file goes with the first start, and is made anew by the next orderly end.
    @Test
    void aDatabaseOfARunningOrCrashedServerIsNotComparedByItsChecksum() throws IOException {
        try (var fixture = new StoreFixture(data())) {
            Path copy = directory.resolve("copy");
            Directories.copy(data(), copy);
            assertThat(copy.resolve("database/closed")).doesNotExist();
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("more"), 0);
        }
        assertThat(data().resolve("database/closed")).exists();
        assertThat(verify().clean()).isTrue();
    }

    @Test
    void aRowThatDoesNotSayWhatTheOctetsSay() throws IOException {
        try (Database database = Database.openH2(data().resolve("database"))) {
            database.change(connection -> MailboxRows.update(
                    connection, "update message set sent_date = 12 where id = (select min(id) from message)"));
            database.checkpoint();
        }
        Files.deleteIfExists(data().resolve("database/closed"));
        assertThat(verify(VerifyOptions.QUICK).clean()).isTrue();
        assertThat(verify().clean()).isFalse();
        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo(Finding.Kind.DERIVED_DATA);
            assertThat(finding.what()).contains("sent date");
        });
    }
}
