package org.postern.nameserver;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// What an operator decides about one zone.
///
/// @param nameServers hosts for the NS records; more may stand in `records`
/// @param contact the mailbox of the SOA record as a name: `hostmaster.example.org`
/// @param records what others have in the zone, in zone file form; Postern never writes it
public record ZoneSettings(
        DomainName origin,
        List<DomainName> nameServers,
        DomainName contact,
        Optional<Path> records,
        Algorithm algorithm,
        Denial denial,
        KeyScheme keys,
        Timing timing,
        List<Secondary> secondaries) {
    /// RFC 8624 §3.1: the two that are recommended for signing.
    public enum Algorithm {
        ECDSA_P256(13),
        ED25519(15);

        final int number;

        Algorithm(int number) {
            this.number = number;
        }
    }

    /// How it is proved that something is not there.
    public enum Denial {
        NSEC,
        /// with 0 iterations and no salt (RFC 9276 §3.1)
        NSEC3
    }

    /// Which keys sign.
    public enum KeyScheme {
        /// one key for everything, trusted by the parent
        CSK,
        /// one that the parent trusts (KSK) and one that signs the records (ZSK)
        KSK_AND_ZSK
    }

    /// How long things last.
    ///
    /// @param timeToLive of NS, SOA and DNSKEY records
    /// @param negative how long an absence may be cached (RFC 2308 §5)
    /// @param signatures how long one is good
    /// @param renewal a signature that ends sooner is made again
    /// @param zoneSigningKey how long a ZSK is used; zero: until one is asked for
    /// @param propagation how long it takes until every secondary has a change
    /// @param delegation TTL of the parent's DS records, where nobody saw it
    public record Timing(
            Duration timeToLive,
            Duration negative,
            Duration signatures,
            Duration renewal,
            Duration zoneSigningKey,
            Duration propagation,
            Duration delegation) {
        /// An hour, 5 minutes; 14 days, made again after 7; a ZSK for 90 days; secondaries within an hour; DS records
        /// of a day.
        public static final Timing DEFAULT = new Timing(
                Duration.ofHours(1),
                Duration.ofMinutes(5),
                Duration.ofDays(14),
                Duration.ofDays(7),
                Duration.ofDays(90),
                Duration.ofHours(1),
                Duration.ofDays(1));

        /// How long it takes until every cache may know a DNSKEY set, or none can have the one before.
        Duration known() {
            return timeToLive.plus(propagation);
        }

        public Timing {
            if (renewal.compareTo(signatures) >= 0) {
                throw new IllegalArgumentException(
                        "signatures are good for " + signatures + ", so they cannot be renewed " + renewal + " before");
            }
        }
    }

    /// Who may transfer the zone.
    ///
    /// @param address told of changes (NOTIFY); empty for one that asks by itself
    public record Secondary(Optional<InetSocketAddress> address, TransferKey key) {}

    public ZoneSettings {
        nameServers = List.copyOf(nameServers);
        secondaries = List.copyOf(secondaries);
    }
}
