package org.postern.store;

import java.time.Duration;

/// How message bodies are kept on the disk.
///
/// @param octets after which a segment file is followed by another
/// @param compress true to compress what comes in with zstd
/// @param deadShare percent of a segment that must be dead before what lives in it moves; 100: never
/// @param rate octets a second that compaction reads at most
/// @param pause between two looks for something to compact
/// @param reserve octets that must be free on the disk for mail to be taken
public record SegmentSettings(long octets, boolean compress, int deadShare, long rate, Duration pause, long reserve) {
    public static final SegmentSettings DEFAULT =
            new SegmentSettings(256 << 20, false, 50, 8 << 20, Duration.ofMinutes(1), 64 << 20);
}
