package org.postern.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The space of removed messages comes back, and nobody notices.
class CompactionTest {
    private static final int MESSAGES = 60;

    @TempDir
    Path directory;

    private final Map<Integer, String> sent = new TreeMap<>();

    private StoreFixture open(boolean compress) {
        var settings = new SegmentSettings(100_000, compress, 50, 1L << 30, Duration.ofDays(1), 0);
        return new StoreFixture(StoreSettings.in(directory).withSegments(settings));
    }

    private void fill(StoreFixture fixture) throws IOException {
        var random = new Random(1);
        for (int number = 0; number < MESSAGES; number++) {
            byte[] noise = new byte[random.nextInt(20_000)];
            random.nextBytes(noise);
            String message = StoreFixture.message("number " + number) + new String(noise, ISO_8859_1);
            sent.put(fixture.append(fixture.alice, "INBOX", message, 0).uids()[0], message);
        }
    }

    /// All but every tenth.
    private void expunge(StoreFixture fixture) {
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            int[] going =
                    Arrays.stream(inbox.uids()).filter(uid -> uid % 10 != 0).toArray();
            inbox.updateFlags(
                    going, new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of()), OptionalLong.empty());
            inbox.expunge(going);
            for (int uid : going) {
                sent.remove(uid);
            }
        }
        fixture.store.removals().finish();
    }

    private void assertIntact(StoreFixture fixture) throws IOException {
        try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(inbox.uids())
                    .containsExactly(
                            sent.keySet().stream().mapToInt(Integer::intValue).toArray());
            for (int uid : inbox.uids()) {
                assertThat(StoreFixture.text(inbox, uid)).isEqualTo(sent.get(uid));
            }
        }
    }

    private long octets() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("blobs"))) {
            long sum = 0;
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
            return sum;
        }
    }

    @Test
    void theSpaceOfWhatWasRemovedComesBack() throws IOException {
        try (StoreFixture fixture = open(false)) {
            fill(fixture);
            long before = octets();
            expunge(fixture);
            fixture.store.compaction().compact();
            // what is left: the living, and the segment that is being written
            assertThat(octets()).isLessThan(before / 3);
            assertIntact(fixture);
            long after = octets();
            fixture.store.compaction().compact();
            assertThat(octets()).as("nothing is moved for nothing").isEqualTo(after);
        }
        try (StoreFixture fixture = open(false)) {
            assertIntact(fixture);
        }
    }

    @Test
    void whatIsMovedIsCompressedWhereThatWasSwitchedOnSince() throws IOException {
        try (StoreFixture fixture = open(false)) {
            for (int number = 0; number < 20; number++) {
                String message = StoreFixture.message("number " + number) + "the same line again\r\n".repeat(1000);
                sent.put(fixture.append(fixture.alice, "INBOX", message, 0).uids()[0], message);
            }
            expunge(fixture);
        }
        try (StoreFixture fixture = open(true)) {
            String message = StoreFixture.message("last");
            sent.put(fixture.append(fixture.alice, "INBOX", message, 0).uids()[0], message);
            fixture.store.compaction().compact();
            assertThat(octets()).isLessThan(5_000);
            assertIntact(fixture);
        }
    }

    @Test
    void aMessageThatWasLookedUpBeforeItMovedIsReadAfterwards() throws IOException {
        try (StoreFixture fixture = open(false)) {
            fill(fixture);
            expunge(fixture);
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                int first = inbox.uids()[0];
                var rows = new MessageRows(1);
                inbox.read(new int[] {first}, 0, 1, rows);
                MessageContent content = inbox.content(rows.message[0]);
                try (InputStream begun = content.open(0, content.size())) {
                    int octet = begun.read();
                    fixture.store.compaction().compact();
                    assertThat((char) octet + new String(begun.readAllBytes(), ISO_8859_1))
                            .isEqualTo(sent.get(first));
                }
                try (InputStream later = content.open(0, content.size())) {
                    assertThat(new String(later.readAllBytes(), ISO_8859_1)).isEqualTo(sent.get(first));
                }
            }
        }
    }

    @Test
    void noFileGoesWhileABackupHoldsThem() throws IOException {
        try (StoreFixture fixture = open(false)) {
            fill(fixture);
            expunge(fixture);
            long before = octets();
            try (Segments.Hold _ = fixture.store.segments().hold()) {
                fixture.store.compaction().compact();
                assertThat(octets()).isGreaterThanOrEqualTo(before);
            }
            assertThat(octets()).isLessThan(before / 3);
            assertIntact(fixture);
        }
    }

    @Test
    void aDamagedMessageStaysWhereItIsAndItsNeighboursMove() throws IOException {
        int damaged;
        try (StoreFixture fixture = open(false)) {
            fill(fixture);
            expunge(fixture);
            damaged = sent.keySet().iterator().next();
        }
        byte[] octets = sent.get(damaged).getBytes(ISO_8859_1);
        Path file = directory.resolve("blobs/1-1.segment");
        byte[] segment = Files.readAllBytes(file);
        int at = new String(segment, ISO_8859_1).indexOf(sent.get(damaged));
        segment[at + octets.length - 1] ^= 1;
        Files.write(file, segment);
        try (StoreFixture fixture = open(false)) {
            String message = StoreFixture.message("last");
            sent.put(fixture.append(fixture.alice, "INBOX", message, 0).uids()[0], message);
            fixture.store.compaction().compact();
            assertThat(file).exists();
            assertThat(directory.resolve("blobs/1-2.segment")).doesNotExist();
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                for (int uid : inbox.uids()) {
                    if (uid == damaged) {
                        assertThatThrownBy(() -> StoreFixture.text(inbox, uid))
                                .isInstanceOfSatisfying(
                                        MailboxException.class,
                                        e -> assertThat(e.reason()).isEqualTo(MailboxException.Reason.CORRUPTION));
                    } else {
                        assertThat(StoreFixture.text(inbox, uid)).isEqualTo(sent.get(uid));
                    }
                }
            }
        }
    }

    /// Sessions read, append and remove while segment after segment goes away beneath them.
    @Test
    void nobodyNoticesUnderLoad() throws Exception {
        try (StoreFixture fixture = open(false)) {
            fill(fixture);
            expunge(fixture);
            Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
            var over = new AtomicBoolean();
            var begun = new CountDownLatch(3);
            Thread reader = Thread.ofVirtual().start(() -> until(over, failures, begun, () -> assertIntact(fixture)));
            Thread writer = Thread.ofVirtual()
                    .start(() -> until(over, failures, begun, () -> {
                        fixture.append(fixture.bob, "INBOX", StoreFixture.message("x".repeat(5_000)), Flags.DELETED);
                    }));
            Thread remover = Thread.ofVirtual()
                    .start(() -> until(over, failures, begun, () -> {
                        try (OpenMailbox inbox = fixture.open(fixture.bob, "INBOX")) {
                            inbox.expunge(inbox.uids());
                        }
                    }));
            begun.await();
            int highest = 0;
            for (int round = 0; round < 200 && highest < 15; round++) {
                fixture.store.compaction().compact();
                try (Stream<Path> files = Files.list(directory.resolve("blobs"))) {
                    highest = files.map(file -> file.getFileName().toString().replaceAll("\\d-(\\d+)\\..*", "$1"))
                            .mapToInt(Integer::parseInt)
                            .max()
                            .orElse(0);
                }
            }
            over.set(true);
            reader.join();
            writer.join();
            remover.join();
            assertThat(failures).isEmpty();
            fixture.store.compaction().compact();
            assertIntact(fixture);
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void until(AtomicBoolean over, Queue<Throwable> failures, CountDownLatch begun, Step step) {
        try {
            do {
                step.run();
                begun.countDown();
            } while (!over.get());
        } catch (Throwable failure) {
            failures.add(failure);
            begun.countDown();
        }
    }

    @Test
    void whatNobodyCameToNameIsGivenBackAfterTheNextStart() throws IOException {
        try (StoreFixture fixture = open(false)) {
            fixture.store
                    .accounts()
                    .setQuota(fixture.alice, new Accounts.Quota(OptionalLong.of(10), OptionalLong.empty()));
            assertThatThrownBy(() -> fixture.append(fixture.alice, "INBOX", "x".repeat(90_000), 0))
                    .isInstanceOf(MailboxException.class);
            assertThat(octets()).isGreaterThan(90_000);
        }
        try (StoreFixture fixture = open(false)) {
            fixture.append(fixture.bob, "INBOX", StoreFixture.message("one"), 0);
            fixture.store.compaction().compact();
            assertThat(octets()).isLessThan(1_000);
        }
    }

    @Test
    void itIsCounted() throws IOException {
        var meters = new SimpleMeterRegistry();
        var settings = new SegmentSettings(100_000, false, 50, 1L << 30, Duration.ofDays(1), 0);
        try (StoreFixture fixture = new StoreFixture(StoreSettings.in(directory).withSegments(settings), meters)) {
            fill(fixture);
            expunge(fixture);
            fixture.store.compaction().compact();
            assertThat(meters.get("postern.store.compaction.freed").counter().count())
                    .isGreaterThan(300_000);
            assertThat(meters.get("postern.store.compaction.moved").counter().count())
                    .isBetween(10_000.0, 200_000.0);
            assertThat(meters.get("postern.store.dead").gauge().value()).isGreaterThan(300_000);
        }
    }
}
