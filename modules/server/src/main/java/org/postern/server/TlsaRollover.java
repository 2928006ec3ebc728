package org.postern.server;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.postern.dns.FrontEnd;
import org.postern.dns.Gate;
import org.postern.dns.MailService;
import org.postern.dns.OutsideProbe;
import org.postern.dns.Rollovers;
import org.postern.dns.TlsaHost;
import org.postern.mua.Probe;
import org.postern.mua.Prober;
import org.postern.mua.Server;
import org.postern.mua.Service;
import org.postern.mua.Target;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.tls.Fingerprints;

/// What [Rollovers] needs of this server: whose records there are, how they are published, and a client's eyes.
final class TlsaRollover {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private TlsaRollover() {}

    /// Front ends whose TLSA records are in a zone that Postern knows of, before anybody is asked about it.
    static List<TlsaHost> hosts(DnsSettings settings) {
        return hosts(settings, List.of(), _ -> TlsaHost.Standing.UNKNOWN);
    }

    private static List<TlsaHost> hosts(
            DnsSettings settings, List<Integer> ports, Function<FrontEnd, TlsaHost.Standing> standing) {
        List<TlsaHost> hosts = new ArrayList<>();
        for (FrontEnd each : settings.frontEnds()) {
            Optional<DnsSettings.Zone> zone = zone(settings, each);
            if (zone.isPresent() && !settings.tlsa().isEmpty()) {
                hosts.add(new TlsaHost(
                        each.host(),
                        each.tlsaAt().orElse(each.host()),
                        ports,
                        settings.tlsa(),
                        settings.timeToLive(),
                        standing.apply(each),
                        zone.get().by() instanceof DnsSettings.Way.Text));
            }
        }
        return hosts;
    }

    private static Optional<DnsSettings.Zone> zone(DnsSettings settings, FrontEnd frontEnd) {
        return settings.zoneOf(settings.tlsaOf(frontEnd.host()));
    }

    /// From now on keys follow each other.
    static void start(Rollovers rollovers, DnsKeeper dns, CertificateKeeper certificates) {
        rollovers.start(new Rollovers.Means(
                () -> places(dns),
                dns::publish,
                (owner, type) -> dns.servers().ask(owner, type),
                (host, _) -> look(dns, host),
                certificates::refresh));
    }

    private static List<TlsaHost> places(DnsKeeper dns) {
        DnsSettings settings = dns.settings();
        List<Integer> ports = List.copyOf(dns.wanted().ports().values());
        return ports.isEmpty() ? List.of() : hosts(settings, ports, each -> standing(dns, each, ports.getFirst()));
    }

    /// Of what a client asks for, and of the place to which an alias is to lead: the worse one.
    private static TlsaHost.Standing standing(DnsKeeper dns, FrontEnd frontEnd, int port) {
        TlsaHost.Standing asked = standing(dns.gate().of(frontEnd.tlsaOwner(port)));
        TlsaHost.Standing end =
                frontEnd.tlsaAt().map(place -> standing(dns.gate().of(place))).orElse(asked);
        return asked == TlsaHost.Standing.INSECURE || end == TlsaHost.Standing.INSECURE
                ? TlsaHost.Standing.INSECURE
                : asked == TlsaHost.Standing.UNKNOWN ? asked : end;
    }

    private static TlsaHost.Standing standing(Gate.Verdict verdict) {
        return switch (verdict) {
            case Gate.Verdict.Open() -> TlsaHost.Standing.SECURE;
            case Gate.Verdict.Closed _ -> TlsaHost.Standing.INSECURE;
            case Gate.Verdict.Unknown _ -> TlsaHost.Standing.UNKNOWN;
        };
    }

    /// Every service at every address, found as a client finds it.
    private static OutsideProbe.Outcome look(DnsKeeper dns, DomainName host) {
        Resolver resolver = dns.settings().resolver();
        Prober prober = new Prober(PATIENCE);
        Map<MailService, Integer> ports = new LinkedHashMap<>(dns.wanted().ports());
        Set<String> keys = new TreeSet<>();
        List<String> failures = new ArrayList<>();
        ports.forEach((service, port) -> {
            Target target = Target.resolve(
                    Server.configured(Service.valueOf(service.name()), host.text(), port), resolver::lookup);
            if (target.addresses().isEmpty()) {
                failures.add("no address is found for " + host);
            }
            for (InetAddress address : target.addresses()) {
                Probe probe = prober.probe(target, address);
                probe.tls()
                        .ifPresentOrElse(
                                tls -> keys.add(Fingerprints.sha256(
                                        tls.chain().getFirst().getPublicKey())),
                                () -> failures.add(service.label() + " at " + address.getHostAddress() + " port " + port
                                        + ": "
                                        + probe.fault()
                                                .map(Probe.Fault::toString)
                                                .orElse("no TLS")));
            }
        });
        return new OutsideProbe.Outcome(
                keys,
                failures.isEmpty()
                        ? Optional.empty()
                        : Optional.of(String.join(
                                "; ", failures.stream().distinct().limit(3).toList())));
    }
}
