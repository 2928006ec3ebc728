package org.postern.nameserver;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.RolloverClock;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.postern.resolver.DomainName;

/// Zones and name servers for tests.
final class TestZones {
    static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    /// Of everything that a zone can have.
    static final String RECORDS = """
            @ MX 10 Mail.Example.org.
            @ TXT "v=spf1 mx -all"
            mail A 192.0.2.1
            mail AAAA 2001:db8::1
            www CNAME mail
            away CNAME www.elsewhere.test.
            one CNAME two
            two CNAME one
            _25._tcp.mail TLSA 3 1 1 aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            *.wild A 192.0.2.9
            *.wild TXT "any"
            host.deep.wild A 192.0.2.10
            *.alias CNAME mail
            child NS ns.child
            child NS ns.elsewhere.test.
            child DS 12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            ns.child A 192.0.2.20
            plain NS ns.elsewhere.test.
            a.b.c.d A 192.0.2.30
            """;

    private TestZones() {}

    static final DomainName ORIGIN = new DomainName("example.org");

    static ZoneSettings settings(Algorithm algorithm, Denial denial, KeyScheme keys, Optional<Path> records) {
        return new ZoneSettings(
                ORIGIN,
                List.of(new DomainName("ns.provider.test")),
                new DomainName("hostmaster.example.org"),
                records,
                algorithm,
                denial,
                keys,
                ZoneSettings.Timing.DEFAULT,
                List.of());
    }

    static ZoneSettings with(ZoneSettings zone, ZoneSettings.Timing timing) {
        return new ZoneSettings(
                zone.origin(),
                zone.nameServers(),
                zone.contact(),
                zone.records(),
                zone.algorithm(),
                zone.denial(),
                zone.keys(),
                timing,
                zone.secondaries());
    }

    static ZoneSettings with(ZoneSettings zone, List<ZoneSettings.Secondary> secondaries) {
        return new ZoneSettings(
                zone.origin(),
                zone.nameServers(),
                zone.contact(),
                zone.records(),
                zone.algorithm(),
                zone.denial(),
                zone.keys(),
                zone.timing(),
                secondaries);
    }

    static Path records(Path directory, String text) throws IOException {
        return Files.writeString(directory.resolve("others.zone"), text);
    }

    static TransferKey key(String name) {
        return new TransferKey(
                new DomainName(name),
                "hmac-sha256",
                "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII));
    }

    /// Not limited, on a port of its own.
    static NameServer serve(Path directory, ZoneSettings... zones) throws IOException {
        NameServer server = new NameServer(
                settings(zones),
                Files.createDirectories(directory.resolve("nameserver")),
                RolloverClock.Reading::now,
                new SimpleMeterRegistry(),
                Optional.empty());
        server.listen();
        return server;
    }

    static NameServerSettings settings(ZoneSettings... zones) {
        return new NameServerSettings(
                List.of(new InetSocketAddress(LOOPBACK, 0)), List.of(zones), 0, 200, 200, Duration.ofSeconds(10));
    }

    static RecordSet set(String owner, RecordType type, String... data) {
        return new RecordSet(new DomainName(owner), type, Duration.ofMinutes(5), List.of(data));
    }

    /// What Postern publishes for a domain.
    static List<RecordSet> mail(String hash) {
        return List.of(
                set("_imaps._tcp.example.org", RecordType.SRV, "0 1 993 mail.example.org."),
                set("_pop3._tcp.example.org", RecordType.SRV, "0 0 0 ."),
                set("_993._tcp.mail.example.org", RecordType.TLSA, "3 1 1 " + hash));
    }

    static final String HASH = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static final String OTHER_HASH = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00";

    /// Both clocks of a machine, for all threads. Time goes on when a test says so, and the wall clock shows what it
    /// says.
    static final class TestClock {
        private Instant truth;
        private Duration wrong = Duration.ZERO;
        private Instant start;
        private int boot;

        TestClock(Instant now) {
            this.truth = now;
            this.start = now;
        }

        synchronized void forward(Duration duration) {
            truth = truth.plus(duration);
        }

        /// Somebody sets the wall clock.
        synchronized void set(Duration ahead) {
            wrong = ahead;
        }

        /// The machine starts again.
        synchronized void reboot() {
            boot++;
            start = truth;
        }

        synchronized Instant truth() {
            return truth;
        }

        /// What the wall clock shows.
        synchronized Instant instant() {
            return truth.plus(wrong);
        }

        synchronized RolloverClock.Reading reading() {
            return new RolloverClock.Reading(
                    "boot " + boot, Duration.between(start, truth).toNanos(), instant());
        }

        /// As if the wall clock were the only one.
        synchronized RolloverClock.Reading wallAlone() {
            return new RolloverClock.Reading(
                    "boot", Duration.between(Instant.EPOCH, instant()).toNanos(), instant());
        }
    }

    /// That runs as this machine's.
    static ZoneClock clock(Path directory) {
        return new ZoneClock(directory, RolloverClock.Reading::now);
    }
}
