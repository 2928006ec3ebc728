package org.postern.dns;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.postern.identity.TlsaRecord;
import org.postern.resolver.DomainName;

/// The records that ought to be published, made of what runs: no port, host or key is typed a second time.
///
/// @param mailDomains in A-labels
/// @param frontEnds the targets of all SRV records
/// @param ports where the services listen; one that is missing is not offered
/// @param tlsa for each front end what its TLSA records say now: of the key that is served, and of one that is
///     announced. None for a host without them.
/// @param others what else is wanted, such as CAA records
public record WantedRecords(
        List<DomainName> mailDomains,
        List<FrontEnd> frontEnds,
        Map<MailService, Integer> ports,
        Map<DomainName, TlsaData.Records> tlsa,
        Duration timeToLive,
        List<RecordSet> others) {
    public WantedRecords {
        mailDomains = List.copyOf(mailDomains);
        frontEnds = List.copyOf(frontEnds);
        ports = Map.copyOf(ports);
        tlsa = Map.copyOf(tlsa);
        others = List.copyOf(others);
    }

    /// The SRV records of a mail domain: each service is offered, or said not to be.
    public List<RecordSet> services(DomainName mailDomain) {
        List<RecordSet> sets = new ArrayList<>();
        for (MailService service : MailService.values()) {
            Integer port = ports.get(service);
            List<String> data = port == null || frontEnds.isEmpty()
                    ? List.of("0 0 0 .") // RFC 6186 §3.4: the only record of its label
                    : frontEnds.stream()
                            .map(target ->
                                    service.priority() + " " + target.weight() + " " + port + " " + target.host() + ".")
                            .toList();
            sets.add(new RecordSet(service.owner(mailDomain), RecordType.SRV, timeToLive, data));
        }
        return sets;
    }

    /// Addresses of a front end, and for each port, those for STARTTLS too (RFC 6698 §3), its TLSA records or an
    /// alias that leads to them.
    public List<RecordSet> host(FrontEnd target) {
        List<RecordSet> sets = new ArrayList<>();
        addresses(sets, target, RecordType.A);
        addresses(sets, target, RecordType.AAAA);
        TlsaData.Records records = tlsa(target);
        Duration time = records.timeToLive().orElse(timeToLive);
        if (!records.data().isEmpty()) {
            ports.values().stream()
                    .distinct()
                    .sorted()
                    .map(target::tlsaOwner)
                    .forEach(owner -> sets.add(target.tlsaAt()
                            .map(place -> new RecordSet(owner, RecordType.CNAME, time, List.of(place + ".")))
                            .orElseGet(() -> new RecordSet(owner, RecordType.TLSA, time, records.data()))));
        }
        return sets;
    }

    private TlsaData.Records tlsa(FrontEnd target) {
        return tlsa.getOrDefault(target.host(), TlsaData.Records.NONE);
    }

    /// The TLSA records to which aliases lead: hosts that name the same place have them together.
    private List<RecordSet> shared() {
        Map<DomainName, List<TlsaData.Records>> places = new LinkedHashMap<>();
        if (!ports.isEmpty()) {
            frontEnds.stream()
                    .filter(target -> !tlsa(target).data().isEmpty())
                    .forEach(target -> target.tlsaAt()
                            .ifPresent(place -> places.computeIfAbsent(place, _ -> new ArrayList<>())
                                    .add(tlsa(target))));
        }
        return places.entrySet().stream()
                .map(place -> new RecordSet(
                        place.getKey(),
                        RecordType.TLSA,
                        // each waits for caches that have its own: none may keep it longer
                        place.getValue().stream()
                                .map(each -> each.timeToLive().orElse(timeToLive))
                                .min(Comparator.naturalOrder())
                                .orElse(timeToLive),
                        place.getValue().stream()
                                .flatMap(each -> each.data().stream())
                                .toList()))
                .toList();
    }

    private void addresses(List<RecordSet> sets, FrontEnd target, RecordType type) {
        List<String> data = target.addresses().stream()
                .filter(address -> (address instanceof Inet4Address) == (type == RecordType.A))
                .map(InetAddress::getHostAddress)
                .toList();
        if (!data.isEmpty()) {
            sets.add(new RecordSet(target.host(), type, timeToLive, data));
        }
    }

    /// The data of a TLSA record in presentation form (RFC 6698 §2.2).
    public static String data(TlsaRecord record) {
        return record.usage() + " " + record.selector() + " " + record.matchingType() + " "
                + HexFormat.of().formatHex(record.data());
    }

    /// All of all domains and hosts.
    public List<RecordSet> all() {
        List<RecordSet> sets = new ArrayList<>();
        mailDomains.forEach(domain -> sets.addAll(services(domain)));
        sets.addAll(shared());
        frontEnds.forEach(target -> sets.addAll(host(target)));
        sets.addAll(others);
        return sets;
    }

    /// What a client of one mail domain comes across: its services, the front ends, and what else is in the domain.
    public List<RecordSet> of(DomainName mailDomain) {
        List<RecordSet> sets = new ArrayList<>(services(mailDomain));
        sets.addAll(shared());
        frontEnds.forEach(target -> sets.addAll(host(target)));
        others.stream()
                .filter(set -> set.owner().isWithin(mailDomain)
                        || frontEnds.stream().anyMatch(target -> target.host().equals(set.owner())))
                .forEach(sets::add);
        return sets;
    }
}
