package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk that is full, slow, or takes no more: what is there can be read, what was acknowledged is kept, and all goes
/// on when the disk does.
class DiskTroubleTest {
    private static final FlagUpdate DELETED = new FlagUpdate(FlagUpdate.Mode.ADD, Flags.DELETED, Set.of());

    @TempDir
    Path directory;

    private StoreFixture open(FaultyDisk disk, long reserve) {
        var segments = new SegmentSettings(1 << 20, false, 50, 1L << 30, Duration.ofDays(1), reserve);
        return new StoreFixture(StoreSettings.in(directory).withSegments(segments), disk, new SimpleMeterRegistry());
    }

    private static void assertNoSpace(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        MailboxException.class,
                        e -> assertThat(e.reason()).isEqualTo(MailboxException.Reason.NO_SPACE));
    }

    @Test
    void onAFullDiskMailIsRefusedAndTheRestGoesOn() throws IOException {
        var disk = new FaultyDisk(directory);
        try (StoreFixture fixture = open(disk, 2 << 20)) {
            String text = StoreFixture.message("kept");
            int kept = fixture.append(fixture.alice, "INBOX", text, 0).uids()[0];
            int going = fixture.append(fixture.alice, "INBOX", text, 0).uids()[0];
            MessageSpool opened = fixture.spool(text);
            MessageSpool another = fixture.spool(text);
            disk.capacity(disk.octets() + (1 << 20) + 100_000); // half of the reserve, and a little

            assertNoSpace(() -> fixture.store.newSpool());
            assertNoSpace(() -> fixture.store
                    .mailboxes()
                    .append(
                            fixture.alice,
                            MailboxName.INBOX,
                            List.of(new Mailboxes.Appended(opened, 0, Set.of(), new InternalDate(0, 0)))));
            var accepted =
                    (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("alice@example.test");
            assertThat(fixture.store.deliveries().deliverToEach(another, "", List.of(accepted)))
                    .singleElement()
                    .satisfies(failure ->
                            assertThat(failure.orElseThrow().reason()).isEqualTo(DeliveryException.Reason.NO_SPACE));
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(StoreFixture.text(inbox, kept)).isEqualTo(text);
                inbox.updateFlags(new int[] {going}, DELETED, OptionalLong.empty());
                disk.capacity(disk.octets() + 900_000); // less than half: only what takes away goes on
                assertNoSpace(() -> inbox.updateFlags(new int[] {kept}, DELETED, OptionalLong.empty()));
                assertNoSpace(() -> fixture.store
                        .mailboxes()
                        .create(fixture.alice, MailboxName.of("new"), java.util.Optional.empty()));
                assertThat(inbox.expunge(new int[] {going})).containsExactly(going);
                assertThat(inbox.uids()).containsExactly(kept);
            }
            assertThat(fixture.store.healthy()).isTrue();

            disk.capacity(Long.MAX_VALUE);
            int later = fixture.append(fixture.alice, "INBOX", StoreFixture.message("later"), 0)
                    .uids()[0];
            assertThat(later).isGreaterThan(going);
        }
    }

    @Test
    void aWriteThatFailsIsAcknowledgedToNobodyAndLeavesNothing() throws IOException {
        var disk = new FaultyDisk(directory);
        try (StoreFixture fixture = open(disk, 0)) {
            fixture.append(fixture.alice, "INBOX", StoreFixture.message("first"), 0);
            disk.capacity(disk.octets() + 150_000);
            String large = StoreFixture.message("x".repeat(300_000));
            assertNoSpace(() -> fixture.append(fixture.alice, "INBOX", large, 0));
            disk.capacity(Long.MAX_VALUE);
            int uid = fixture.append(fixture.alice, "INBOX", large, 0).uids()[0];
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(inbox.uids()).hasSize(2);
                assertThat(StoreFixture.text(inbox, uid)).isEqualTo(large);
            }
        }
    }

    @Test
    void aDatabaseThatCannotGrowWaitsWhileOthersRead() throws Exception {
        var disk = new FaultyDisk(directory);
        String text = StoreFixture.message("kept");
        try (StoreFixture fixture = open(disk, 0)) {
            int uid = fixture.append(fixture.alice, "INBOX", text, 0).uids()[0];
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
                    OpenMailbox other = fixture.open(fixture.alice, "INBOX")) {
                disk.capacity(0); // nothing grows any more
                CompletableFuture<int[]> change = CompletableFuture.supplyAsync(
                        () -> inbox.updateFlags(new int[] {uid}, DELETED, OptionalLong.empty()),
                        command -> Thread.ofVirtual().start(command));
                while (fixture.store.healthy() && !change.isDone()) {
                    Thread.onSpinWait();
                }
                assertThat(change).isNotDone();
                assertThat(StoreFixture.text(other, uid)).isEqualTo(text);
                assertThat(StoreFixture.flags(other, uid))
                        .as("not told before it is durable")
                        .isZero();
                assertThat(fixture.store.mailboxes().list(fixture.bob)).isNotEmpty();
                assertNoSpace(() -> other.updateFlags(new int[] {uid}, DELETED, OptionalLong.empty()));

                disk.capacity(Long.MAX_VALUE);
                assertThat(change.join()).isEmpty();
                assertThat(StoreFixture.flags(other, uid)).isEqualTo(Flags.DELETED);
                assertThat(fixture.store.healthy()).isTrue();
            }
        }
        try (StoreFixture fixture = new StoreFixture(directory);
                OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
            assertThat(StoreFixture.flags(inbox, inbox.uids()[0])).isEqualTo(Flags.DELETED);
        }
    }

    @Test
    void aSlowDiskHoldsUpNobodyWhoReads() throws Exception {
        var disk = new FaultyDisk(directory);
        try (StoreFixture fixture = open(disk, 0)) {
            String text = StoreFixture.message("kept");
            int uid = fixture.append(fixture.alice, "INBOX", text, 0).uids()[0];
            var latch = new CountDownLatch(1);
            disk.slow(latch);
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    fixture.append(fixture.alice, "INBOX", StoreFixture.message("slow"), 0);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(StoreFixture.text(inbox, uid)).isEqualTo(text);
                assertThat(inbox.uids()).containsExactly(uid);
                assertThat(fixture.store
                                .mailboxes()
                                .status(fixture.bob, MailboxName.INBOX)
                                .messages())
                        .isZero();
            }
            latch.countDown();
            writer.join();
            try (OpenMailbox inbox = fixture.open(fixture.alice, "INBOX")) {
                assertThat(inbox.uids()).hasSize(2);
            }
        }
    }

    /// Whoever opens a store again in the same process finds none of the last one's threads, and none of its memory.
    @Test
    void aStoreThatCannotCloseInOrderLeavesNoThread(@TempDir Path left) throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        var disk = new FaultyDisk(directory);
        StoreFixture fixture = open(disk, 0);
        int uid = fixture.append(fixture.alice, "INBOX", StoreFixture.message("kept"), 0)
                .uids()[0];
        OpenMailbox inbox = fixture.open(fixture.alice, "INBOX");
        disk.cut(FaultyDisk.Cut.KILLED, new SplittableRandom(1), left.resolve("data"));
        CompletableFuture<int[]> change = CompletableFuture.supplyAsync(
                () -> inbox.updateFlags(new int[] {uid}, DELETED, OptionalLong.empty()),
                command -> Thread.ofVirtual().start(command));
        while (fixture.store.healthy() && !change.isDone()) {
            Thread.onSpinWait();
        }

        assertThatThrownBy(fixture.store::close).isInstanceOf(RuntimeException.class);

        assertThat(change).failsWithin(Duration.ofSeconds(30));
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!before.contains(thread)
                    && thread.getName().matches("extract-.*|blobs|database.*|removals|tls-inv.*")) {
                assertThat(thread.join(Duration.ofSeconds(30)))
                        .as("%s ends", thread.getName())
                        .isTrue();
            }
        }
    }

    /// One delivery after the other, each a batch of its own: the worst case.
    @Test
    void aDeliveryWritesAndForcesWithinItsBounds() throws IOException {
        var disk = new FaultyDisk(directory);
        try (StoreFixture fixture = open(disk, 0)) {
            var accepted =
                    (RecipientVerdict.Accepted) fixture.store.deliveries().resolve("alice@example.test");
            String text = StoreFixture.message("growth") + ("x".repeat(70) + "\r\n").repeat(280);
            fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted)); // begins a segment
            long written = disk.written();
            long forced = disk.forced();
            int count = 20;
            for (int number = 0; number < count; number++) {
                fixture.store.deliveries().deliver(fixture.spool(text), "", List.of(accepted));
            }
            System.out.printf(
                    "a delivery of %d octets: %d octets written, %.1f forces%n",
                    text.length(), (disk.written() - written) / count, (disk.forced() - forced) / (double) count);
            assertThat((disk.written() - written) / count).isLessThanOrEqualTo(2L * text.length() + 8192);
            assertThat(disk.forced() - forced).isLessThanOrEqualTo(2L * count + 2); // tidying up may come in between
        }
    }
}
