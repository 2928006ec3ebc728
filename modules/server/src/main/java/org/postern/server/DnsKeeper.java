package org.postern.server;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.postern.dns.AuthoritativeServers;
import org.postern.dns.DirectServers;
import org.postern.dns.FrontEnd;
import org.postern.dns.Gate;
import org.postern.dns.Leftover;
import org.postern.dns.PublicationException;
import org.postern.dns.Publisher;
import org.postern.dns.RecordDifference;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.WantedRecords;
import org.postern.recordgroups.Prospect;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what is published in step with what runs: listeners, mail domains, certificates and the keys that are
/// announced. Looks whenever one of them changes, and every quarter of an hour whether what is published is what is
/// wanted. Publishes and looks on one thread of its own; where no zone is configured it asks nobody anything.
final class DnsKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsKeeper.class);
    private static final Duration INTERVAL = Duration.ofMinutes(15);
    /// Secondary servers need a moment; a publication that failed is tried again.
    private static final Duration AGAIN = Duration.ofMinutes(1);
    /// A start waits no longer for a publication.
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// The settings, and what was made of them.
    private record Means(DnsSettings settings, Gate gate, DirectServers servers) {
        /// Those that clients are led to.
        ///
        /// @param undelegated zones to which nothing leads yet
        AuthoritativeServers servers(Set<DomainName> undelegated) {
            if (undelegated.isEmpty()) {
                return servers;
            }
            Map<DomainName, List<InetSocketAddress>> named = new HashMap<>(settings.servers());
            named.keySet().removeAll(undelegated);
            return new DirectServers(settings.resolvers(), named);
        }
    }

    private final DnsSources sources;
    private final RetiringListeners listeners;
    private final DnsGroups groups;
    private final Function<DnsSettings.Zone, Optional<Publisher>> publishers;
    private final DnsWatch watch = new DnsWatch();
    private final DnsMemory memory;
    private final AtomicBoolean due = new AtomicBoolean();
    private final CompletableFuture<Boolean> looked = new CompletableFuture<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("dns").factory());
    private volatile Runnable news = () -> {};
    private volatile Means means;
    /// Zones that the one above does not delegate yet: their records are there, too.
    private volatile Set<DomainName> undelegated = Set.of();

    /// Publishes nothing before [#start].
    ///
    /// @param directory for what has been published
    /// @throws StartException where the memory of what has been published cannot be read
    DnsKeeper(
            DnsSettings settings,
            Path directory,
            DnsSources sources,
            Function<DnsSettings.Zone, Optional<Publisher>> publishers) {
        this.sources = sources;
        this.listeners = sources.listeners();
        this.groups = sources.groups();
        groups.follow(this::situation, this::lookSoon);
        this.publishers = publishers;
        this.memory = DnsMemory.in(directory);
        this.means = means(settings);
    }

    private static Means means(DnsSettings settings) {
        Resolver resolver = settings.resolver();
        return new Means(
                settings,
                new Gate(resolver, settings.diagnosis()),
                new DirectServers(settings.resolvers(), settings.servers()));
    }

    /// From now on, for what is served is live: a first publication comes after it (RFC 7671 §8.4).
    void start() {
        settings().tlsa().forEach(form -> form.caveat().ifPresent(caveat -> LOG.warn("dns.tlsa: {}", caveat)));
        groups.start();
        timer.scheduleWithFixedDelay(this::look, 0, INTERVAL.toSeconds(), TimeUnit.SECONDS);
    }

    /// Told when something is published that was not before.
    void onNews(Runnable listener) {
        news = listener;
    }

    /// Waits until zones were looked at once, and what may be published is.
    void awaitFirstLook() {
        looked.completeOnTimeout(false, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    /// Something changed that records are made of. Returns at once.
    void refresh() {
        lookSoon();
        groups.refresh();
    }

    private void lookSoon() {
        if (!timer.isShutdown() && due.compareAndSet(false, true)) {
            timer.execute(this::look);
        }
    }

    /// Another configuration, which listens already.
    void take(DnsSettings next) {
        if (!next.equals(settings())) {
            means = means(next);
        }
        refresh();
    }

    DnsSettings settings() {
        return means.settings();
    }

    Gate gate() {
        return means.gate();
    }

    AuthoritativeServers servers() {
        return means.servers(undelegated);
    }

    DnsWatch watch() {
        return watch;
    }

    // ---- what is wanted

    /// As of now.
    WantedRecords wanted() {
        return sources.wanted(situation());
    }

    private DnsGroups.Situation situation() {
        return sources.situation(settings());
    }

    /// Asks what the record groups of a domain lead to, of all without one, and tells what is in the way. Blocking.
    List<DnsGroups.Waiting> askGroups(Optional<DomainName> domain) {
        DnsGroups.Situation now = situation();
        List<DomainName> asked = domain.map(List::of).orElse(now.domains());
        groups.look(now, asked);
        return groups.waiting(now).stream()
                .filter(each -> domain.isEmpty() || groups.of(domain.get()).contains(each.prospect()))
                .toList();
    }

    /// As of the last time that they were asked for.
    List<Prospect> groups(DomainName domain) {
        return groups.of(domain);
    }

    /// Which of these may be published now. Blocking.
    Gate.Passage passage(List<RecordSet> sets) {
        Means now = means;
        return passage(now, sets, unreleased(now));
    }

    /// Hosts whose TLSA records are not to be published yet. To be asked before what is wanted: what is released in
    /// between is another set.
    private List<FrontEnd> unreleased(Means now) {
        return now.settings().frontEnds().stream()
                .filter(each -> publishes(now.settings().tlsaOf(each.host()))
                        && !sources.tlsa().released(each.host()))
                .toList();
    }

    /// A gate that has just opened lets nothing out by itself: the rollover has to know of all that caches may
    /// have, and publishes what a handshake has shown (RFC 7671 §8.4).
    private Gate.Passage passage(Means now, List<RecordSet> sets, List<FrontEnd> early) {
        Gate.Passage open = now.gate().pass(sets, memory.standing(RecordType.TLSA));
        if (early.isEmpty()) {
            return open;
        }
        // one place of several hosts is open when one of them is; no alias leads the others' clients there
        Set<DomainName> places =
                early.stream().flatMap(each -> each.tlsaAt().stream()).collect(Collectors.toSet());
        now.settings().frontEnds().stream()
                .filter(each -> !early.contains(each))
                .forEach(each -> each.tlsaAt().ifPresent(places::remove));
        List<RecordSet> permitted = new ArrayList<>();
        List<Gate.Withheld> withheld = new ArrayList<>(open.withheld());
        for (RecordSet set : open.permitted()) {
            boolean leads = (set.type() == RecordType.TLSA || set.type() == RecordType.CNAME)
                    && early.stream()
                            .anyMatch(each -> set.owner().isWithin(each.host().child("_tcp")));
            if (leads || (set.type() == RecordType.TLSA && places.contains(set.owner()))) {
                withheld.add(new Gate.Withheld(
                        set, false, "a handshake from outside has to show its key first: see postern dns rollover"));
            } else {
                permitted.add(set);
            }
        }
        return new Gate.Passage(permitted, withheld);
    }

    /// Owners and types of which nothing is wanted, where something may be left of an earlier time.
    List<Leftover> leftovers(List<RecordSet> permitted, List<Gate.Withheld> withheld, Predicate<DomainName> concerned) {
        Map<RecordSet.Key, Leftover> left = new LinkedHashMap<>();
        memory.standing().forEach(each -> left.put(each.key(), each));
        withheld.stream()
                .filter(Gate.Withheld::proved)
                .map(each -> new Leftover(each.set().key(), Set.of()))
                .forEach(each -> left.put(each.key(), each));
        permitted.forEach(set -> {
            left.remove(set.key());
            if (set.type() == RecordType.CNAME) { // what was there is now what it leads to
                left.remove(new RecordSet.Key(set.owner(), RecordType.TLSA));
            }
        });
        left.keySet().removeIf(key -> !concerned.test(key.owner()));
        return List.copyOf(left.values());
    }

    // ---- publishing

    private void look() {
        if (timer.isShutdown()) { // what was due in a minute is due no more
            return;
        }
        due.set(false);
        Means now = means;
        if (now.settings().zones().isEmpty()) {
            watch.nothing();
            return;
        }
        try {
            lookAt(now);
        } catch (RuntimeException e) { // the next look may do better
            if (!timer.isShutdown()) { // else what it looked with is closed
                LOG.error("DNS records could not be looked at", e);
            }
        } finally {
            looked.complete(true);
        }
    }

    /// A zone that is new below another has its records before anybody is led there, and the one above keeps them until
    /// then: whichever is asked, they are there.
    private void lookForDelegations(Means now) {
        Set<DomainName> next = new HashSet<>();
        for (DnsSettings.Zone zone : now.settings().zones()) {
            Optional<DnsSettings.Zone> above = now.settings().above(zone);
            if (above.isPresent()
                    && publishers.apply(zone).isPresent()
                    && publishers.apply(above.get()).isPresent()
                    && !now.servers()
                            .delegates(above.get().name(), zone.name())
                            .orElse(!undelegated.contains(zone.name()))) {
                next.add(zone.name());
            }
        }
        undelegated = Set.copyOf(next);
    }

    private void lookAt(Means now) {
        lookForDelegations(now);
        List<FrontEnd> early = unreleased(now);
        DnsGroups.Situation situation = sources.situation(now.settings());
        groups.settle(situation);
        List<RecordSet> all = sources.wanted(situation).all();
        DnsWatch.Look look = watch.begin();
        look.waiting(groups.waiting(situation).stream()
                .filter(each ->
                        now.settings().zoneOf(each.prospect().key().owner()).isPresent())
                .toList());
        boolean everywhere = true;
        Map<Integer, Duration> leads = leads(now.settings(), all);
        listeners.published(leads);
        for (DnsSettings.Zone zone : now.settings().zones()) {
            everywhere &= isThere(now, zone, inZone(now.settings(), zone, all), early, look);
            if (timer.isShutdown()) {
                return; // servers that stop with this one say nothing of the others
            }
        }
        if (everywhere) {
            listeners.seen(leads);
        }
        if (look.end() || listeners.awaitsSight()) {
            timer.schedule(this::look, AGAIN.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /// Publishes what is wanted in a zone, and looks at it.
    ///
    /// @return whether every server has it; true where a person publishes
    private boolean isThere(
            Means now, DnsSettings.Zone zone, List<RecordSet> sets, List<FrontEnd> early, DnsWatch.Look look) {
        try {
            Gate.Passage passage = passage(now, sets, early);
            look.withheld(passage.withheld());
            Optional<Publisher> publisher = publishers.apply(zone);
            Published published = publisher
                    .map(each -> publish(each, passage.permitted()))
                    .orElseGet(() -> new Published(Optional.of(passage.permitted()), Optional.empty()));
            published.failure().ifPresent(failure -> look.failed(zone.name(), String.valueOf(failure.getMessage())));
            List<Leftover> left = leftovers(
                    passage.permitted(),
                    passage.withheld(),
                    owner -> now.settings().zoneOf(owner).equals(Optional.of(zone)));
            if (published.sets().isEmpty()) {
                return false;
            }
            List<RecordSet> sent = published.sets().get();
            RecordDifference.Comparison comparison = RecordDifference.compare(sent, left, now.servers(undelegated));
            look.compared(comparison);
            memory.remember(sent, left, comparison);
            return publisher.isEmpty()
                    || (comparison.failures().isEmpty()
                            && comparison.differences().isEmpty());
        } catch (RuntimeException fault) { // the other zones go on
            if (!timer.isShutdown()) {
                LOG.error("the records of the zone {} could not be looked at", zone.name(), fault);
                look.failed(zone.name(), String.valueOf(fault.getMessage()));
            }
            return false;
        }
    }

    private List<RecordSet> inZone(DnsSettings settings, DnsSettings.Zone zone, List<RecordSet> all) {
        return all.stream()
                .filter(set -> holders(settings, set.owner()).contains(zone))
                .toList();
    }

    /// The zone that a name is in, and those above that have its records until they delegate it.
    private List<DnsSettings.Zone> holders(DnsSettings settings, DomainName owner) {
        Optional<DnsSettings.Zone> zone = settings.zoneOf(owner);
        if (zone.isEmpty()) {
            return List.of();
        }
        if (undelegated.isEmpty()) {
            return List.of(zone.get());
        }
        List<DnsSettings.Zone> holders = new ArrayList<>(List.of(zone.get()));
        while (undelegated.contains(holders.getLast().name())) {
            holders.add(settings.above(holders.getLast()).orElseThrow());
        }
        return holders;
    }

    /// What became of a publication.
    ///
    /// @param sets that are published; empty where nothing is known to be
    /// @param failure what was refused, or why nothing is known; empty where all is published
    private record Published(Optional<List<RecordSet>> sets, Optional<PublicationException> failure) {
        boolean failedAt(DomainName owner) {
            return failure.isPresent()
                    && (sets.isEmpty()
                            || failure.get().refused().stream()
                                    .anyMatch(key -> key.owner().isWithin(owner)));
        }
    }

    private Published publish(Publisher publisher, List<RecordSet> sets) {
        Published published;
        try {
            publisher.publish(sets);
            published = new Published(Optional.of(sets), Optional.empty());
        } catch (PublicationException e) {
            List<RecordSet> others = sets.stream()
                    .filter(set -> !e.refused().contains(set.key()))
                    .toList();
            published = new Published(e.refused().isEmpty() ? Optional.empty() : Optional.of(others), Optional.of(e));
        }
        if (published.sets().filter(memory::published).isPresent()) {
            news.run();
        }
        return published;
    }

    /// Whether somebody else than a person publishes at a name.
    boolean publishes(DomainName owner) {
        return settings().zoneOf(owner).flatMap(publishers).isPresent();
    }

    /// Publishes now what is wanted in the zones of a host's TLSA records and of aliases that lead there. Blocking.
    void publish(DomainName host) throws PublicationException {
        DomainName ports = host.child("_tcp");
        DomainName records = settings().tlsaOf(host);
        publishAt(records);
        if (!settings().zoneOf(records).equals(settings().zoneOf(ports))) {
            publishAt(ports);
        }
    }

    /// Publishes now what is wanted in the zone of a name; nothing where a person does that. Blocking.
    ///
    /// @throws PublicationException where what is at the name, or below it, is not published
    void publishAt(DomainName owner) throws PublicationException {
        Means now = means;
        if (now.settings().zoneOf(owner).flatMap(publishers).isEmpty()) {
            return;
        }
        Optional<PublicationException> failure;
        try {
            failure = CompletableFuture.supplyAsync(
                            () -> publishAt(now, owner), timer) // nobody else publishes meanwhile
                    .join();
        } catch (CompletionException | RejectedExecutionException e) {
            throw new PublicationException("the records of " + owner + " cannot be published: " + e.getMessage(), e);
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    /// @return why what is at the name, or below it, is not published; what is refused elsewhere is told with the next
    /// look
    private Optional<PublicationException> publishAt(Means now, DomainName owner) {
        if (timer.isShutdown()) {
            return Optional.of(new PublicationException("the server stops"));
        }
        lookForDelegations(now);
        List<FrontEnd> early = unreleased(now);
        DnsGroups.Situation situation = sources.situation(now.settings());
        groups.settle(situation);
        List<RecordSet> all = sources.wanted(situation).all();
        listeners.published(leads(now.settings(), all));
        List<Published> published = holders(now.settings(), owner).stream()
                .map(zone -> publish(
                        publishers.apply(zone).orElseThrow(),
                        passage(now, inZone(now.settings(), zone, all), early).permitted()))
                .toList();
        return published.stream()
                .filter(each -> each.failedAt(owner))
                .flatMap(each -> each.failure().stream())
                .findFirst();
    }

    /// Ports that records lead to which Postern itself publishes now, and the longest time to live of these.
    Map<Integer, Duration> leads() {
        return leads(settings(), wanted().all());
    }

    private Map<Integer, Duration> leads(DnsSettings settings, List<RecordSet> sets) {
        Map<DnsSettings.Zone, Boolean> published = new HashMap<>();
        return PortLeads.of(sets.stream()
                .filter(set -> settings.zoneOf(set.owner())
                        .filter(zone -> published.computeIfAbsent(
                                zone, each -> publishers.apply(each).isPresent()))
                        .isPresent())
                .toList());
    }

    @Override
    public void close() {
        groups.close();
        timer.shutdown();
    }
}
