package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `store verify`: each invariant that is broken in the rows is found; beside clients there is no false alarm.
class VerifyTest {
    @TempDir
    static Path prepared;

    @TempDir
    Path directory;

    private final List<Finding> findings = new ArrayList<>();

    private Path data() {
        return directory.resolve("data");
    }

    private VerifyReport verify() throws IOException {
        findings.clear();
        return StoreVerifier.verifyDirectory(
                data(),
                Files.createTempDirectory(directory, "scratch"),
                VerifyOptions.ALL,
                findings::add,
                WorkProgress.NONE);
    }

    /// Two accounts with mail that was flagged, copied, moved and expunged; partly in snapshots.
    @BeforeAll
    static void fill() throws IOException {
        for (int start = 1; start <= 2; start++) {
            try (var fixture = new StoreFixture(prepared.resolve("data"))) {
                for (int index = 0; index < 8; index++) {
                    fixture.append(fixture.alice, "INBOX", StoreFixture.message("m" + index), 0, "$Forwarded");
                }
                try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                    int[] uids = inbox.uids();
                    inbox.updateFlags(
                            new int[] {uids[1], uids[2]},
                            new FlagUpdate(FlagUpdate.Mode.ADD, Flags.SEEN | Flags.DELETED, Set.of()),
                            OptionalLong.empty());
                    inbox.expunge(new int[] {uids[1]});
                    inbox.copy(new int[] {uids[2], uids[3]}, new MailboxName("Archive"));
                    inbox.move(new int[] {uids[4]}, new MailboxName("Trash"));
                }
                fixture.append(fixture.bob, "INBOX", StoreFixture.message("for bob"), Flags.SEEN);
            }
        }
    }

    @BeforeEach
    void copy() throws IOException {
        Directories.copy(prepared.resolve("data"), data());
    }

    private void change(String sql) throws IOException {
        try (Database database = Database.openH2(data().resolve("database"))) {
            database.change(connection -> {
                assertThat(MailboxRows.update(connection, sql)).as(sql).isPositive();
            });
            database.checkpoint();
        }
        Files.deleteIfExists(data().resolve("database/closed")); // the rows are at fault, not the file
    }

    @Test
    void aStoreInOrderIsClean() throws IOException {
        VerifyReport report = verify();
        assertThat(findings).isEmpty();
        assertThat(report.clean()).isTrue();
        assertThat(report.accounts()).isEqualTo(2);
        assertThat(report.mailboxes()).isEqualTo(12);
        assertThat(report.messages()).isEqualTo(20);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', textBlock = """
            QUOTA              | update account set used_octets = used_octets + 1 where local_key = 'alice'
            QUOTA              | update account set used_messages = used_messages - 1 where local_key = 'bob'
            REFERENCE_COUNT    | update message set reference_count = reference_count + 1 where id = (select min(id) from message)
            REFERENCE_COUNT    | update blob set reference_count = 7 where id = (select max(id) from blob)
            ORPHAN_BLOB        | insert into blob (node, segment, position, length, digest, reference_count) select node, segment, position, length, digest, 0 from blob where id = (select min(id) from blob)
            ORPHAN_MESSAGE     | insert into message (blob, prefix, size, extractor_version, envelope, body, body_structure, outline, sent_date, reference_count) select blob, prefix, size, extractor_version, envelope, body, body_structure, outline, sent_date, 0 from message where id = (select min(id) from message)
            CONTENT_MISSING    | delete from message where id = (select min(message) from entry)
            MESSAGE_UNREADABLE | delete from blob where id = (select min(id) from blob)
            ENTRY_MISSING      | delete from entry where id = (select min(id) from entry)
            SIZE               | update message set size = size + 1 where id = (select min(id) from message)
            SNAPSHOT_DIFFERS   | update entry set flags = 1 where id = (select min(id) from entry)
            SNAPSHOT_DIFFERS   | update entry set internal_date = 7 where id = (select min(id) from entry)
            SNAPSHOT_DIFFERS   | delete from snapshot_chunk where mailbox = (select min(id) / 4294967296 from entry)
            SNAPSHOT_UNREADABLE| update snapshot_chunk set state = X'01ff' where mailbox = (select min(id) / 4294967296 from entry)
            JOURNAL_UNREADABLE | update journal set uids = X'05' where modseq = (select max(modseq) from journal) and modseq > 0
            UID_NEXT           | update mailbox set uid_next = 3 where id = (select min(id) / 4294967296 from entry)
            MODSEQ_ORDER       | update mailbox set modseq = 2 where id = (select min(id) / 4294967296 from entry)
            MODSEQ_ORDER       | update entry set modseq = 1 where id = (select min(id) + 15 from entry)
            UID_REUSED         | insert into journal select id / 4294967296, 0, 2, X'010100', 0, 0, 0 from entry where id = (select min(id) from entry)
            UID_VALIDITY       | update mailbox set uid_validity = (select min(uid_validity) from mailbox) where name = 'Sent' and account = (select min(id) from account)
            UID_VALIDITY       | update account set uid_validity = 1 where local_key = 'bob'
            ORPHAN_ROWS        | insert into entry select 999 * 4294967296 + 1, message, size, internal_date, zone_offset, flags, modseq from entry fetch first 1 rows only
            ORPHAN_ROWS        | insert into keyword values (999, 0, 'x')
            ORPHAN_ROWS        | update mailbox set account = 999 where name = 'Junk' and account = (select min(id) from account)
            ORPHAN_ROWS        | insert into subscription select 999, name_digest, name from subscription where name = 'INBOX' fetch first 1 rows only
            KEYWORDS           | delete from keyword
            KEYWORDS           | update keyword set position = 3
            SPECIAL_USE        | update mailbox set special_use = 'SENT' where name = 'Junk' and account = (select min(id) from account)
            MAILBOX_NAME       | update mailbox set name = 'Other' where name = 'Junk' and account = (select min(id) from account)
            INBOX_MISSING      | update mailbox set name = 'Other' where name = 'INBOX' and account = (select min(id) from account)
            ALIAS_NOWHERE      | insert into alias select id, 'info', 'nobody@example.test' from domain
            SUBSCRIPTION_NOWHERE | update subscription set name_digest = X'00', name = 'Gone' where name = 'Junk'
            DERIVED_DATA       | update message set envelope = X'28' where id = (select min(id) from message)
            DERIVED_DATA       | update message set outline = X'00' where id = (select min(id) from message)
            DERIVED_DATA_OLD   | update message set body = X'28', extractor_version = 0 where id = (select min(id) from message)
            """)
    void whatIsBrokenIsFound(Finding.Kind kind, String sql) throws IOException {
        change(sql);
        VerifyReport report = verify();
        assertThat(findings).extracting(Finding::kind).contains(kind);
        assertThat(report.clean()).isEqualTo(kind.severity() == Finding.Severity.NOTE);
        assertThat(findings).allSatisfy(finding -> {
            assertThat(finding.what()).isNotEmpty();
            assertThat(finding.kind().remedy()).isNotEmpty();
        });
    }

    /// Clients write, flag, copy, move, expunge, and make and delete mailboxes, while verify runs again and again.
    @Test
    void besideClientsThereIsNoFalseAlarm() throws Exception {
        var over = new AtomicBoolean();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        var changes = new AtomicInteger();
        try (var fixture = new StoreFixture(data())) {
            List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < 4; client++) {
                var random = new SplittableRandom(client);
                clients.add(Thread.ofVirtual().start(() -> {
                    try {
                        while (!over.get()) {
                            step(fixture, random);
                            changes.incrementAndGet();
                        }
                    } catch (IOException | RuntimeException failure) {
                        failures.add(failure);
                    }
                }));
            }
            try {
                int before = 0;
                for (int round = 0; round < 6; round++) {
                    findings.clear();
                    VerifyReport report = fixture.store.verify(VerifyOptions.ALL, findings::add, WorkProgress.NONE);
                    assertThat(findings).isEmpty();
                    assertThat(report.complete()).isTrue();
                    assertThat(report.blobs()).isPositive();
                    while (changes.get() < before + 20 && failures.isEmpty()) {
                        Thread.onSpinWait(); // there is something new to look at
                    }
                    before = changes.get();
                }
            } finally {
                over.set(true);
                for (Thread client : clients) {
                    client.join();
                }
            }
            assertThat(failures).isEmpty();
        }
        assertThat(verify().clean()).isTrue();
        assertThat(findings).isEmpty();
    }

    private static void step(StoreFixture fixture, SplittableRandom random) throws IOException {
        String folder = List.of("INBOX", "Archive", "Trash").get(random.nextInt(3));
        switch (random.nextInt(6)) {
            case 0, 1 ->
                fixture.append(
                        fixture.alice, folder, StoreFixture.message("load " + random.nextInt()), Flags.SEEN, "$Junk");
            case 2 -> {
                MailboxName fresh = MailboxName.of("made " + random.nextLong());
                fixture.store.mailboxes().create(fixture.alice, fresh, Optional.empty());
                fixture.append(fixture.alice, fresh.value(), StoreFixture.message("short-lived"), 0);
                fixture.store.mailboxes().delete(fixture.alice, fresh);
            }
            default -> {
                try (OpenMailbox mailbox = fixture.open(fixture.alice, folder)) {
                    int[] uids = mailbox.uids();
                    if (uids.length == 0) {
                        return;
                    }
                    int[] one = {uids[random.nextInt(uids.length)]};
                    switch (random.nextInt(3)) {
                        case 0 -> {
                            mailbox.updateFlags(
                                    one,
                                    new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()),
                                    OptionalLong.empty());
                            mailbox.expunge(one);
                        }
                        case 1 -> mailbox.move(one, new MailboxName("Sent"));
                        default -> mailbox.copy(one, new MailboxName("Drafts"));
                    }
                }
            }
        }
    }
}
