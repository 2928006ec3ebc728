package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.nameserver.NameServerSettings;
import org.postern.nameserver.TransferKey;
import org.postern.nameserver.ZoneSettings;
import org.postern.nameserver.ZoneSettings.Timing;
import org.postern.resolver.DomainName;
import org.postern.resolver.Upstream;

/// Reads the section `nameserver`.
final class NameServerSection {
    private static final String ZONES = "nameserver.zones";
    private static final Set<String> ZONE_KEYS = Set.of(
            "zone",
            "name-servers",
            "contact",
            "records",
            "algorithm",
            "denial",
            "keys",
            "signatures",
            "zone-signing-key",
            "propagation",
            "secondaries");
    private static final Set<String> SECONDARY_KEYS = Set.of("address", "key", "algorithm", "secret-file");

    private final Settings settings;
    private final Set<Path> files = new LinkedHashSet<>();

    NameServerSection(Settings settings) {
        this.settings = settings;
    }

    /// Empty where there is none.
    ///
    /// @param dns whose zones may be published by it
    Optional<Configuration.NameServer> read(DnsSettings dns) {
        List<InetAddress> addresses = settings.list("nameserver.addresses", List.of(), Settings::address);
        int port = settings.number("nameserver.port", 53, 1, 65_535);
        int perSecond = settings.number("nameserver.responses-per-second", 20, 0, 1_000_000);
        int connections = settings.number("nameserver.connections", 200, 1, 10_000);
        int perClient = settings.number("nameserver.connections-per-client", 20, 1, 10_000);
        Duration idle = settings.duration("nameserver.idle", Duration.ofSeconds(10), Duration.ofSeconds(1));
        List<ZoneSettings> zones = zones();
        if (addresses.isEmpty() != zones.isEmpty()) {
            settings.problem(settings.place() + "nameserver has addresses and zones, or neither");
        }
        for (DnsSettings.Zone zone : dns.zones()) {
            if (zone.by() instanceof DnsSettings.Way.OwnServer
                    && zones.stream().noneMatch(own -> own.origin().equals(zone.name()))) {
                settings.problem(settings.origin("dns.zones") + "dns.zones: the zone " + zone.name()
                        + " is published by own-server, and " + ZONES + " has no such zone");
            }
        }
        return addresses.isEmpty() || zones.isEmpty()
                ? Optional.empty()
                : Optional.of(new Configuration.NameServer(
                        new NameServerSettings(
                                addresses.stream()
                                        .map(address -> new InetSocketAddress(address, port))
                                        .toList(),
                                zones,
                                perSecond,
                                connections,
                                perClient,
                                idle),
                        List.copyOf(files)));
    }

    private List<ZoneSettings> zones() {
        List<ZoneSettings> zones = new ArrayList<>();
        Set<DomainName> names = new LinkedHashSet<>();
        for (ConfigObject object : settings.objects(ZONES, "{ zone = …, name-servers = [ … ] }")) {
            String place = settings.place(object.origin());
            try {
                ZoneSettings zone = zone(object);
                if (!names.add(zone.origin())) {
                    throw new IllegalArgumentException("the zone " + zone.origin() + " is there twice");
                }
                zones.add(zone);
            } catch (ConfigException | IllegalArgumentException wrong) {
                settings.problem(place + ZONES + ": " + wrong.getMessage());
            }
        }
        return zones;
    }

    private ZoneSettings zone(ConfigObject object) {
        Config entry = object.toConfig();
        requireOnly(object, ZONE_KEYS);
        if (!entry.hasPath("zone") || (!entry.hasPath("name-servers") && !entry.hasPath("records"))) {
            throw new IllegalArgumentException(
                    "an entry has the key zone, and name-servers or records with NS records; not only "
                            + object.keySet());
        }
        DomainName origin = new DomainName(entry.getString("zone"));
        return new ZoneSettings(
                origin,
                strings(entry, "name-servers").stream()
                        .map(Settings::host)
                        .map(DomainName::new)
                        .toList(),
                contact(entry, origin),
                entry.hasPath("records") ? Optional.of(file(entry, "records")) : Optional.empty(),
                switch (text(entry, "algorithm", "ecdsa-p256")) {
                    case "ecdsa-p256" -> ZoneSettings.Algorithm.ECDSA_P256;
                    case "ed25519" -> ZoneSettings.Algorithm.ED25519;
                    case String other ->
                        throw new IllegalArgumentException("algorithm is ecdsa-p256 or ed25519, not '" + other + "'");
                },
                switch (text(entry, "denial", "nsec")) {
                    case "nsec" -> ZoneSettings.Denial.NSEC;
                    case "nsec3" -> ZoneSettings.Denial.NSEC3;
                    case String other ->
                        throw new IllegalArgumentException("denial is nsec or nsec3, not '" + other + "'");
                },
                switch (text(entry, "keys", "csk")) {
                    case "csk" -> ZoneSettings.KeyScheme.CSK;
                    case "ksk-zsk" -> ZoneSettings.KeyScheme.KSK_AND_ZSK;
                    case String other ->
                        throw new IllegalArgumentException("keys is csk or ksk-zsk, not '" + other + "'");
                },
                timing(entry),
                secondaries(entry));
    }

