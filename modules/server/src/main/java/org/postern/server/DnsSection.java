package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.dns.FrontEnd;
import org.postern.dns.TlsaParameters;
import org.postern.dns.UpdateKey;
import org.postern.identity.TlsaRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;
import org.postern.server.Configuration.Certificates;

/// Reads the section `dns`.
final class DnsSection {
    private static final Set<String> ZONE_KEYS = Set.of("zone", "by", "servers");
    private static final Set<String> UPDATE_KEYS = Set.of("server", "key", "algorithm", "secret", "secret-file");
    private static final int DNS_PORT = 53;

    private final Settings settings;

    DnsSection(Settings settings) {
        this.settings = settings;
    }

    /// @param host the server's own
    DnsSettings read(String host, Certificates certificates) {
        List<Upstream> upstreams = settings.list("dns.resolver.upstreams", List.of(), Upstream::parse);
        Optional<Path> anchors = settings.optional("dns.resolver.trust-anchor-file", text -> {
                    checkAnchors(Settings.absolute(text));
                    return text;
                })
                .map(Path::of);
        Duration timeToLive = settings.duration("dns.time-to-live", DnsSettings.TIME_TO_LIVE, Duration.ofSeconds(1));
        return new DnsSettings(
                upstreams,
                anchors,
                timeToLive,
                frontEnds(host),
                tlsa(certificates),
                caa(certificates),
                new GroupSection(settings).read(),
                zones());
    }

