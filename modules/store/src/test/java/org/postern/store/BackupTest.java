package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Backups beside a store in use, and what is restored from them.
class BackupTest {
    @TempDir
    Path directory;

    private Path data() {
        return directory.resolve("data");
    }

    private Path target() {
        return directory.resolve("backup");
    }

    private BackupReport backup(StoreFixture fixture) throws IOException {
        try (BackupDirectory target = BackupDirectory.open(target(), true)) {
            return fixture.store.backup(target, Map.of(), WorkProgress.NONE);
        }
    }

    private Path restore(Optional<Instant> at, Restore.Numbers numbers) throws IOException {
        Path restored = directory.resolve("restored-" + at.map(Instant::toEpochMilli) + numbers);
        BackupFiles.removeTree(restored);
        try (BackupDirectory backup = BackupDirectory.open(target(), false)) {
            Restore.restore(backup, at, restored, numbers, WorkProgress.NONE);
        }
        return restored;
    }

    /// All that a client sees of a mailbox, message by message.
    private static Map<Long, String> state(OpenMailbox mailbox, boolean withModSeq) throws IOException {
        Map<Long, String> state = new TreeMap<>();
        var rows = new MessageRows(1);
        for (int uid : mailbox.uids()) {
            mailbox.read(new int[] {uid}, 0, 1, rows);
            state.put(
                    Integer.toUnsignedLong(uid),
                    "%x %d %d %d %s"
                            .formatted(
                                    rows.flags[0],
                                    rows.internalDate[0],
                                    rows.size[0],
                                    withModSeq ? rows.modSeq[0] : 0,
                                    StoreFixture.text(mailbox, uid)));
        }
        return state;
    }

    private void assertVerified(Path restored) throws IOException {
        List<Finding> findings = new ArrayList<>();
        VerifyReport report = StoreVerifier.verifyDirectory(
                restored,
                Files.createTempDirectory(directory, "scratch"),
                VerifyOptions.ALL,
                findings::add,
                WorkProgress.NONE);
        assertThat(findings)
                .filteredOn(finding -> finding.severity() != Finding.Severity.NOTE)
                .isEmpty();
        assertThat(report.clean()).isTrue();
    }