    private static Timing timing(Config entry) {
        Timing usual = Timing.DEFAULT;
        Duration signatures = duration(entry, "signatures", usual.signatures(), Duration.ofHours(1));
        return new Timing(
                usual.timeToLive(),
                usual.negative(),
                signatures,
                signatures.dividedBy(2),
                duration(entry, "zone-signing-key", usual.zoneSigningKey(), Duration.ZERO),
                duration(entry, "propagation", usual.propagation(), Duration.ofMinutes(1)),
                usual.delegation());
    }

    private static Duration duration(Config entry, String key, Duration otherwise, Duration least) {
        Duration duration = entry.hasPath(key) ? entry.getDuration(key) : otherwise;
        if (duration.compareTo(least) < 0 || duration.compareTo(Duration.ofDays(3_650)) > 0) {
            throw new IllegalArgumentException(key + " is not from " + least.toSeconds() + " s to 3650 days");
        }
        return duration;
    }

    /// RFC 1035 §3.3.13: a mailbox as a name. By default hostmaster of the domain that the zone is of.
    private static DomainName contact(Config entry, DomainName origin) {
        String domain = origin.text();
        while (domain.startsWith("_") && domain.indexOf('.') > 0) {
            domain = domain.substring(domain.indexOf('.') + 1);
        }
        String mailbox = text(entry, "contact", "hostmaster@" + domain);
        int at = mailbox.lastIndexOf('@');
        if (at < 1) {
            throw new IllegalArgumentException("contact is a mailbox, not '" + mailbox + "'");
        }
        return new DomainName(mailbox.substring(0, at).replace(".", "\\.") + "." + mailbox.substring(at + 1));
    }

    private List<ZoneSettings.Secondary> secondaries(Config entry) {
        List<ZoneSettings.Secondary> secondaries = new ArrayList<>();
        if (entry.hasPath("secondaries")) {
            for (ConfigObject object : entry.getObjectList("secondaries")) {
                secondaries.add(secondary(object));
            }
        }
        return secondaries;
    }

    private ZoneSettings.Secondary secondary(ConfigObject object) {
        Config entry = object.toConfig();
        requireOnly(object, SECONDARY_KEYS);
        if (!entry.hasPath("key") || !entry.hasPath("secret-file")) {
            throw new IllegalArgumentException(
                    "an entry of secondaries has the keys key and secret-file, and may have address and algorithm, not "
                            + object.keySet());
        }
        Optional<InetSocketAddress> address = entry.hasPath("address")
                ? Optional.of(Upstream.parse(entry.getString("address")))
                        .map(server -> new InetSocketAddress(server.address(), server.port()))
                : Optional.empty();
        return new ZoneSettings.Secondary(
                address,
                new TransferKey(
                        new DomainName(entry.getString("key")),
                        text(entry, "algorithm", "hmac-sha256"),
                        secret(file(entry, "secret-file"))));
    }

    /// In base64, as tsig-keygen and keymgr print it.
    private byte[] secret(Path file) {
        String text;
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw new IllegalArgumentException("secret-file " + file + " can be read by everybody (chmod o-r)");
            }
            text = Files.readString(file).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("secret-file " + file + " cannot be read: " + e.getMessage(), e);
        }
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            // without its cause: that one quotes the secret
            throw new IllegalArgumentException("secret-file " + file + " holds something else than base64");
        }
    }

    private Path file(Config entry, String key) {
        Path file = Settings.absolute(entry.getString(key));
        files.add(file);
        return file;
    }

    private static void requireOnly(ConfigObject object, Set<String> known) {
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(known);
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("no such keys: " + others);
        }
    }

    private static String text(Config entry, String key, String otherwise) {
        return entry.hasPath(key) ? entry.getString(key) : otherwise;
    }

    private static List<String> strings(Config entry, String key) {
        return entry.hasPath(key) ? entry.getStringList(key) : List.of();
    }
}
