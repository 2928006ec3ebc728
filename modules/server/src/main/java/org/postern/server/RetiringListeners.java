package org.postern.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postern.session.Endpoint;
import org.postern.session.ListenerSettings;
import org.postern.session.Listeners;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where the server listens. A listener that is configured no more stays open while a cache may have the records that
/// lead to it: they go first, and it follows when the last of them has expired (RFC 7671 §8.4). What is configured
/// anew at its port takes its place at once. Safe for use by all threads.
final class RetiringListeners implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RetiringListeners.class);
    /// A name server that is silent or behind keeps nobody's port open for longer.
    static final Duration PATIENCE = Duration.ofMinutes(10);

    /// One that goes.
    ///
    /// @param timeToLive of the records that led to it
    /// @param seen whether every name server was seen without them
    /// @param end when it closes, by [System#nanoTime]
    private record Retiring(ListenerSettings settings, Duration timeToLive, boolean seen, long end) {
        boolean isAt(Set<Integer> ports) {
            return ports.contains(port(settings));
        }

        Answer.Closing closing() {
            return new Answer.Closing(
                    settings.name(),
                    settings.endpoint() instanceof Endpoint.Port port
                            ? port.address().getAddress().getHostAddress()
                            : "",
                    port(settings),
                    Instant.now().plusNanos(end - System.nanoTime()));
        }
    }

    private final Listeners listeners;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("listeners").factory());
    // guarded by this
    private List<ListenerSettings> configured = List.of();
    private List<Retiring> retiring = List.of();
    private boolean closed;

    RetiringListeners(Listeners listeners) {
        this.listeners = listeners;
    }

    /// Opens all, or none.
    synchronized void open(List<ListenerSettings> settings) throws IOException {
        listeners.openAll(settings);
        configured = List.copyOf(settings);
    }

    /// Listens where these settings say; and, for some time, where records lead to. Where one cannot be opened,
    /// all is as before.
    ///
    /// @param published ports that published records lead to now
    /// @param timeToLive the longest that such a record may have
    synchronized void change(List<ListenerSettings> next, Set<Integer> published, Duration timeToLive)
            throws IOException {
        Set<Integer> taken = ports(next);
        List<Retiring> going = new ArrayList<>(
                retiring.stream().filter(each -> !each.isAt(taken)).toList());
        long latest = System.nanoTime() + PATIENCE.plus(timeToLive).toNanos();
        configured.stream()
                .filter(each -> published.contains(port(each)) && !taken.contains(port(each)))
                .map(each -> new Retiring(each, timeToLive, false, latest))
                .forEach(going::add);
        listeners.change(Stream.concat(next.stream(), going.stream().map(Retiring::settings))
                .toList());
        going.stream()
                .filter(each -> !retiring.contains(each))
                .forEach(each -> LOG.info(
                        "{} on {} is to go; it takes connections for as long as caches may have its records, {} s after"
                                + " every name server has none",
                        each.settings.name(),
                        each.settings.endpoint(),
                        timeToLive.toSeconds()));
        configured = List.copyOf(next);
        retiring = List.copyOf(going);
        schedule(PATIENCE.plus(timeToLive));
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
        Set<Integer> going = ports(retiring.stream().map(Retiring::settings).toList());
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

    /// Every name server was seen to have records of these ports, and no others.
    synchronized void seen(Collection<Integer> ports) {
        List<Retiring> next = new ArrayList<>();
        for (Retiring each : retiring) {
            if (each.seen || ports.contains(port(each.settings))) {
                next.add(each);
            } else {
                next.add(new Retiring(
                        each.settings, each.timeToLive, true, System.nanoTime() + each.timeToLive.toNanos()));
                schedule(each.timeToLive);
            }
        }
        retiring = List.copyOf(next);
    }

    /// Whether records are waited for to be gone.
    synchronized boolean awaitsSight() {
        return retiring.stream().anyMatch(each -> !each.seen);
    }

    /// Those that go.
    synchronized List<Answer.Closing> closing() {
        return retiring.stream().map(Retiring::closing).toList();
    }

    private void schedule(Duration delay) {
        if (!closed && !retiring.isEmpty()) {
            timer.schedule(this::closeExpired, delay.toMillis() + 1, TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void closeExpired() {
        long now = System.nanoTime();
        List<Retiring> staying =
                retiring.stream().filter(each -> each.end - now > 0).toList();
        if (closed || staying.size() == retiring.size()) {
            return;
        }
        retiring = staying;
        try {
            listeners.change(Stream.concat(configured.stream(), staying.stream().map(Retiring::settings))
                    .toList());
        } catch (IOException e) { // none was to be opened
            LOG.error("listeners could not be closed", e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        timer.shutdown();
    }
}
