package org.postern.mua;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;

/// Finds the servers of a mail domain by its SRV records (RFC 6186, RFC 8314 §5.1). Nothing is guessed: what the
/// records do not name is not there.
///
/// Lower priorities come first, across all labels; among equals the user's protocol, then implicit TLS before
/// STARTTLS, and only then weights, within one label (RFC 6186 §3.4, RFC 2782).
public final class Discovery {
    private final Lookups lookups;
    private final RandomGenerator random;

    /// Asks `lookups`.
    ///
    /// @param random draws among weights; a seeded one makes the order repeatable
    public Discovery(Lookups lookups, RandomGenerator random) {
        this.lookups = lookups;
        this.random = random;
    }

    /// Looks up what the domain offers.
    ///
    /// @param preferred decides where a domain offers IMAP and POP3 at the same priority
    public Found find(DomainName domain, Purpose purpose, Protocol preferred) {
        List<SrvSet> sets = new ArrayList<>();
        for (Service service : purpose.services()) {
            sets.add(SrvSet.lookUp(service, domain, lookups));
        }
        // SEED-9: a domain that publishes `_smtp` alone means it for submission
        if (purpose == Purpose.SUBMISSION && sets.stream().allMatch(SrvSet::absent)) {
            sets.add(SrvSet.lookUp(Service.SMTP, domain, lookups));
        }
        return choose(domain, sets, preferred);
    }

    private Found choose(DomainName domain, List<SrvSet> sets, Protocol preferred) {
        if (sets.stream().anyMatch(SrvSet::failed)) {
            return new Found.Failed(sets);
        }
        if (sets.stream().allMatch(SrvSet::absent)) {
            return new Found.NoRecords(sets);
        }
        List<SrvSet> offered =
                sets.stream().filter(set -> !set.usable().isEmpty()).toList();
        if (offered.isEmpty()) {
            return new Found.NotOffered(sets);
        }
        int lowest = offered.stream().mapToInt(Discovery::lowest).min().orElseThrow();
        List<Protocol> first = offered.stream()
                .filter(set -> lowest(set) == lowest)
                .map(set -> set.service().protocol())
                .distinct()
                .toList();
        Protocol protocol = first.contains(preferred) ? preferred : first.getFirst();
        return new Found.Offered(
                protocol,
                order(domain, offered, set -> set.service().protocol() == protocol),
                order(domain, offered, set -> set.service().protocol() != protocol),
                sets);
    }

    private static int lowest(SrvSet set) {
        return set.usable().stream().mapToInt(DnsRecord.Srv::priority).min().orElse(Integer.MAX_VALUE);
    }

    private List<Offer> order(DomainName domain, List<SrvSet> sets, Predicate<SrvSet> wanted) {
        TreeMap<Integer, List<Offer>> byPriority = new TreeMap<>();
        // services come with implicit TLS first, and a list keeps the order in which they come
        for (SrvSet set : sets.stream().filter(wanted).toList()) {
            TreeMap<Integer, List<DnsRecord.Srv>> levels = new TreeMap<>();
            set.usable()
                    .forEach(record -> levels.computeIfAbsent(record.priority(), _ -> new ArrayList<>())
                            .add(record));
            levels.forEach((priority, records) -> byWeight(records)
                    .forEach(record -> byPriority
                            .computeIfAbsent(priority, _ -> new ArrayList<>())
                            .add(offer(set.serverOf(record, domain), domain))));
        }
        return byPriority.values().stream().flatMap(List::stream).toList();
    }

    /// RFC 8314 §5.1: signed, or within the domain, or the user is asked.
    private static Offer offer(Server server, DomainName domain) {
        return server.origin() == Server.Origin.SECURE_SRV || new DomainName(server.host()).isWithin(domain)
                ? new Offer.Ready(server)
                : new Offer.Unconfirmed(server);
    }

    /// The draw of RFC 2782: those of weight 0 stand first in the running sum, so that they are drawn seldom.
    private List<DnsRecord.Srv> byWeight(List<DnsRecord.Srv> records) {
        List<DnsRecord.Srv> left = new ArrayList<>(records);
        left.sort(Comparator.comparingInt((DnsRecord.Srv record) -> record.weight() == 0 ? 0 : 1)
                .thenComparing(record -> record.target().text())
                .thenComparingInt(DnsRecord.Srv::port));
        List<DnsRecord.Srv> drawn = new ArrayList<>();
        while (!left.isEmpty()) {
            int total = left.stream().mapToInt(DnsRecord.Srv::weight).sum();
            int draw = random.nextInt(total + 1);
            int index = 0;
            for (int sum = left.getFirst().weight();
                    sum < draw;
                    sum += left.get(index).weight()) {
                index++;
            }
            drawn.add(left.remove(index));
        }
        return drawn;
    }

    /// What becomes of a saved server before a connection. What was not signed is not looked up again for a
    /// connection (RFC 8314 §5.1): see [#check]. What was signed is, when it is too old, and its successor may be
    /// followed.
    public Refresh refresh(SavedServer saved, Instant now) {
        return saved.server().origin() == Server.Origin.SECURE_SRV && !now.isBefore(saved.freshUntil())
                ? check(saved, now)
                : new Refresh.Keep(saved, "");
    }

    /// Looks the records up again, now and then or after a failure. The protocol stays (RFC 6186 §4).
    public Refresh check(SavedServer saved, Instant now) {
        DomainName domain = saved.server().mailDomain();
        if (domain == null || saved.server().origin() == Server.Origin.CONFIGURED) {
            return new Refresh.Keep(saved, "");
        }
        Protocol protocol = saved.server().service().protocol();
        List<SrvSet> sets = new ArrayList<>();
        for (Service service :
                protocol == Protocol.SUBMISSION ? Purpose.SUBMISSION.services() : Purpose.ACCESS.services()) {
            if (service.protocol() == protocol) {
                sets.add(SrvSet.lookUp(service, domain, lookups));
            }
        }
        boolean secure = sets.stream().allMatch(SrvSet::secure);
        return switch (choose(domain, sets, protocol)) {
            case Found.Failed _ -> new Refresh.Keep(saved, "the SRV records cannot be looked up or are bogus");
            case Found.NoRecords _, Found.NotOffered _ ->
                secure
                        ? new Refresh.Withdrawn(saved, sets)
                        : new Refresh.Keep(saved, "the domain names no server any more, unsigned");
            case Found.Offered offered -> {
                List<Server> servers = offered.offers().stream()
                        .map(offer -> switch (offer) {
                            case Offer.Ready ready -> ready.server();
                            case Offer.Unconfirmed unconfirmed -> unconfirmed.confirmedByUser();
                        })
                        .toList();
                boolean same =
                        servers.stream().anyMatch(server -> saved.server().sameAs(server));
                boolean wasSecure = saved.server().origin() == Server.Origin.SECURE_SRV;
                if (secure) {
                    Server next = servers.stream()
                            .filter(server -> saved.server().sameAs(server))
                            .findFirst()
                            .orElse(servers.getFirst());
                    SavedServer kept = new SavedServer(next, now.plus(next.timeToLive()));
                    yield same ? new Refresh.Keep(kept, "") : new Refresh.Follow(kept, sets);
                }
                yield new Refresh.Keep(
                        saved,
                        same
                                ? (wasSecure ? "the SRV records are not signed any more" : "")
                                : "unsigned SRV records name another server now: " + servers.getFirst());
            }
        };
    }
}