    @Test
    void whatWasThereIsRestoredToItsMoment() throws Exception {
        List<Instant> times = new ArrayList<>();
        List<Map<Long, String>> states = new ArrayList<>();
        long uidValidity;
        long uidNext;
        try (var fixture = new StoreFixture(data())) {
            for (int round = 1; round <= 3; round++) {
                for (int index = 0; index < 5; index++) {
                    fixture.append(
                            fixture.alice, "INBOX", StoreFixture.message("r" + round + " m" + index), 0, "k" + round);
                }
                try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                    int[] first = {inbox.uids()[0]};
                    inbox.updateFlags(
                            first, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
                    inbox.expunge(first);
                    states.add(state(inbox, true));
                }
                BackupReport report = backup(fixture);
                times.add(report.time());
                assertThat(report.copied()).isLessThanOrEqualTo(report.octets());
            }
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                uidValidity = inbox.uidValidity();
                uidNext = inbox.status().uidNext();
            }
        }
        for (int round = 0; round < 3; round++) {
            Path restored = restore(Optional.of(times.get(round)), Restore.Numbers.AS_THEY_WERE);
            assertVerified(restored);
            try (var fixture = new StoreFixture(restored);
                    OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(state(inbox, true)).isEqualTo(states.get(round));
                assertThat(inbox.uidValidity()).isEqualTo(uidValidity);
            }
        }
        Path restored = restore(Optional.empty(), Restore.Numbers.MOVED_ON);
        assertVerified(restored);
        try (var fixture = new StoreFixture(restored);
                OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uidValidity()).isEqualTo(uidValidity);
            assertThat(inbox.uids()).hasSameSizeAs(states.getLast().keySet());
            // a client that has seen later changes learns what holds, and new mail gets no UID that it may know
            assertThat(inbox.changedSince(1_000)).isEqualTo(inbox.uids());
            assertThat(fixture.append(fixture.alice, "INBOX", StoreFixture.message("new"), 0)
                            .uids()[0])
                    .isGreaterThan((int) uidNext + 900_000);
            fixture.store.mailboxes().create(fixture.alice, new MailboxName("made later"), Optional.empty());
            try (OpenMailbox made = fixture.open(fixture.alice, "made later")) {
                assertThat(made.uidValidity()).isGreaterThan(uidValidity + 900_000);
            }
        }
        assertVerified(restored);
        assertThatThrownBy(() -> restore(Optional.of(Instant.EPOCH), Restore.Numbers.AS_THEY_WERE))
                .hasMessageContaining("no backup from 1970-01-01T00:00:00Z or before");
    }

    /// Everything that was acknowledged before a backup began is in it, with the same numbers; whatever goes on beside.
    @Test
    void aBackupBesideClientsIsWhole() throws Exception {
        var over = new AtomicBoolean();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        var acknowledged = new AtomicInteger();
        List<Map<Long, String>> atLeast = new ArrayList<>();
        List<Instant> times = new ArrayList<>();
        try (var fixture = new StoreFixture(data())) {
            List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < 3; client++) {
                var random = new SplittableRandom(client);
                clients.add(Thread.ofVirtual().start(() -> {
                    try {
                        while (!over.get()) {
                            fixture.append(
                                    fixture.bob,
                                    "Archive",
                                    StoreFixture.message("x" + random.nextInt()) + "y".repeat(random.nextInt(100_000)),
                                    Flags.SEEN);
                            acknowledged.incrementAndGet();
                        }
                    } catch (IOException | RuntimeException failure) {
                        failures.add(failure);
                    }
                }));
            }
            try {
                for (int round = 0; round < 3; round++) {
                    int before = acknowledged.get();
                    while (acknowledged.get() < before + 30 && failures.isEmpty()) {
                        Thread.onSpinWait();
                    }
                    try (OpenMailbox archive = fixture.open(fixture.bob, "Archive")) {
                        atLeast.add(state(archive, true));
                    }
                    times.add(backup(fixture).time());
                }
            } finally {
                over.set(true);
                for (Thread client : clients) {
                    client.join();
                }
            }
        }
        assertThat(failures).isEmpty();
        for (int round = 0; round < 3; round++) {
            Path restored = restore(Optional.of(times.get(round)), Restore.Numbers.AS_THEY_WERE);
            assertVerified(restored);
            try (var fixture = new StoreFixture(restored);
                    OpenMailbox archive = fixture.open(fixture.bob, "Archive")) {
                assertThat(state(archive, true)).containsAllEntriesOf(atLeast.get(round));
            }
        }
    }

    @Test
    void generationsShareSegmentsAndOldOnesGo() throws Exception {
        long copied;
        try (var fixture = new StoreFixture(data())) {
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("large") + "z".repeat(3_000_000), 0);
            copied = backup(fixture).copied();
            assertThat(backup(fixture).copied()).isLessThan(copied - 2_900_000);
        }
        try (var fixture = new StoreFixture(data())) { // a start begins a segment of its own
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("second"), 0);
            backup(fixture);
        }
        // a backup that did not finish is none, and goes with the next one
        Path unfinished = target().resolve("generations/unfinished-2026-01-01T00-00-00Z");
        Files.createDirectories(unfinished);
        try (BackupDirectory backup = BackupDirectory.open(target(), false)) {
            assertThat(backup.generations()).hasSize(3);
            assertThat(backup.prune(1)).hasSize(2);
            assertThat(backup.generations()).hasSize(1);
        }
        Path restored = restore(Optional.empty(), Restore.Numbers.AS_THEY_WERE);
        assertVerified(restored);
        try (var fixture = new StoreFixture(data())) {
            backup(fixture);
        }
        assertThat(unfinished).doesNotExist();
        try (Stream<Path> files = Files.walk(target())) {
            for (Path file : files.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as("%s", file)
                        .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
            }
        }
    }

    /// Compaction may give a segment's number again: the copy of the old one is not its beginning.
    @Test
    void aSegmentWithTheNameOfAnotherIsCopiedWhole() throws Exception {
        try (var fixture = new StoreFixture(data())) {
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("one"), 0);
            backup(fixture);
        }
        Path other = directory.resolve("other");
        try (var fixture = new StoreFixture(other)) {
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("two"), 0);
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("three"), 0);
            backup(fixture);
        }
        assertThat(target().resolve("segments/1-1.2.segment")).exists();
        assertVerified(restore(Optional.empty(), Restore.Numbers.AS_THEY_WERE));
        try (BackupDirectory backup = BackupDirectory.open(target(), false)) {
            assertVerified(restore(Optional.of(backup.generations().getFirst().time()), Restore.Numbers.MOVED_ON));
        } catch (IOException inUse) {
            assertThat(inUse).hasMessageContaining("in use"); // one user at a time
        }
    }

    @Test
    void whatIsDamagedInABackupIsNamed() throws Exception {
        try (var fixture = new StoreFixture(data())) {
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("one"), 0);
            backup(fixture);
        }
        Path segment = target().resolve("segments/1-1.segment");
        byte[] whole = Files.readAllBytes(segment);
        byte[] flipped = whole.clone();
        flipped[40] ^= 1;
        Files.write(segment, flipped);
        assertThatThrownBy(() -> restore(Optional.empty(), Restore.Numbers.AS_THEY_WERE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1-1.segment is damaged");
        Files.write(segment, whole);
        assertVerified(restore(Optional.empty(), Restore.Numbers.AS_THEY_WERE));
        assertThatThrownBy(() -> BackupDirectory.open(data(), true)).hasMessageContaining("not empty");
    }
}
