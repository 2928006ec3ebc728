package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.postern.dns.Diagnosis;
import org.postern.dns.FrontEnd;
import org.postern.dns.TlsaParameters;
import org.postern.dns.UpdateKey;
import org.postern.recordgroups.GroupSettings;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;

/// What an operator decides about DNS: the section `dns`, read by [DnsSection].
///
/// @param upstreams resolvers to ask; empty for those of this machine
/// @param trustAnchors where validation begins; empty for the root as IANA has it
/// @param timeToLive of all records
/// @param frontEnds where clients are sent to, at least one
/// @param tlsa in which forms keys are published; empty for no TLSA records
/// @param caa whether names are bound to the ACME account that orders certificates for them
/// @param groups of records that lead to other programs, by mail domain; none for those that no entry is for
/// @param zones that Postern knows of: what is in none of them is shown and not looked after
record DnsSettings(
        List<Upstream> upstreams,
        Optional<Path> trustAnchors,
        Duration timeToLive,
        List<FrontEnd> frontEnds,
        List<TlsaParameters> tlsa,
        boolean caa,
        List<Groups> groups,
        List<Zone> zones) {
    /// RFC 7671 §13: short enough for a key that has to be changed at once.
    static final Duration TIME_TO_LIVE = Duration.ofHours(1);

    private static final Path RESOLVERS = Path.of("/etc/resolv.conf");

    DnsSettings {
        upstreams = List.copyOf(upstreams);
        frontEnds = List.copyOf(frontEnds);
        tlsa = List.copyOf(tlsa);
        groups = List.copyOf(groups);
        zones = List.copyOf(zones);
    }

    /// The record groups of some mail domains.
    ///
    /// @param domains empty for all that no other entry names
    record Groups(Set<DomainName> domains, GroupSettings settings) {
        Groups {
            domains = Set.copyOf(domains);
        }
    }

    /// A zone, and how records come into it.
    ///
    /// @param servers asked for what is published, in place of those that its NS records name
    record Zone(DomainName name, Way by, List<InetSocketAddress> servers) {
        Zone {
            servers = List.copyOf(servers);
        }
    }

    /// How records come into a zone.
    sealed interface Way {
        /// Somebody puts them there by hand, from `postern dns show`.
        record Text() implements Way {}

        /// By update messages to its primary server (RFC 2136).
        ///
        /// @param secretFile where the key's secret was read from; empty where it stands in the configuration
        record Update(String host, int port, UpdateKey key, Optional<Path> secretFile) implements Way {}

        /// Postern's own name server has the zone.
        record OwnServer() implements Way {}
    }

    /// One host, no zone.
    static DnsSettings of(String host) {
        return new DnsSettings(
                List.of(),
                Optional.empty(),
                TIME_TO_LIVE,
                List.of(new FrontEnd(new DomainName(host), 0, List.of())),
                List.of(TlsaParameters.USUAL),
                false,
                List.of(),
                List.of());
    }

    /// Of one mail domain.
    GroupSettings groupsOf(DomainName domain) {
        return groups.stream()
                .filter(each -> each.domains().contains(domain))
                .findFirst()
                .or(() ->
                        groups.stream().filter(each -> each.domains().isEmpty()).findFirst())
                .map(each -> each.settings().of(domain))
                .orElse(GroupSettings.NONE);
    }

    /// Those that are asked.
    List<Upstream> resolvers() {
        try {
            return upstreams.isEmpty() ? Upstream.ofResolvConf(RESOLVERS) : upstreams;
        } catch (IOException e) {
            throw new UncheckedIOException("no resolver is known, name one in dns.resolver.upstreams", e);
        }
    }

    /// A new one, which remembers nothing.
    Resolver resolver() {
        ResolverSettings settings = ResolverSettings.of(resolvers());
        try {
            return new Resolver(
                    trustAnchors.isEmpty() ? settings : settings.withAnchors(TrustAnchorFile.of(trustAnchors.get())));
        } catch (IOException | IllegalArgumentException e) { // it could be read when the configuration was
            throw new IllegalStateException("dns.resolver.trust-anchor-file cannot be used: " + e.getMessage(), e);
        }
    }

    /// Says why a zone is not secure.
    Diagnosis diagnosis() {
        return new Diagnosis(resolvers());
    }

    /// The zone of a name: the closest one above it. Empty where none is.
    Optional<Zone> zoneOf(DomainName name) {
        return zones.stream()
                .filter(zone -> name.isWithin(zone.name()))
                .max((one, other) -> Integer.compare(
                        one.name().text().length(), other.name().text().length()));
    }

    /// The closest zone above another; empty where there is none.
    Optional<Zone> above(Zone zone) {
        return zone.name().isRoot()
                ? Optional.empty()
                : zones.stream()
                        .filter(other -> !other.equals(zone) && zone.name().isWithin(other.name()))
                        .max((one, other) -> Integer.compare(
                                one.name().text().length(), other.name().text().length()));
    }

    /// A name in the zone of a front end's TLSA records.
    DomainName tlsaOf(DomainName host) {
        return frontEnds.stream()
                .filter(each -> each.host().equals(host))
                .findFirst()
                .flatMap(FrontEnd::tlsaAt)
                .orElse(host.child("_tcp"));
    }

    /// Zones whose servers are named.
    Map<DomainName, List<InetSocketAddress>> servers() {
        Map<DomainName, List<InetSocketAddress>> servers = new LinkedHashMap<>();
        zones.stream()
                .filter(zone -> !zone.servers().isEmpty())
                .forEach(zone -> servers.put(zone.name(), zone.servers()));
        return servers;
    }
}
