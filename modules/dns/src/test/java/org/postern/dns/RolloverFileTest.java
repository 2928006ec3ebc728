package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RolloverFileTest {
    private static final RolloverClock.Reading NOW =
            new RolloverClock.Reading("boot", 5_000_000_123L, Instant.parse("2026-11-26T20:00:00.5Z"));

    @TempDir
    Path directory;

    /// A state in which every component has something in it.
    private static RolloverState full() {
        RolloverModel world = new RolloverModel(new Rollover(), 2, 10, "old", "twin");
        for (int round = 0; round < 4; round++) {
            world.tick();
            world.look();
            world.transfer(1);
        }
        world.handshakes(false);
        world.announce("next");
        world.renew("new", "twin");
        world.say(new RolloverEvent.Forced());
        world.say(new RolloverEvent.Compromised(Set.of("stolen")));
        world.silence(1, true);
        world.look();
        world.renew("newer", "twin");
        world.say(new RolloverEvent.Forced());
        world.renew("newest", "twin");
        return world.state();
    }

    @Test
    void whatWasSavedIsThereAgain() throws Exception {
        RolloverState state = full();
        assertThat(List.of(
                        state.leaving(),
                        state.cached(),
                        state.owned(),
                        state.compromised(),
                        state.obstacles().keySet()))
                .as("nothing is left out of the test")
                .noneMatch(each -> each.toString().equals("[]"));
        RolloverClock clock = new RolloverClock(NOW, Duration.ofMillis(1_234_567));
        RolloverFile file = new RolloverFile(directory);
        file.save(clock, Map.of("mail.example.org", state, "mx.example.org", RolloverState.NEW));
        RolloverFile.Saved loaded = new RolloverFile(directory).load(NOW);
        assertThat(loaded.clock()).isEqualTo(clock);
        assertThat(loaded.hosts()).isEqualTo(Map.of("mail.example.org", state, "mx.example.org", RolloverState.NEW));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("rollover.json"))))
                .isEqualTo("rw-------");
    }

    @Test
    void anUnreadableFileIsPutAside() throws Exception {
        Files.writeString(directory.resolve("rollover.json"), "{ \"version\" : 1, ");
        RolloverFile.Saved loaded = new RolloverFile(directory).load(NOW);
        assertThat(loaded.hosts()).isEmpty();
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .singleElement()
                    .asString()
                    .startsWith("rollover.json.unreadable-");
        }
    }

    @Test
    void anotherVersionIsPutAsideToo() throws Exception {
        new RolloverFile(directory).save(RolloverClock.starting(NOW), Map.of("mail.example.org", RolloverState.NEW));
        Path file = directory.resolve("rollover.json");
        Files.writeString(file, Files.readString(file).replace("\"version\" : 1", "\"version\" : 2"));
        assertThat(new RolloverFile(directory).load(NOW).hosts()).isEmpty();
    }
}
