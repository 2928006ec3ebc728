package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postern.nameserver.TestZones.TestClock;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;

/// What counts as passed: what both clocks have seen, across processes, and nothing of what nobody has seen.
class ZoneClockTest {
    @TempDir
    Path directory;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-26T20:00:00Z"));

    private HostedZone open() throws Exception {
        return new HostedZone(
                TestZones.settings(Algorithm.ECDSA_P256, Denial.NSEC, KeyScheme.KSK_AND_ZSK, Optional.empty()),
                directory,
                new ZoneClock(directory, clock::reading));
    }

    /// A new ZSK waits for two hours: TTL and propagation of an hour each.
    private HostedZone waiting() throws Exception {
        HostedZone zone = open();
        zone.roll(Role.ZSK);
        assertThat(waits(zone)).isTrue();
        return zone;
    }

    private static boolean waits(HostedZone zone) throws Exception {
        zone.tick();
        return zone.status(List.of()).keys().stream()
                .anyMatch(key -> key.state().startsWith("published, waits"));
    }

    private void pass(HostedZone zone, Duration time) throws Exception {
        for (Duration passed = Duration.ZERO; passed.compareTo(time) < 0; passed = passed.plusSeconds(5)) {
            clock.forward(Duration.ofSeconds(5));
            zone.tick();
        }
    }

    @Test
    void aWaitIsAsLongAsItIs() throws Exception {
        HostedZone zone = waiting();
        pass(zone, Duration.ofHours(2).minusSeconds(5));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofSeconds(5));
        assertThat(waits(zone)).isFalse();
    }

    @Test
    void aClockThatIsSetShortensNoWait() throws Exception {
        HostedZone zone = waiting();
        clock.set(Duration.ofDays(3));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofHours(1));
        clock.set(Duration.ofDays(-3));
        pass(zone, Duration.ofMinutes(59));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofMinutes(1).plusSeconds(5)); // what stood still with the step back
        assertThat(waits(zone)).isFalse();
    }

    @Test
    void timeWithoutAProcessCounts() throws Exception {
        pass(waiting(), Duration.ofMinutes(65));
        clock.forward(Duration.ofMinutes(50));
        assertThat(waits(open())).isTrue();
        clock.forward(Duration.ofMinutes(5));
        assertThat(waits(open())).isFalse();
    }

    /// Secondaries get nothing meanwhile: it does not count before they had an hour to get what waits.
    @Test
    void timeWithoutAProcessDoesNotCountBeforeSecondariesKnow() throws Exception {
        pass(waiting(), Duration.ofMinutes(20));
        clock.forward(Duration.ofHours(9));
        HostedZone zone = open();
        pass(zone, Duration.ofMinutes(99));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofMinutes(2)); // a minute may be lost with the process
        assertThat(waits(zone)).isFalse();
    }

    /// The wall clock alone would know for how long, and it may be wrong at a start.
    @Test
    void timeWithoutAMachineDoesNotCount() throws Exception {
        pass(waiting(), Duration.ofMinutes(90));
        clock.forward(Duration.ofDays(2));
        clock.reboot();
        HostedZone zone = open();
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofMinutes(29));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofMinutes(2)); // a minute may be lost with the machine
        assertThat(waits(zone)).isFalse();
    }

    @Test
    void withoutItsFileAWaitBeginsAnewOnce() throws Exception {
        pass(waiting(), Duration.ofMinutes(90));
        Files.writeString(directory.resolve("clock"), "counted=\n");
        clock.reboot();
        HostedZone zone = open();
        pass(zone, Duration.ofMinutes(100));
        HostedZone again = open();
        pass(again, Duration.ofMinutes(19));
        assertThat(waits(again)).isTrue();
        pass(again, Duration.ofMinutes(1));
        assertThat(waits(again)).isFalse();
    }

    /// Keys as an earlier version wrote them.
    @Test
    void keysThatDoNotSaySinceWhenWaitFromNowOn() throws Exception {
        pass(waiting(), Duration.ofMinutes(90));
        Path keys = directory.resolve("example.org").resolve("keys");
        Files.writeString(keys, Files.readString(keys).replaceAll(" counted=[^ ]+", ""));
        Files.delete(directory.resolve("clock"));
        HostedZone zone = open();
        pass(zone, Duration.ofMinutes(119));
        assertThat(waits(zone)).isTrue();
        pass(zone, Duration.ofMinutes(1));
        assertThat(waits(zone)).isFalse();
    }
}
