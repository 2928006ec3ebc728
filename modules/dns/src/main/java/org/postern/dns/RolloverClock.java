package org.postern.dns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// Time that has passed for certain: what both the wall clock and the monotonic clock say, and nothing of what only one
/// of them says. So no wait is ever shortened by a clock that somebody sets, and none of the time before a start of the
/// machine counts, when only the wall clock knows how long it was down.
///
/// @param last when it was read last
/// @param counted since this rollover's records began
public record RolloverClock(Reading last, Duration counted) {
    /// Further than this apart and somebody has set a clock, or the machine slept.
    private static final Duration JUMP = Duration.ofSeconds(60);

    /// Both clocks at one moment.
    ///
    /// @param boot names the start of the machine since which the monotonic clock runs
    public record Reading(String boot, long monotonicNanos, Instant wall) {
        private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
        /// The monotonic clock of Linux runs on across processes; of others nothing is known.
        private static final String THIS_BOOT = thisBoot();

        public static Reading now() {
            return new Reading(THIS_BOOT, System.nanoTime(), Instant.now());
        }

        private static String thisBoot() {
            try {
                return Files.readString(BOOT).strip();
            } catch (IOException | RuntimeException e) {
                return "process " + ProcessHandle.current().pid() + " of " + Instant.now();
            }
        }
    }

    /// The clock after a look at both.
    ///
    /// @param jump how far the wall clock went away from the monotonic one, where that is too far
    public record Advance(RolloverClock clock, Optional<Duration> jump) {}

    public static RolloverClock starting(Reading now) {
        return new RolloverClock(now, Duration.ZERO);
    }

    public Advance advance(Reading now) {
        Duration wall = Duration.between(last.wall, now.wall);
        if (!now.boot.equals(last.boot)) {
            return new Advance(new RolloverClock(now, counted), Optional.empty());
        }
        Duration monotonic = Duration.ofNanos(now.monotonicNanos - last.monotonicNanos);
        Duration apart = wall.minus(monotonic);
        Duration certain = wall.compareTo(monotonic) < 0 ? wall : monotonic;
        return new Advance(
                new RolloverClock(now, certain.isNegative() ? counted : counted.plus(certain)),
                apart.abs().compareTo(JUMP) > 0 ? Optional.of(apart) : Optional.empty());
    }
}
