package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `store repair`: whatever was broken in the rows is in order afterwards, all at once; a message that cannot be
/// read is named, and goes only when it is to be given up.
class RepairTest {
    /// Each breaks something else; none of it loses a message.
    private static final List<String> BREAKAGES = List.of(
            "update account set used_octets = used_octets + 1 where local_key = 'alice'",
            "update message set reference_count = reference_count + 1 where id = (select min(id) from message)",
            "update blob set reference_count = 7 where id = (select max(id) from blob)",
            "insert into blob (node, segment, position, length, digest, reference_count)"
                    + " select node, segment, position, length, digest, 0 from blob where id = (select min(id) from blob)",
            "insert into message (blob, prefix, size, extractor_version, envelope, body, body_structure, outline,"
                    + " sent_date, reference_count) select blob, prefix, size, extractor_version, envelope, body,"
                    + " body_structure, outline, sent_date, 0 from message where id = (select min(id) from message)",
            "delete from entry where id = (select min(id) from entry)",
            "update message set size = size + 1 where id = (select max(id) from message)",
            "update snapshot_chunk set state = X'01ff' where mailbox = (select max(mailbox) from snapshot_chunk)",
            "update mailbox set uid_next = 3 where id = (select min(id) / 4294967296 from entry)",
            "update mailbox set modseq = 2 where id = (select min(id) / 4294967296 from entry)",
            "insert into keyword values (999, 0, 'x')",
            "delete from keyword",
            "update mailbox set special_use = 'SENT' where name = 'Junk'",
            "update mailbox set name = 'Other' where name = 'Drafts' and account = (select min(id) from account)",
            "update account set uid_validity = 1 where local_key = 'bob'",
            "update message set envelope = X'28' where id = (select max(id) from message)");

    @TempDir
    static Path prepared;

    @TempDir
    Path directory;

    private final List<Finding> remaining = new ArrayList<>();

    @BeforeAll
    static void fill() throws IOException {
        try (var fixture = new StoreFixture(prepared.resolve("data"))) {
            for (int index = 1; index <= 8; index++) {
                fixture.append(fixture.alice, "INBOX", StoreFixture.message("m" + index), 0, "$Forwarded");
            }
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                inbox.updateFlags(
                        new int[] {2, 3},
                        new FlagUpdate(FlagUpdate.Mode.ADD, Flags.SEEN | Flags.DELETED, Set.of()),
                        OptionalLong.empty());
                inbox.expunge(new int[] {2});
                inbox.copy(new int[] {4}, new MailboxName("Archive"));
            }
            fixture.append(fixture.bob, "INBOX", StoreFixture.message("for bob"), Flags.SEEN);
        }
    }

    @BeforeEach
    void copy() throws IOException {
        Directories.copy(prepared.resolve("data"), data());
    }

    private Path data() {
        return directory.resolve("data");
    }

    private RepairReport repair(boolean expungeUnreadable) throws IOException {
        return StoreRepair.repair(data(), expungeUnreadable, remaining::add, WorkProgress.NONE);
    }

    @Test
    void aStoreInOrderStaysAsItIs() throws IOException {
        RepairReport report = repair(true);
        assertThat(report.mended()).isEmpty();
        assertThat(report.lost()).isEmpty();
        assertThat(report.after().clean()).isTrue();
        assertThat(report.databaseBefore()).exists();
    }

    @Test
    void whatIsBrokenInTheRowsIsMendedAndNoMessageGoes() throws IOException {
        try (Database database = Database.openH2(data().resolve("database"))) {
            for (String breakage : BREAKAGES) {
                database.change(connection -> {
                    assertThat(MailboxRows.update(connection, breakage))
                            .as(breakage)
                            .isPositive();
                });
            }
            database.checkpoint();
        }
        RepairReport report = repair(false);
        assertThat(remaining)
                .filteredOn(finding -> finding.severity() != Finding.Severity.NOTE)
                .isEmpty();
        assertThat(report.after().clean()).isTrue();
        assertThat(report.mended()).isNotEmpty();
        assertThat(report.lost()).isEmpty();
        try (var fixture = new StoreFixture(data());
                OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uids()).containsExactly(1, 3, 4, 5, 6, 7, 8);
            for (int uid : inbox.uids()) {
                assertThat(StoreFixture.text(inbox, uid)).isEqualTo(StoreFixture.message("m" + uid));
            }
            assertThat(StoreFixture.flags(inbox, 3) & (Flags.SEEN | Flags.DELETED))
                    .isEqualTo(Flags.SEEN | Flags.DELETED);
            assertThat(StoreFixture.flags(inbox, 1)).isEqualTo(1L << Flags.FIRST_KEYWORD);
            assertThat(fixture.append(fixture.alice, "INBOX", StoreFixture.message("next"), 0)
                            .uids())
                    .containsExactly(9);
        }
        assertThat(repair(false).mended()).isEmpty();
    }

    @Test
    void aMessageThatCannotBeReadIsNamedAndGoesOnlyWhenItIsGivenUp() throws IOException {
        try (FileChannel segment = FileChannel.open(
                data().resolve("blobs/1-1.segment"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            segment.write(ByteBuffer.wrap(new byte[] {'#'}), SegmentRecord.overhead(1) + 10); // UID 1
        }
        RepairReport named = repair(false);
        assertThat(named.after().clean()).isFalse();
        assertThat(named.lost()).singleElement().satisfies(lost -> {
            assertThat(lost.where().toString()).startsWith("alice@example.test, mailbox INBOX, UID 1, segment 1-1");
            assertThat(lost.subject()).contains("m1");
            assertThat(lost.expunged()).isFalse();
        });
        RepairReport given = repair(true);
        assertThat(given.after().clean()).isTrue();
        assertThat(given.lost()).singleElement().satisfies(lost -> {
            assertThat(lost.expunged()).isTrue();
            assertThat(Files.readString(lost.salvaged().orElseThrow()))
                    .hasSize(StoreFixture.message("m1").length())
                    .contains("The body of m1.");
        });
        try (var fixture = new StoreFixture(data());
                OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uids()).containsExactly(3, 4, 5, 6, 7, 8);
            assertThat(fixture.store
                            .accounts()
                            .account("alice@example.test")
                            .orElseThrow()
                            .usedMessages())
                    .isEqualTo(7);
        }
    }
}
