package org.postern.nameserver;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Properties;
import java.util.function.Supplier;
import org.postern.dns.RolloverClock;
import org.postern.files.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What time it is for the zones of a server: by the wall clock for what validators judge, and by what has passed for
/// certain ([RolloverClock]) for what caches have to forget. The latter lasts in a file, written while a key waits:
/// nothing of it is lost with the process, and at most a minute with the machine. For all threads.
final class ZoneClock {
    private static final Logger LOG = LoggerFactory.getLogger(ZoneClock.class);
    private static final Duration SAVE = Duration.ofMinutes(1);
    /// No clock is further ahead in earnest, and a signature cannot be good for 68 years (RFC 4034 §3.1.5).
    private static final Duration FURTHEST = Duration.ofDays(365);

    /// A moment.
    ///
    /// @param wall in whole seconds, as records have it
    /// @param earliest what the wall clock would show if nobody had set it forward since the start
    /// @param counted time that has passed for certain
    record Moment(Instant wall, Instant earliest, Duration counted) {}

    private final Path file;
    private final Supplier<RolloverClock.Reading> readings;
    private final Instant startWall;
    private final Duration startCounted;
    private final Duration before;
    // guarded by this
    private RolloverClock clock;
    private Duration saved;

    /// @param directory of all zones
    ZoneClock(Path directory, Supplier<RolloverClock.Reading> readings) {
        this.file = directory.resolve("clock");
        this.readings = readings;
        RolloverClock.Reading now = readings.get();
        RolloverClock read = read(now);
        before = read.counted();
        clock = advanced(read, now);
        startWall = now.wall();
        startCounted = clock.counted();
        saved = clock.counted();
    }

    /// What had passed when the process before this one was seen last.
    Duration before() {
        return before;
    }

    synchronized Moment now() {
        clock = advanced(clock, readings.get());
        Instant wall = clock.last().wall();
        Instant unset = startWall.plus(clock.counted()).minus(startCounted);
        Instant least = wall.minus(FURTHEST);
        Instant earliest = unset.isAfter(wall) ? wall : unset.isBefore(least) ? least : unset;
        return new Moment(
                wall.truncatedTo(ChronoUnit.SECONDS), earliest.truncatedTo(ChronoUnit.SECONDS), clock.counted());
    }

    private static RolloverClock advanced(RolloverClock clock, RolloverClock.Reading now) {
        RolloverClock.Advance advance = clock.advance(now);
        advance.jump()
                .ifPresent(jump -> LOG.warn(
                        "the wall clock went {} s away from the time that passed; no wait of a DNSSEC key is shortened by"
                                + " that",
                        jump.toSeconds()));
        return advance.clock();
    }

    /// Keeps on the disk what has passed, if that is much.
    synchronized void keep() throws IOException {
        if (clock.counted().minus(saved).compareTo(SAVE) >= 0) {
            save();
        }
    }

    /// Has what has passed on the disk: before anything there says since when it waits.
    synchronized void save() throws IOException {
        RolloverClock.Reading last = clock.last();
        DurableFile.replace(
                file,
                "boot=" + last.boot() + "\nmonotonic=" + last.monotonicNanos() + "\nwall=" + last.wall() + "\ncounted="
                        + clock.counted() + "\n");
        saved = clock.counted();
    }

    /// Without a file, or with one that says nothing, time begins anew: waits get longer by that, never shorter.
    private RolloverClock read(RolloverClock.Reading now) {
        if (!Files.exists(file)) {
            return RolloverClock.starting(now);
        }
        try {
            Properties fields = new Properties();
            fields.load(new StringReader(Files.readString(file)));
            return new RolloverClock(
                    new RolloverClock.Reading(
                            fields.getProperty("boot", ""),
                            Long.parseLong(fields.getProperty("monotonic", "")),
                            Instant.parse(fields.getProperty("wall", ""))),
                    Duration.parse(fields.getProperty("counted", "")));
        } catch (IOException | IllegalArgumentException | DateTimeException e) {
            LOG.warn("{} cannot be read ({}): what waits, waits from now on", file, e.getMessage());
            return RolloverClock.starting(now);
        }
    }
}
