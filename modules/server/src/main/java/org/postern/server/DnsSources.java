package org.postern.server;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.postern.dns.MailService;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.TlsaData;
import org.postern.dns.WantedRecords;
import org.postern.resolver.DomainName;
import org.postern.store.Accounts;

/// What the records of the mail domains are made of, and what is made of it: domains, listeners, keys, whoever may
/// issue certificates, and records that lead to other programs. Asks nobody anything. Safe for use by all threads.
///
/// @param listeners where clients may be sent to
/// @param tlsa keys that are served or announced
/// @param ordering who may issue certificates, where that is known
/// @param others what else is wanted
/// @param groups records that lead to other programs
record DnsSources(
        Accounts accounts,
        RetiringListeners listeners,
        TlsaData tlsa,
        Supplier<Optional<CertificateKeeper.Ordering>> ordering,
        Supplier<List<RecordSet>> others,
        DnsGroups groups) {
    /// As of now.
    DnsGroups.Situation situation(DnsSettings settings) {
        return new DnsGroups.Situation(
                settings, accounts.domains().stream().map(DomainName::new).toList(), offered(listeners.offered()));
    }

    WantedRecords wanted(DnsGroups.Situation now) {
        DnsSettings settings = now.settings();
        Map<DomainName, TlsaData.Records> data = new HashMap<>();
        settings.frontEnds().forEach(each -> data.put(each.host(), tlsa.of(each.host(), settings.tlsa())));
        return new WantedRecords(
                now.domains(), settings.frontEnds(), now.services(), data, settings.timeToLive(), others(now));
    }

    private List<RecordSet> others(DnsGroups.Situation now) {
        DnsSettings settings = now.settings();
        List<RecordSet> sets = new ArrayList<>(others.get());
        List<RecordSet> led = groups.permitted(now);
        sets.addAll(led);
        if (settings.caa()) {
            Set<DomainName> aliases = led.stream()
                    .filter(set -> set.type() == RecordType.CNAME)
                    .map(RecordSet::owner)
                    .collect(Collectors.toSet());
            ordering.get().stream()
                    .flatMap(each -> CaaRecords.of(each, settings.timeToLive()).stream())
                    .filter(set ->
                            !aliases.contains(set.owner())) // RFC 8659 §3: those at the alias's end are looked for
                    .forEach(sets::add);
        }
        return sets;
    }

    /// The ports of services that others than this machine reach; where nothing else listens, those on loopback.
    static Map<MailService, Integer> offered(Map<String, List<InetSocketAddress>> bound) {
        boolean open = bound.entrySet().stream()
                .filter(each -> MailService.named(each.getKey()).isPresent())
                .flatMap(each -> each.getValue().stream())
                .anyMatch(address -> !address.getAddress().isLoopbackAddress());
        Map<MailService, Integer> ports = new EnumMap<>(MailService.class);
        bound.forEach((name, addresses) -> MailService.named(name)
                .ifPresent(service -> addresses.stream()
                        .filter(address -> !open || !address.getAddress().isLoopbackAddress())
                        .findFirst()
                        .ifPresent(address -> ports.put(service, address.getPort()))));
        return ports;
    }
}
