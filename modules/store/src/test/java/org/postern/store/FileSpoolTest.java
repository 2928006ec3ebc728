package org.postern.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileSpoolTest {
    private static final int IN_MEMORY = 128 * 1024;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4096, 4097, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY + 17})
    void whatWasWrittenInPiecesIsReadBackWhole(int size) throws IOException, NoSuchAlgorithmException {
        var random = new Random(size);
        byte[] octets = new byte[size];
        random.nextBytes(octets);
        try (var spool = new FileSpool(directory)) {
            for (int at = 0; at < size; ) {
                int count = Math.min(size - at, 1 + random.nextInt(10_000));
                spool.write(octets, at, count);
                at += count;
                assertThat(spool.size()).isEqualTo(at);
            }
            assertThat(read(spool)).isEqualTo(octets);
            assertThat(read(spool)).as("read again").isEqualTo(octets);
            assertThat(spool.digest())
                    .isEqualTo(spool.digest())
                    .isEqualTo(MessageDigest.getInstance("SHA-256").digest(octets));
            assertThat(files()).isEqualTo(size > IN_MEMORY ? 1 : 0);
        }
        assertThat(files()).isZero();
    }

    @Test
    void anArrayOfTheCallerMayBeUsedAgain() throws IOException {
        byte[] buffer = new byte[1000];
        var expected = new ByteArrayOutputStream();
        try (var spool = new FileSpool(directory)) {
            for (int round = 0; round < 300; round++) {
                Arrays.fill(buffer, (byte) round);
                spool.write(buffer, 3, 900);
                expected.write(buffer, 3, 900);
            }
            assertThat(read(spool)).isEqualTo(expected.toByteArray());
        }
    }

    @Test
    void closingTwiceDoesNoHarm() throws IOException {
        var spool = new FileSpool(directory);
        spool.write(new byte[IN_MEMORY + 1], 0, IN_MEMORY + 1);
        spool.close();
        spool.close();
        assertThat(files()).isZero();
    }

    @Test
    void aStartRemovesWhatADeadProcessLeftInTheSpool() throws IOException {
        Path left = Files.createDirectories(directory.resolve("spool")).resolve("message1.spool");
        Files.writeString(left, "half a message");
        try (var store = PosternStore.open(StoreSettings.in(directory), new SimpleMeterRegistry())) {
            assertThat(left).doesNotExist();
            assertThat(store.healthy()).isTrue();
        }
    }

    private static byte[] read(FileSpool spool) throws IOException {
        try (InputStream in = spool.open()) {
            return in.readAllBytes();
        }
    }

    private long files() throws IOException {
        try (var list = Files.list(directory)) {
            return list.count();
        }
    }
}
