package org.postern.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` of a start that brings the tables of an earlier release up to date: the next start does it, and all is
/// there.
class KilledUpgradeTest {
    private static final Path RELEASE = Path.of("src/test/resources/releases/0.1.0");

    @TempDir
    Path directory;

    /// The process: opens the store of a directory, says so, and waits for the kill.
    static void main(String[] arguments) throws IOException {
        try (var _ = PosternStore.open(StoreSettings.in(Path.of(arguments[0])), new SimpleMeterRegistry())) {
            System.out.println("open");
            System.in.read();
        }
    }

    @Test
    void theNextStartFinishesIt() throws Exception {
        kills(3, 20261126);
    }

    @Test
    @Tag("long")
    void theNextStartFinishesItAfterEachOfManyKills() throws Exception {
        kills(40, System.nanoTime());
    }

    private void kills(int count, long seed) throws Exception {
        var random = new SplittableRandom(seed);
        for (int round = 1; round <= count; round++) {
            Path data = directory.resolve("data-" + round);
            Directories.copy(RELEASE, data);
            Path expected = directory.resolve("expected-" + round);
            Files.move(data.resolve("expected.txt"), expected);
            Moment moment = Moment.values()[round % Moment.values().length];
            int later = random.nextInt(2) * random.nextInt(2_000);
            System.out.printf(
                    "kill -9, round %d of %d, seed %d: %s, and %d looks%n", round, count, seed, moment, later);
            for (int kill = 0; kill < 2; kill++) { // the second meets what the first has left
                Process process = new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java")
                                        .toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                KilledUpgradeTest.class.getName(),
                                data.toString())
                        .redirectErrorStream(true)
                        .start();
                try {
                    await(moment, later, process, data);
                } finally {
                    process.destroyForcibly(); // SIGKILL
                    process.waitFor();
                }
            }
            verify(data, Files.readString(expected));
        }
    }

    private enum Moment {
        THE_COPY_IS_BEGUN,
        THE_COPY_IS_DONE, // and the tables change
        IT_IS_OPEN
    }

    /// Looks again and again whether it is time.
    private static void await(Moment moment, int later, Process process, Path data) throws IOException {
        var said = new ArrayList<String>();
        int left = later;
        try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            while (process.isAlive() || lines.ready()) {
                if (lines.ready()) {
                    said.add(lines.readLine());
                }
                boolean open = !said.isEmpty() && said.getLast().equals("open");
                if (open || (reached(moment, data) && left-- == 0)) {
                    return;
                }
                Thread.onSpinWait();
            }
        }
        throw new AssertionError("it ended by itself: " + String.join("\n", said));
    }

    private static boolean reached(Moment moment, Path data) throws IOException {
        return switch (moment) {
            case THE_COPY_IS_BEGUN ->
                Files.exists(data.resolve("database/before-upgrade.unfinished"))
                        || reached(Moment.THE_COPY_IS_DONE, data);
            case THE_COPY_IS_DONE -> {
                try (Stream<Path> files = Files.list(data.resolve("database"))) {
                    yield files.anyMatch(file -> file.getFileName().toString().matches("before-upgrade-.*\\.mv\\.db"));
                }
            }
            case IT_IS_OPEN -> false;
        };
    }

    private static void verify(Path data, String expected) throws IOException {
        List<Finding> findings = new ArrayList<>();
        try (PosternStore store = PosternStore.open(StoreSettings.in(data), new SimpleMeterRegistry())) {
            assertThat(ReleasesTest.describe(store)).isEqualTo(expected);
            assertThat(store.verify(VerifyOptions.ALL, findings::add, WorkProgress.NONE)
                            .clean())
                    .as("%s", findings)
                    .isTrue();
        }
        assertThat(data.resolve("database/before-upgrade.unfinished")).doesNotExist();
    }
}
