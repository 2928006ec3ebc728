package org.postern.dns;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.postern.resolver.DomainName;

/// How an [UpdatePublisher] works.
///
/// @param host of the primary server: an address or a name
/// @param journal the file of the journal; its directory is made
/// @param patience for one answer of the server
/// @param attempts to reach the server, at least one
/// @param pause after the first attempt; doubled after each one
/// @param clock by which messages are signed
public record UpdateSettings(
        String host,
        int port,
        DomainName zone,
        UpdateKey key,
        Path journal,
        Duration patience,
        int attempts,
        Duration pause,
        Clock clock) {
    public UpdateSettings {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("not a port: " + port);
        }
        if (attempts < 1) {
            throw new IllegalArgumentException("at least one attempt is needed");
        }
    }

    /// Ten seconds for an answer, five attempts within half a minute.
    public static UpdateSettings of(String host, int port, DomainName zone, UpdateKey key, Path journal) {
        return new UpdateSettings(
                host, port, zone, key, journal, Duration.ofSeconds(10), 5, Duration.ofSeconds(2), Clock.systemUTC());
    }

    public UpdateSettings withPatience(Duration other) {
        return new UpdateSettings(host, port, zone, key, journal, other, attempts, pause, clock);
    }

    public UpdateSettings withAttempts(int other, Duration first) {
        return new UpdateSettings(host, port, zone, key, journal, patience, other, first, clock);
    }

    public UpdateSettings withClock(Clock other) {
        return new UpdateSettings(host, port, zone, key, journal, patience, attempts, pause, other);
    }

    /// The server, for messages: `192.0.2.1 port 53`.
    String server() {
        return host + " port " + port;
    }
}
