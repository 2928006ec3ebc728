package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` under mixed load by four protocols, with segments being compacted and backups being made: what was
/// acknowledged is there, what was not is there wholly or not at all, nothing is there twice, no UID ever means two
/// messages, and `store verify` finds nothing wrong.
class MixedLoadKillTest {
    private static final List<String> ACCOUNTS =
            List.of("carol@example.test", "dave@example.test", "erin@example.test", "frank@example.test");

    @TempDir
    Path directory;

    @Test
    @Timeout(600)
    void whatWasAcknowledgedIsThereAfterThreeKills() throws Exception {
        kills(3, 20261126);
    }

    @Test
    @Tag("long")
    void whatWasAcknowledgedIsThereAfterTwoHundredKills() throws Exception {
        kills(200, System.nanoTime());
    }

    private void kills(int count, long seed) throws Exception {
        var random = new SplittableRandom(seed);
        Path backups = directory.resolve("backups");
        List<AcknowledgedChanges> logs = ACCOUNTS.stream()
                .map(account -> new AcknowledgedChanges(account, random.nextLong()))
                .toList();
        var backupsDone = new AtomicInteger();
        int compacted = 0;
        for (int round = 1; round <= count; round++) {
            int least = 20 + random.nextInt(80);
            try (var server = start()) {
                verify(server, logs);
                int underWay = load(server, logs, least, backups, backupsDone);
                System.out.printf(
                        "kill -9, round %d of %d, seed %d: after %d changes, %d under way; so far %s, %d backups%n",
                        round, count, seed, least, underWay, done(logs), backupsDone.get());
            }
            compacted = Math.max(compacted, lowestSegment(directory.resolve("data")));
        }
        try (var server = start()) {
            verify(server, logs);
            assertThat(server.stop()).isZero();
        }
        assertClean(CommandRun.on(directory.resolve("data"), "store", "verify"));
        if (backupsDone.get() > 0) {
            assertClean(CommandRun.of("backup", "verify", backups.toString()));
        }
        if (count >= 100) { // in a few rounds not everything comes up
            assertThat(done(logs)).hasSize(11);
            assertThat(backupsDone).hasPositiveValue();
            assertThat(compacted).as("lowest segment").isGreaterThan(1);
        }
    }

    private KilledServer start() throws IOException {
        return KilledServer.start(directory, ACCOUNTS.toArray(String[]::new));
    }

    private static Map<String, Integer> done(List<AcknowledgedChanges> logs) {
        Map<String, Integer> all = new TreeMap<>();
        logs.forEach(log -> log.done().forEach((kind, times) -> all.merge(kind, times, Integer::sum)));
        return all;
    }

    private static void verify(KilledServer server, List<AcknowledgedChanges> logs) throws IOException {
        for (AcknowledgedChanges log : logs) {
            log.connect(server);
            log.verify();
        }
        assertClean(CommandRun.on(server.data(), "store", "verify", "--full-speed"));
    }

    private static void assertClean(CommandRun run) {
        assertThat(run.code()).as(run.out() + run.err()).isZero();
    }

    /// Segments are numbered as they are made; the first go when they are compacted.
    private static int lowestSegment(Path data) throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("blobs"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".segment"))
                    .mapToInt(name -> Integer.parseInt(name.replaceAll("^\\d+-(\\d+)\\.segment$", "$1")))
                    .min()
                    .orElse(0);
        }
    }

    private static int underWay(List<AcknowledgedChanges> logs) {
        return (int) logs.stream().filter(AcknowledgedChanges::underWay).count();
    }

    /// Changes of all accounts at once, backups one after another, and the kill in the middle.
    ///
    /// @return how many changes were under way
    private static int load(
            KilledServer server, List<AcknowledgedChanges> logs, int least, Path backups, AtomicInteger backupsDone)
            throws Exception {
        var done = new Semaphore(0);
        var killed = new AtomicBoolean();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (AcknowledgedChanges log : logs) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    while (true) {
                        if (log.change(server)) {
                            done.release();
                        }
                    }
                } catch (IOException | UncheckedIOException gone) {
                    if (!killed.get()) {
                        failures.add(new AssertionError("a client lost its server before the kill", gone));
                    }
                } catch (RuntimeException | AssertionError failure) {
                    failures.add(failure);
                } finally {
                    done.release(least); // whoever waits looks why
                }
            }));
        }
        threads.add(Thread.ofPlatform().start(() -> {
            while (!killed.get()) {
                CommandRun run = CommandRun.on(server.data(), "backup", backups.toString());
                if (run.code() == 0) {
                    backupsDone.incrementAndGet();
                } else if (!killed.get() && server.runs()) {
                    failures.add(new AssertionError("a backup failed: " + run.err()));
                }
            }
        }));
        done.acquire(least);
        int underWay = underWay(logs);
        while (underWay == 0 && failures.isEmpty()) {
            done.acquire();
            underWay = underWay(logs);
        }
        killed.set(true);
        server.kill();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        return underWay;
    }
}
