package org.postern.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postern.server.Configuration.Listener;
import org.postern.server.ListenerMemory.Going;
import org.postern.server.ListenerMemory.Lead;
import org.postern.server.ListenerMemory.Place;
import org.postern.session.Endpoint;
import org.postern.session.ListenerSettings;
import org.postern.session.Listeners;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where the server listens. A listener that is configured no more stays open while a cache may have the records that
/// lead to it, over restarts, too: they go first, and it follows when the last of them has expired (RFC 7671 §8.4).
/// What is configured anew at its port takes its place at once. Safe for use by all threads.
final class RetiringListeners implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetiringListeners.class);
    /// A name server that is silent or behind keeps nobody's port open for longer.
    static final Duration PATIENCE = Duration.ofMinutes(10);

    /// One that goes.
    ///
    /// @param since counted time
    private record Retiring(ListenerSettings settings, Duration since) {
        int port() {
            return RetiringListeners.port(settings);
        }
    }

    private final Listeners listeners;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("listeners").factory());
    // guarded by this
    private final ListenerMemory memory;
    private List<ListenerSettings> configured = List.of();
    private List<Retiring> retiring = List.of();
    private List<Lead> leads;
    private @Nullable ScheduledFuture<?> next;
    private boolean closed;

    RetiringListeners(Listeners listeners, ListenerMemory memory) {
        this.listeners = listeners;
        this.memory = memory;
        this.leads = memory.kept().leads();
    }

    /// Opens all, or none.
    synchronized void open(List<ListenerSettings> settings) throws IOException {
        listeners.openAll(settings);
        configured = List.copyOf(settings);
    }

    /// Opens again what was open when the server ran last and is configured no more, where records may lead there
    /// still. After everything else has got its port: what cannot be opened is told, and stays away.
    ///
    /// @param settings of a listener as it would be configured now
    /// @param timeToLive the longest that such a record may have
    synchronized void reopen(Function<Listener, ListenerSettings> settings, Duration timeToLive) {
        Duration now = memory.now();
        add(leads.stream()
                .filter(lead -> lead.goneSince().isEmpty() && lead.timeToLive().compareTo(timeToLive) < 0)
                .collect(Collectors.toMap(Lead::port, _ -> timeToLive, (one, _) -> one)));
        Set<Integer> taken = ports(configured);
        Map<Integer, List<Retiring>> before = Stream.concat(
                        memory.kept().going().stream(),
                        memory.kept().listening().stream().map(place -> new Going(place, now)))
                .filter(each -> !taken.contains(each.place().port()))
                .map(each -> new Retiring(settings.apply(each.place().listener()), each.since()))
                .filter(each -> end(each).compareTo(now) > 0)
                .collect(Collectors.groupingBy(Retiring::port, TreeMap::new, Collectors.toList()));
        before.values().forEach(this::reopen);
        keep();
        schedule();
    }

    private void reopen(List<Retiring> port) {
        List<Retiring> next = Stream.concat(retiring.stream(), port.stream()).toList();
        try {
            listenAt(configured, next);
        } catch (IOException e) {
            LOG.warn(
                    "caches may have records until {} that lead to a port which is configured no more, and it cannot be"
                            + " opened again: {}",
                    Units.time(until(port.getFirst())),
                    e.getMessage());
            return;
        }
        retiring = next;
        port.forEach(this::tell);
    }

    /// Listens where these settings say; and, for some time, where records lead to. Where one cannot be opened,
    /// all is as before.
    ///
    /// @param published ports that published records lead to now, and the longest time to live of these
    synchronized void change(List<ListenerSettings> next, Map<Integer, Duration> published) throws IOException {
        Duration now = memory.now();
        add(published);
        Set<Integer> taken = ports(next);
        List<Retiring> going = new ArrayList<>(
                retiring.stream().filter(each -> !taken.contains(each.port())).toList());
        List<Retiring> news = configured.stream()
                .filter(each -> !taken.contains(port(each)))
                .map(each -> new Retiring(each, now))
                .filter(each -> end(each).compareTo(now) > 0)
                .toList();
        going.addAll(news);
        listenAt(next, going);
        configured = List.copyOf(next);
        retiring = List.copyOf(going);
        news.forEach(this::tell);
        keep();
        schedule();
    }

    private void listenAt(List<ListenerSettings> staying, List<Retiring> going) throws IOException {
        listeners.change(Stream.concat(staying.stream(), going.stream().map(Retiring::settings))
                .toList());
    }

    private void tell(Retiring one) {
        LOG.info(
                "{} on {} is configured no more; it takes connections for as long as caches may have its records, until {}"
                        + " at the latest",
                one.settings.name(),
                one.settings.endpoint(),
                Units.time(until(one)));
    }

    private static int port(ListenerSettings settings) {
        return settings.endpoint() instanceof Endpoint.Port port
                ? port.address().getPort()
                : 0;
    }

    private static Set<Integer> ports(List<ListenerSettings> settings) {
        return settings.stream().map(RetiringListeners::port).collect(Collectors.toSet());
    }

    /// Addresses that clients may be sent to, by the service's name.
    synchronized Map<String, List<InetSocketAddress>> offered() {
        Map<String, List<InetSocketAddress>> offered = new LinkedHashMap<>();
        Set<Integer> going = retiring.stream().map(Retiring::port).collect(Collectors.toSet());
        listeners.bound().forEach((name, addresses) -> {
            List<InetSocketAddress> staying = addresses.stream()
                    .filter(address -> !going.contains(address.getPort()))
                    .toList();
            if (!staying.isEmpty()) {
                offered.put(name, staying);
            }
        });
        return offered;
    }

    // ---- records

    /// Records are about to be published, and whether that comes about nobody knows before the servers were asked.
    ///
    /// @param published ports that they lead to, and the longest time to live of these
    synchronized void published(Map<Integer, Duration> published) {
        add(published);
        keep();
    }

    /// Every name server was seen to have these records, and no others.
    synchronized void seen(Map<Integer, Duration> published) {
        Duration now = memory.now();
        leads = leads.stream()
                .map(lead -> lead.goneSince().isPresent() || lead.timeToLive().equals(published.get(lead.port()))
                        ? lead
                        : new Lead(lead.port(), lead.timeToLive(), Optional.of(now)))
                .toList();
        keep();
        schedule();
    }

    private void add(Map<Integer, Duration> published) {
        Map<Integer, Duration> missing = new TreeMap<>(published);
        List<Lead> next = new ArrayList<>();
        for (Lead lead : leads) {
            if (!lead.timeToLive().equals(published.get(lead.port()))) {
                next.add(lead);
            } else if (lead.goneSince().isEmpty()) {
                next.add(lead);
                missing.remove(lead.port());
            }
        }
        missing.forEach((port, timeToLive) -> next.add(new Lead(port, timeToLive, Optional.empty())));
        leads = List.copyOf(next);
    }

    /// Whether records are waited for to be gone.
    synchronized boolean awaitsSight() {
        return retiring.stream()
                .anyMatch(each -> leads.stream()
                        .anyMatch(lead ->
                                lead.port() == each.port() && lead.goneSince().isEmpty()));
    }

    // ---- and their end

    /// Counted time at which no cache has the records that lead to it.
    private Duration end(Retiring one) {
        return leads.stream()
                .filter(lead -> lead.port() == one.port())
                .map(lead -> lead.goneSince().orElse(one.since.plus(PATIENCE)).plus(lead.timeToLive()))
                .max(Comparator.naturalOrder())
                .orElse(one.since);
    }

    private Instant until(Retiring one) {
        return Instant.now().plus(end(one).minus(memory.now()));
    }

    /// Those that go.
    synchronized List<Answer.Closing> closing() {
        return retiring.stream()
                .map(each -> new Answer.Closing(
                        each.settings.name(),
                        each.settings.endpoint() instanceof Endpoint.Port port
                                ? port.address().getAddress().getHostAddress()
                                : "",
                        each.port(),
                        until(each)))
                .toList();
    }

    private void schedule() {
        Duration now = memory.now();
        if (closed) {
            return;
        }
        if (next != null) {
            next.cancel(false);
        }
        next = retiring.stream()
                .map(each -> end(each).minus(now))
                .min(Comparator.naturalOrder())
                .map(left ->
                        timer.schedule(this::closeExpired, Math.max(left.toMillis(), 0) + 1, TimeUnit.MILLISECONDS))
                .orElse(null);
    }

    private synchronized void closeExpired() {
        Duration now = memory.now();
        if (closed) {
            return;
        }
        List<Retiring> staying =
                retiring.stream().filter(each -> end(each).compareTo(now) > 0).toList();
        if (staying.size() < retiring.size()) {
            retiring = staying;
            try {
                listenAt(configured, staying);
            } catch (IOException e) { // none was to be opened
                LOG.error("listeners could not be closed", e);
            }
            keep();
        }
        schedule(); // less time may count than has passed
    }

    private void keep() {
        Duration now = memory.now();
        leads = leads.stream()
                .filter(lead -> lead.goneSince().isEmpty()
                        || lead.goneSince().get().plus(lead.timeToLive()).compareTo(now) > 0)
                .toList();
        memory.keep(
                configured.stream().flatMap(each -> Place.of(each).stream()).toList(),
                leads,
                retiring.stream()
                        .flatMap(each -> Place.of(each.settings).stream().map(place -> new Going(place, each.since)))
                        .toList());
    }

    @Override
    public synchronized void close() {
        closed = true;
        timer.shutdown();
        memory.keepTime();
    }
}