    private static void checkAnchors(Path file) {
        try {
            TrustAnchorFile.of(file);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("there is no file " + file, e);
        } catch (IOException e) {
            throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    // ---- front ends

    private List<FrontEnd> frontEnds(String host) {
        List<? extends ConfigObject> objects =
                settings.objects("dns.front-ends", "{ host = …, weight = …, addresses = [ … ], tlsa-at = … }");
        List<FrontEnd> frontEnds = new ArrayList<>();
        for (ConfigObject object : objects) {
            // RFC 2782: weight 0 where there is nothing to choose from
            frontEnd(object, objects.size() == 1 ? 0 : 1).ifPresent(frontEnds::add);
        }
        Set<DomainName> hosts = new HashSet<>();
        frontEnds.stream()
                .filter(each -> !hosts.add(each.host()))
                .forEach(twice -> settings.problem(
                        settings.origin("dns.front-ends") + "dns.front-ends names " + twice.host() + " twice"));
        if (!objects.isEmpty() || !Settings.isHost(host)) { // a host that is none has been told of
            return frontEnds;
        }
        return List.of(new FrontEnd(new DomainName(host), 0, List.of()));
    }

    private Optional<FrontEnd> frontEnd(ConfigObject object, int usualWeight) {
        String place = settings.place(object.origin());
        Config entry = object.toConfig();
        if (!entry.hasPath("host") || hasOthers(object, Set.of("host", "weight", "addresses", "tlsa-at"))) {
            settings.problem(place
                    + "an entry of dns.front-ends has the key host, and may have weight, addresses and tlsa-at, not "
                    + object.keySet());
            return Optional.empty();
        }
        try {
            return Optional.of(new FrontEnd(
                    new DomainName(Settings.host(entry.getString("host"))),
                    entry.hasPath("weight") ? entry.getInt("weight") : usualWeight,
                    entry.hasPath("addresses")
                            ? entry.getStringList("addresses").stream()
                                    .map(Settings::address)
                                    .toList()
                            : List.of(),
                    entry.hasPath("tlsa-at") ? Optional.of(tlsaPlace(entry.getString("tlsa-at"))) : Optional.empty()));
        } catch (ConfigException | IllegalArgumentException wrong) {
            settings.problem(place + "dns.front-ends: " + wrong.getMessage());
            return Optional.empty();
        }
    }

    private static DomainName tlsaPlace(String text) {
        DomainName place = new DomainName(text);
        if (place.isRoot() || place.text().matches("(_\\d+|\\*)\\._tcp(\\..*)?")) {
            throw new IllegalArgumentException("tlsa-at is a place of its own, as _dane.example.net, and not " + text);
        }
        return place;
    }

    private static boolean hasOthers(ConfigObject object, Set<String> keys) {
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(keys);
        return !others.isEmpty();
    }

    // ---- TLSA

    private List<TlsaParameters> tlsa(Certificates certificates) {
        List<TlsaParameters> all = settings.list("dns.tlsa", List.of("3 1 1"), TlsaParameters::parse);
        for (TlsaParameters each : all) {
            if (each.matchingType() == TlsaRecord.SHA_512
                    && !all.contains(new TlsaParameters(each.usage(), each.selector(), TlsaRecord.SHA_256))) {
                // RFC 7671 §9: SHA-512 is not for all clients
                problem("\"" + each + "\" is for clients that know SHA-512: publish it beside SHA-256");
            }
            if (each.ofAuthority() && certificates instanceof Certificates.Acme) {
                problem("\"" + each + "\" would bind you to an intermediate authority that changes without notice:"
                        + " with tls.certificates = acme use \"3 1 1\"");
            }
        }
        return all;
    }

    private void problem(String text) {
        settings.problem(settings.origin("dns.tlsa") + "dns.tlsa: " + text);
    }

    private boolean caa(Certificates certificates) {
        boolean wanted = settings.flag("dns.caa", false);
        if (wanted && !(certificates instanceof Certificates.Acme)) {
            settings.problem(settings.origin("dns.caa")
                    + "dns.caa is about the account that orders certificates: it needs tls.certificates = acme");
        }
        return wanted;
    }

    // ---- zones

    private List<DnsSettings.Zone> zones() {
        List<DnsSettings.Zone> zones = new ArrayList<>();
        Set<DomainName> names = new HashSet<>();
        for (ConfigObject object : settings.objects("dns.zones", "{ zone = …, by = … }")) {
            String place = settings.place(object.origin());
            try {
                DnsSettings.Zone zone = zone(object);
                if (!names.add(zone.name())) {
                    throw new IllegalArgumentException("the zone " + zone.name() + " is there twice");
                }
                zones.add(zone);
            } catch (ConfigException | IllegalArgumentException wrong) {
                settings.problem(place + "dns.zones: " + wrong.getMessage());
            }
        }
        return zones;
    }

    private static DnsSettings.Zone zone(ConfigObject object) {
        Config entry = object.toConfig();
        if (!entry.hasPath("zone") || !entry.hasPath("by")) {
            throw new IllegalArgumentException("an entry has the keys zone and by, not only " + object.keySet());
        }
        return new DnsSettings.Zone(new DomainName(entry.getString("zone")), way(object, entry), servers(entry));
    }

    /// A branch for each way, with the keys that are its own.
    private static DnsSettings.Way way(ConfigObject object, Config entry) {
        return switch (entry.getString("by")) {
            case "text" -> {
                requireOnly(object, Set.of());
                yield new DnsSettings.Way.Text();
            }
            case "own-server" -> {
                requireOnly(object, Set.of());
                yield new DnsSettings.Way.OwnServer();
            }
            case "update" -> {
                requireOnly(object, UPDATE_KEYS);
                yield update(entry);
            }
            case String other ->
                throw new IllegalArgumentException("by is text, update or own-server, not '" + other + "'");
        };
    }

    private static DnsSettings.Way update(Config entry) {
        if (!entry.hasPath("server") || !entry.hasPath("key")) {
            throw new IllegalArgumentException(
                    "by = update needs server (the primary one of the zone) and key (its name)");
        }
        if (entry.hasPath("secret") == entry.hasPath("secret-file")) {
            throw new IllegalArgumentException("by = update needs secret-file or secret, one of them");
        }
        Optional<Path> file = entry.hasPath("secret-file")
                ? Optional.of(Settings.absolute(entry.getString("secret-file")))
                : Optional.empty();
        UpdateKey key = new UpdateKey(
                new DomainName(entry.getString("key")),
                UpdateKey.Algorithm.of(entry.hasPath("algorithm") ? entry.getString("algorithm") : "hmac-sha256"),
                file.map(DnsSection::secret).orElseGet(() -> entry.getString("secret")));
        String server = entry.getString("server");
        if (Settings.isHost(server) && server.chars().anyMatch(Character::isLetter)) { // on the usual port
            return new DnsSettings.Way.Update(server, DNS_PORT, key, file);
        }
        int colon = server.lastIndexOf(':');
        if (colon > 0
                && Settings.isHost(server.substring(0, colon))
                && server.chars().anyMatch(Character::isLetter)) {
            int port = Integer.parseInt(server.substring(colon + 1));
            return new DnsSettings.Way.Update(server.substring(0, colon), port, key, file);
        }
        Upstream address = Upstream.parse(server);
        return new DnsSettings.Way.Update(address.address().getHostAddress(), address.port(), key, file);
    }

    private static String secret(Path file) {
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                throw new IllegalArgumentException("secret-file " + file + " can be read by everybody (chmod o-r)");
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("secret-file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void requireOnly(ConfigObject object, Set<String> own) {
        Set<String> others = new LinkedHashSet<>(object.keySet());
        others.removeAll(ZONE_KEYS);
        others.removeAll(own);
        if (!others.isEmpty()) {
            throw new IllegalArgumentException("no such keys in an entry of this kind: " + others);
        }
    }

    private static List<InetSocketAddress> servers(Config entry) {
        return entry.hasPath("servers")
                ? entry.getStringList("servers").stream()
                        .map(Upstream::parse) // an address, with or without a port
                        .map(server -> new InetSocketAddress(server.address(), server.port()))
                        .toList()
                : List.of();
    }
}
