package org.postern.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentsTest {
    @TempDir
    Path directory;

    private Path blobs;
    private Segments segments;

    @BeforeEach
    void open() throws IOException {
        blobs = directory.resolve("blobs");
        segments = new Segments(blobs, 1);
    }

    @AfterEach
    void close() throws IOException {
        segments.close();
    }

    private static SegmentSettings small(long octets) {
        return new SegmentSettings(octets, false, 50, 1 << 20, Duration.ofDays(1), 0);
    }

    private void reopen() throws IOException {
        segments.close();
        segments = new Segments(blobs, 1);
    }

    private BlobReference append(byte[] octets) throws IOException {
        return append(segments, octets);
    }

    private BlobReference append(Segments into, byte[] octets) throws IOException {
        try (var spool = new FileSpool(directory)) {
            spool.write(octets, 0, octets.length);
            return into.append(spool).blob();
        }
    }

    private byte[] read(BlobReference blob, long offset, long length) throws IOException {
        try (InputStream in = segments.open(blob, offset, length)) {
            return in.readAllBytes();
        }
    }

    private static byte[] octets(int size, long seed) {
        byte[] octets = new byte[size];
        new Random(seed).nextBytes(octets);
        return octets;
    }

    private Path file(int number) {
        return blobs.resolve("1-" + number + ".segment");
    }

    private void assertIntact(BlobReference blob, byte[] expected) throws IOException {
        segments.verify(blob);
        assertThat(read(blob, 0, blob.length())).isEqualTo(expected);
    }

    private void assertDamaged(BlobReference blob) {
        assertThatThrownBy(() -> segments.verify(blob))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("segment 1-" + blob.segment() + " at " + blob.position());
    }

    @Test
    void blobsAreReadBackWholeAndInRangesAlsoByTheNextProcess() throws IOException {
        byte[] first = octets(10, 1);
        byte[] second = octets(300_000, 2);
        BlobReference one = append(first);
        BlobReference empty = append(new byte[0]);
        BlobReference two = append(second);
        segments.force();
        for (int round = 0; round < 2; round++) {
            assertIntact(one, first);
            assertIntact(empty, new byte[0]);
            assertIntact(two, second);
            assertThat(read(two, 299_990, 100)).isEqualTo(Arrays.copyOfRange(second, 299_990, 300_000));
            assertThat(read(two, 100_000, 70_000)).isEqualTo(Arrays.copyOfRange(second, 100_000, 170_000));
            assertThat(read(one, 10, 1)).isEmpty();
            assertThat(read(one, 11, 1)).isEmpty();
            assertThat(read(one, 3, 0)).isEmpty();
            reopen();
        }
    }

    @Test
    void aStreamSkipsWithoutReadingAndEndsWhereItsRangeEnds() throws IOException {
        BlobReference blob = append("0123456789".getBytes(US_ASCII));
        append("the next one".getBytes(US_ASCII));
        try (InputStream in = segments.open(blob, 2, 6)) {
            assertThat(in.available()).isEqualTo(6);
            assertThat(in.read()).isEqualTo('2');
            assertThat(in.skip(3)).isEqualTo(3);
            assertThat(in.readNBytes(100)).isEqualTo("67".getBytes(US_ASCII));
            assertThat(in.read()).isEqualTo(-1);
            assertThat(in.skip(1)).isZero();
        }
    }

    @Test
    void aFullSegmentIsFollowedByAnotherAndNoBlobSpansTwo() throws IOException {
        try (var small = new Segments(blobs, 7, small(1100), Disk.LOCAL)) {
            List<BlobReference> written = new ArrayList<>();
            for (int number = 0; number < 10; number++) {
                written.add(append(small, octets(300, number)));
            }
            BlobReference large = append(small, octets(5000, 99)); // larger than a segment: alone in one
            BlobReference after = append(small, octets(1, 100));
            small.force();
            assertThat(written).extracting(BlobReference::segment).containsExactly(1, 1, 1, 2, 2, 2, 3, 3, 3, 4);
            assertThat(large.segment()).isEqualTo(5);
            assertThat(after.segment()).isEqualTo(6);
            for (BlobReference blob : written) {
                small.verify(blob);
            }
            small.verify(large);
            small.verify(after);
        }
    }

    @Test
    void aTailTornAtAnyOctetHarmsNothingBeforeItAndNothingAfterIt() throws IOException {
        byte[] kept = octets(50, 1);
        byte[] torn = octets(40, 2);
        BlobReference first = append(kept);
        BlobReference second = append(torn);
        segments.force();
        segments.close();
        byte[] whole = Files.readAllBytes(file(1));
        assertThat(whole).hasSize(SegmentRecord.overhead(50) + SegmentRecord.overhead(40) + 90);
        int tail = SegmentRecord.overhead(50) + 50;
        for (int length = tail; length < whole.length; length++) {
            Files.write(file(1), Arrays.copyOf(whole, length));
            segments = new Segments(blobs, 1);
            assertIntact(first, kept);
            assertDamaged(second);
            BlobReference next = append(octets(30, 3));
            segments.force();
            assertThat(next.segment()).isGreaterThan(1);
            assertIntact(first, kept);
            assertIntact(next, octets(30, 3));
            assertThat(Files.size(file(1))).as("never written again").isEqualTo(length);
            segments.close();
        }
        Files.write(file(1), whole);
        segments = new Segments(blobs, 1);
        assertIntact(second, torn);
    }

    @Test
    void everyChangedOctetIsFound() throws IOException {
        BlobReference blob = append(octets(40, 4));
        segments.force();
        byte[] whole = Files.readAllBytes(file(1));
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 0x10;
            Files.write(file(1), changed);
            assertDamaged(blob);
        }
        Files.write(file(1), whole);
        assertIntact(blob, octets(40, 4));
    }

    @Test
    void aReadThatWouldMeetTheEndOfTheFileSaysWhereBeforeItBegins() throws IOException {
        byte[] octets = octets(200_000, 5);
        BlobReference blob = append(octets);
        segments.force();
        Files.write(file(1), Arrays.copyOf(Files.readAllBytes(file(1)), 100_000));
        assertThat(read(blob, 10, 60_000)).isEqualTo(Arrays.copyOfRange(octets, 10, 60_010));
        for (int[] range : new int[][] {{0, 200_000}, {60_000, 10_000}, {150_000, 1}}) {
            assertThatThrownBy(() -> segments.open(blob, range[0], range[1]))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("segment 1-1 at " + blob.position())
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void aChangedOctetIsFoundByEveryReadOfItsBlockAndByNoOther() throws IOException {
        byte[] octets = octets(3 * SegmentRecord.BLOCK + 5, 20);
        BlobReference blob = append(octets);
        segments.force();
        byte[] whole = Files.readAllBytes(file(1));
        whole[SegmentRecord.overhead(octets.length) + SegmentRecord.BLOCK + 77] ^= 1;
        Files.write(file(1), whole);
        assertThatThrownBy(() -> segments.open(blob, 0, blob.length()))
                .hasMessageContaining("segment 1-1 at " + blob.position())
                .hasMessageContaining("from 65536 on");
        assertThatThrownBy(() -> segments.open(blob, SegmentRecord.BLOCK + 1000, 10))
                .hasMessageContaining("damaged");
        assertThat(read(blob, 0, SegmentRecord.BLOCK)).isEqualTo(Arrays.copyOf(octets, SegmentRecord.BLOCK));
        assertThat(read(blob, 2 * SegmentRecord.BLOCK, 100_000))
                .isEqualTo(Arrays.copyOfRange(octets, 2 * SegmentRecord.BLOCK, octets.length));
    }

    /// A record as Postern wrote it before blocks had checksums of their own.
    private BlobReference firstFormat(int number, byte[] octets) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(20 + octets.length)
                .putInt(0x504f5354)
                .putLong(octets.length)
                .putInt(SegmentRecord.checksum(ByteBuffer.wrap(octets)));
        header.putInt(SegmentRecord.checksum(header.duplicate().flip())).put(octets);
        Files.write(file(number), header.array());
        reopen();
        return new BlobReference(1, number, 20, octets.length);
    }

    @Test
    void recordsOfTheFirstFormatAreReadAndChecked() throws IOException {
        byte[] octets = octets(150_000, 21);
        BlobReference blob = firstFormat(3, octets);
        assertIntact(blob, octets);
        assertThat(read(blob, 70_000, 70_000)).isEqualTo(Arrays.copyOfRange(octets, 70_000, 140_000));
        byte[] small = octets(3, 22);
        assertIntact(firstFormat(4, small), small);
        octets[149_999] ^= 1;
        firstFormat(5, octets);
        byte[] whole = Files.readAllBytes(file(5));
        whole[30] ^= 1;
        Files.write(file(5), whole);
        var damaged = new BlobReference(1, 5, 20, octets.length);
        assertDamaged(damaged);
        assertThatThrownBy(() -> segments.open(damaged, 100_000, 10)).hasMessageContaining("checksum");
    }

    @Test
    void compressedBlobsAreSmallerAndReadInPartsAsTheyWere() throws IOException {
        var settings = new SegmentSettings(1 << 20, true, 50, 1 << 20, Duration.ofDays(1), 0);
        byte[] text = "a line of text as it is written again and again\r\n"
                .repeat(10_000)
                .getBytes(US_ASCII);
        byte[] mixed = Arrays.copyOf(text, text.length);
        System.arraycopy(octets(100_000, 23), 0, mixed, 70_000, 100_000);
        byte[] small = Arrays.copyOf(text, 5_000);
        byte[] noise = octets(100_000, 24);
        List<BlobReference> blobs = new ArrayList<>();
        try (var compressing = new Segments(this.blobs, 4, settings, Disk.LOCAL)) {
            for (byte[] each : List.of(text, mixed, small, noise, new byte[0])) {
                blobs.add(append(compressing, each));
            }
            compressing.force();
            assertThat(Files.size(this.blobs.resolve("4-1.segment")))
                    .isBetween(200_000L, 260_000L) // the noise, and little else
                    .isEqualTo(blobs.getLast().position() + 8);
        }
        try (var plain = new Segments(this.blobs, 4)) { // whatever the setting is later
            List<byte[]> expected = List.of(text, mixed, small, noise, new byte[0]);
            for (int index = 0; index < blobs.size(); index++) {
                BlobReference blob = blobs.get(index);
                plain.verify(blob);
                byte[] octets = expected.get(index);
                for (int from = 0; from < octets.length; from += 33_333) {
                    try (InputStream in = plain.open(blob, from, 70_000)) {
                        assertThat(in.readAllBytes())
                                .isEqualTo(Arrays.copyOfRange(octets, from, Math.min(octets.length, from + 70_000)));
                    }
                }
            }
        }
    }

    @Test
    void whoReadsInAFileThatIsDeletedReadsOn() throws IOException {
        byte[] octets = octets(200_000, 25);
        BlobReference blob = append(octets);
        segments.release(blob);
        reopen();
        append(octets(1, 26));
        assertThat(segments.sealed()).extracting(Segments.Sealed::number).containsExactly(1);
        try (InputStream in = segments.open(blob, 0, blob.length())) {
            assertThat(in.read()).isEqualTo(octets[0] & 0xff);
            segments.delete(1);
            assertThat(file(1)).doesNotExist();
            assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(octets, 1, octets.length));
        }
        assertThatThrownBy(() -> segments.open(blob, 0, 1)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void aFileIsNotSealedBeforeEveryBlobInItIsReleased() throws IOException {
        try (var small = new Segments(blobs, 7, small(500), Disk.LOCAL)) {
            BlobReference first = append(small, octets(300, 1));
            BlobReference second = append(small, octets(300, 2));
            append(small, octets(300, 3));
            assertThat(small.sealed()).isEmpty();
            small.release(second);
            assertThat(small.sealed()).extracting(Segments.Sealed::number).containsExactly(2);
            small.release(first);
            assertThat(small.sealed()).extracting(Segments.Sealed::number).containsExactly(1, 2);
        }
    }

    @Test
    void aMissingFileIsNamed() throws IOException {
        BlobReference blob = append(octets(40, 6));
        segments.close();
        Files.delete(file(1));
        assertThatThrownBy(() -> read(blob, 0, 40))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1-1.segment");
    }

    @Test
    void filesOfOtherNodesAndStrangersAreLeftAlone() throws IOException {
        Files.writeString(blobs.resolve("2-41.segment"), "another node's");
        Files.writeString(blobs.resolve("notes.txt"), "a stranger's");
        Files.writeString(file(8), "an old one");
        reopen();
        assertThat(append(octets(1, 7)).segment()).isEqualTo(9);
        assertThat(blobs.resolve("2-41.segment")).hasContent("another node's");
        assertThat(file(8)).hasContent("an old one");
    }

    @Test
    void noFileGoesWhileTheSegmentsAreHeld() throws IOException {
        append(octets(40, 6));
        reopen();
        append(octets(40, 7));
        Segments.Hold one = segments.hold();
        Segments.Hold other = segments.hold();
        segments.delete(1);
        one.close();
        one.close(); // twice counts once
        assertThat(file(1)).exists();
        other.close();
        assertThat(file(1)).doesNotExist();
        assertThat(file(2)).exists();
    }

    @Test
    void manyMayAppendForceAndReadAtOnce() throws Exception {
        int writers = 8;
        int each = 150;
        Map<BlobReference, byte[]> written = new ConcurrentHashMap<>();
        try (var shared = new Segments(blobs, 3, small(200_000), Disk.LOCAL);
                var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < writers; writer++) {
                var random = new Random(writer);
                running.add(executor.submit(() -> {
                    for (int number = 0; number < each; number++) {
                        byte[] octets = octets(random.nextInt(5000), random.nextLong());
                        BlobReference blob = append(shared, octets);
                        written.put(blob, octets);
                        if (number % 10 == 0) {
                            shared.force();
                        }
                        shared.verify(blob);
                    }
                    return null;
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        }
        assertThat(written).hasSize(writers * each);
        try (var again = new Segments(blobs, 3)) {
            for (Map.Entry<BlobReference, byte[]> blob : written.entrySet()) {
                again.verify(blob.getKey());
                try (InputStream in = again.open(blob.getKey(), 0, Long.MAX_VALUE)) {
                    assertThat(in.readAllBytes()).isEqualTo(blob.getValue());
                }
            }
        }
    }

    /// Nobody may interrupt a thread in here; should it happen all the same, only that thread's call fails.
    @Test
    void aChannelClosedByAnInterruptIsOpenedAgain() throws Exception {
        byte[] octets = octets(100, 8);
        BlobReference blob = append(octets);
        segments.force();
        assertThatThrownBy(() -> {
                    Thread.currentThread().interrupt();
                    read(blob, 0, 100);
                })
                .isInstanceOf(IOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertIntact(blob, octets);
        byte[] more = octets(100, 9);
        BlobReference next = append(more);
        segments.force();
        assertIntact(next, more);
        assertThat(next.segment()).isEqualTo(blob.segment());
    }

    @Test
    void afterAFailedForceNothingIsAcceptedAnyMore() throws Exception {
        try (var committer = new Committer("blobs", segments::force, new SimpleMeterRegistry())) {
            append(octets(10, 10));
            committer.await(committer.submit(() -> {}));
            assertThat(committer.healthy()).isTrue();
            // the file goes away beneath the store, as when a volume is lost
            append(octets(10, 11));
            segments.close();
            Files.delete(file(1));
            long ticket = committer.submit(() -> {});
            assertUnavailable(() -> committer.await(ticket));
            assertThat(committer.healthy()).isFalse();
            Files.write(file(1), new byte[100]); // even if the disk comes back: what it holds is not known
            assertUnavailable(() -> committer.submit(() -> {}));
            assertUnavailable(committer::requireHealthy);
            assertUnavailable(() -> committer.await(ticket));
        }
    }

    private static void assertUnavailable(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        MailboxException.class,
                        e -> assertThat(e.reason()).isEqualTo(MailboxException.Reason.UNAVAILABLE));
    }

    @Test
    void anAppendThatFailsHalfwayLeavesItsNeighboursIntact() throws Exception {
        BlobReference before = append(octets(60, 12));
        assertThatThrownBy(() -> {
                    try (var spool = new FileSpool(directory)) {
                        spool.write(octets(200_000, 13), 0, 200_000);
                        try (var files = Files.newDirectoryStream(directory, "*.spool")) {
                            for (Path file : files) {
                                Files.write(file, new byte[1000]); // shorter than was written
                            }
                        }
                        segments.append(spool);
                    }
                })
                .isInstanceOf(IOException.class)
                .hasMessageContaining("spool");
        BlobReference after = append(octets(60, 14));
        segments.force();
        assertIntact(before, octets(60, 12));
        assertIntact(after, octets(60, 14));
    }
}
