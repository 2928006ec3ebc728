package org.postern.dns;

import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postern.dns.RolloverEvent.Observation;
import org.postern.dns.RolloverState.Phase;
import org.postern.dns.RolloverState.Situation;
import org.postern.resolver.DomainName;
import org.postern.tls.ActivationGate;
import org.postern.tls.ServedCertificate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The [Rollover]s of all hosts: keeps their states, saves each before anything follows from it, and does what they ask
/// for. Publishes, asks and makes handshakes on one thread of its own; no lock is held meanwhile. Safe for use by all
/// threads.
public final class Rollovers implements ActivationGate, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Rollovers.class);
    private static final Duration IDLE = Duration.ofMinutes(10);
    /// In one look; the next one goes on.
    private static final int MOST_ACTIONS = 12;
    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(60);
    /// Of passed time that a restart of the machine may make it forget.
    private static final Duration SAVE = Duration.ofMinutes(1);

    /// What the rest of the server does for it.
    ///
    /// @param hosts whose records are looked after; may block
    /// @param publication has the records of a host published, blocking
    /// @param changed called when something may be served that could not before; may block
    public record Means(
            Supplier<List<TlsaHost>> hosts,
            Publication publication,
            AuthoritativeServers servers,
            OutsideProbe probe,
            Runnable changed) {}

    /// Has what [Rollovers#published] says of a host published.
    @FunctionalInterface
    public interface Publication {
        /// Returns when the primary server has it.
        ///
        /// @throws PublicationException in the operator's words
        void publish(DomainName host) throws PublicationException;
    }

    /// How a host stands, for people.
    ///
    /// @param serving keys, SHA-256
    /// @param wanted keys that wait
    /// @param announced keys that are to come later
    /// @param published data of the records that are published, or on their way
    /// @param settled whether every authoritative server has them
    /// @param ripe when what waits may be served; empty where that is not known yet, or nothing waits
    /// @param obstacles what holds it up
    public record Standing(
            String host,
            Phase phase,
            Set<String> serving,
            Set<String> wanted,
            Set<String> announced,
            Set<String> published,
            boolean settled,
            Optional<Instant> ripe,
            List<String> obstacles,
            Set<String> compromised) {}

    private final Rollover machine = new Rollover();
    private final RolloverFile file;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("rollover").factory());
    private final CompletableFuture<Boolean> looked = new CompletableFuture<>();
    private volatile @Nullable Means means;
    // guarded by this
    private final Map<String, RolloverState> states = new TreeMap<>();
    private final Map<String, ActivationGate.Shown> shown = new HashMap<>();
    private final Map<String, TlsaHost> hosts = new TreeMap<>();
    private RolloverClock clock;
    private Duration saved;
    private boolean placed;
    private boolean closed;

    /// Knows what was saved, and does nothing before [#start].
    ///
    /// @param directory that is there
    /// @param known hosts that are to be looked after, as far as that is known without asking anybody
    public Rollovers(Path directory, List<TlsaHost> known) {
        file = new RolloverFile(directory);
        RolloverFile.Saved last = file.load(RolloverClock.Reading.now());
        states.putAll(last.hosts());
        clock = last.clock();
        saved = clock.counted();
        known.forEach(host -> {
            hosts.put(host.host().text(), host);
            states.putIfAbsent(host.host().text(), RolloverState.NEW);
        });
    }

    /// From now on. Everything that was under way goes on.
    public void start(Means given) {
        means = given;
        timer.execute(this::lookAtAll);
    }

    /// Waits, but not for long, until everything was looked at once, and what may be published is on its way.
    public void awaitFirstLook() {
        looked.completeOnTimeout(false, 10, TimeUnit.SECONDS).join();
    }

    /// Something changed: another configuration, other ports. Returns at once.
    public void refresh() {
        schedule(Duration.ZERO);
    }

    // ---- the gate

    @Override
    public synchronized Set<String> guarded() {
        return states.entrySet().stream()
                .filter(entry -> hosts.containsKey(entry.getKey())
                        || !placed
                        || !entry.getValue().cached().isEmpty())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    @Override
    public synchronized boolean mayServe(String host, ServedCertificate candidate) {
        RolloverState state = states.get(host);
        return state == null || machine.mayServe(state, TlsaChain.of(candidate.chain()), passed());
    }

    @Override
    public void told(ActivationGate.Shown next) {
        boolean follows;
        synchronized (this) {
            ActivationGate.Shown before = shown.put(next.host(), next);
            if (next.equals(before) || !states.containsKey(next.host())) {
                return;
            }
            follows = !apply(next.host(), new RolloverEvent.Told(situation(next.host())))
                    .isEmpty();
        }
        if (follows) {
            schedule(Duration.ZERO);
        }
    }

    // ---- what is to be published

    /// What is published, or is on its way; empty for a host whose records are not published, or not yet: then what is
    /// served may be shown to a person.
    ///
    /// The time to live is the one that is waited for, whatever the configuration has become since.
    public synchronized Optional<TlsaData.Records> published(DomainName host) {
        RolloverState state = states.get(host.text());
        if (state == null) {
            return Optional.empty();
        }
        TlsaHost place = hosts.get(host.text());
        boolean automatic =
                place != null && !place.byHand() && (state.situation().publishing() || !placed);
        return state.target().data().isEmpty() && !automatic
                ? Optional.empty()
                : Optional.of(new TlsaData.Records(
                        state.target().data().stream().sorted().toList(),
                        Optional.of(state.target().timeToLive())));
    }

    // ---- what operators ask

    public synchronized List<Standing> standings() {
        List<Standing> all = new ArrayList<>();
        Duration now = passed();
        states.forEach((host, state) -> all.add(standing(host, state, now)));
        return all;
    }

    private Standing standing(String host, RolloverState state, Duration now) {
        Situation situation = state.situation();
        Set<TlsaChain> pending = new HashSet<>(situation.wanted());
        pending.removeAll(situation.serving());
        List<Optional<Duration>> ripe = pending.stream().map(state::ripeAt).toList();
        Optional<Instant> at = pending.isEmpty() || ripe.stream().anyMatch(Optional::isEmpty)
                ? Optional.empty()
                : ripe.stream()
                        .flatMap(Optional::stream)
                        .max(Duration::compareTo)
                        .map(counted -> Instant.now().plus(counted.minus(now)));
        return new Standing(
                host,
                state.phase(),
                keys(situation.serving()),
                keys(pending),
                keys(situation.announced()),
                new TreeSet<>(state.target().data()),
                state.target().settled(),
                at,
                state.obstacles().values().stream().sorted().toList(),
                state.compromised());
    }

    private static Set<String> keys(Set<TlsaChain> chains) {
        return chains.stream().map(TlsaChain::key).collect(Collectors.toCollection(TreeSet::new));
    }

    /// Lets pass what waits at a host.
    ///
    /// @return false where the host is not known
    public boolean force(String host, String reason) {
        synchronized (this) {
            if (!states.containsKey(host)) {
                return false;
            }
            LOG.warn("rollover at {}: forced by an operator: {}", host, reason);
            apply(host, new RolloverEvent.Forced());
        }
        schedule(Duration.ZERO);
        return true;
    }

    /// For how long a host is out of reach for clients that hold its records, if another key is served now.
    public synchronized Map<String, Duration> outages(Set<String> compromised) {
        Map<String, Duration> longest = new TreeMap<>();
        states.forEach((host, state) -> {
            if (state.situation().serving().stream().anyMatch(chain -> compromised.contains(chain.key()))) {
                Set<TlsaChain> next = new HashSet<>(state.situation().announced());
                next.addAll(state.situation().wanted());
                next.removeIf(chain -> compromised.contains(chain.key()));
                longest.put(
                        host,
                        state.cached().stream()
                                .filter(set ->
                                        next.isEmpty() || next.stream().noneMatch(chain -> chain.satisfies(set.data())))
                                .map(RolloverState.CachedSet::timeToLive)
                                .max(Duration::compareTo)
                                .orElse(Duration.ZERO));
            }
        });
        return longest;
    }

    /// The longest that a record set of any host may live in a cache.
    public synchronized Duration longestTimeToLive() {
        return states.values().stream()
                .flatMap(state -> state.cached().stream())
                .map(RolloverState.CachedSet::timeToLive)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /// Keys that must neither be served nor published any more.
    public void compromised(Set<String> keys, String reason) {
        synchronized (this) {
            LOG.warn("rollover: keys in the wrong hands {}: {}", keys, reason);
            List.copyOf(states.keySet()).forEach(host -> apply(host, new RolloverEvent.Compromised(keys)));
        }
        schedule(Duration.ZERO);
    }

    @Override
    public synchronized boolean isGivenUp(PublicKey key) {
        String fingerprint = TlsaChain.of(key).key();
        return states.values().stream().anyMatch(state -> state.compromised().contains(fingerprint));
    }

    // ---- events

    /// Saved before anything follows from it. Called under the lock; what operators want to know is told here.
    private List<RolloverAction> apply(String host, RolloverEvent event) {
        RolloverClock.Advance advance = clock.advance(RolloverClock.Reading.now());
        advance.jump()
                .ifPresent(jump -> LOG.warn(
                        "the wall clock went {} s away from the time that passed; no wait for caches is shortened by that",
                        jump.toSeconds()));
        clock = advance.clock();
        RolloverState before = states.getOrDefault(host, RolloverState.NEW);
        Rollover.Step step = machine.step(before, event, clock.counted());
        if (!step.state().equals(before) || clock.counted().minus(saved).compareTo(SAVE) >= 0) {
            Map<String, RolloverState> next = new TreeMap<>(states);
            next.put(host, step.state());
            file.save(clock, next); // first: what cannot be saved is not known here either, and is tried again
            states.put(host, step.state());
            saved = clock.counted();
        }
        if (step.state().phase() != before.phase()) {
            LOG.info(
                    "rollover at {}: {}",
                    host,
                    step.state().phase().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        }
        List<RolloverAction> actions = new ArrayList<>();
        for (RolloverAction action : step.actions()) {
            if (action instanceof RolloverAction.Tell(boolean warning, String text)) {
                if (warning) {
                    LOG.warn("rollover at {}: {}", host, text);
                } else {
                    LOG.info("rollover at {}: {}", host, text);
                }
            } else {
                actions.add(action);
            }
        }
        return actions;
    }

    private Duration passed() {
        return clock.advance(RolloverClock.Reading.now()).clock().counted();
    }

    private Situation situation(String host) {
        ActivationGate.Shown now = shown.get(host);
        TlsaHost place = hosts.get(host);
        RolloverState state = states.getOrDefault(host, RolloverState.NEW);
        if (now == null) {
            return state.situation();
        }
        boolean publishing = place != null
                && !place.forms().isEmpty()
                && switch (place.standing()) {
                    case SECURE -> true;
                    case INSECURE -> false;
                    case UNKNOWN -> state.situation().publishing();
                };
        return new Situation(
                chains(now.serving()),
                chains(now.wanted()),
                // a person is not asked to publish twice for each key
                place == null || place.byHand()
                        ? Set.of()
                        : now.announced().stream().map(TlsaChain::of).collect(Collectors.toSet()),
                place == null ? state.situation().forms() : place.forms(),
                place == null ? state.situation().timeToLive() : place.timeToLive(),
                placed ? publishing : state.situation().publishing()); // before anybody was asked it stays as it was
    }

    private static Set<TlsaChain> chains(List<ServedCertificate> certificates) {
        return certificates.stream()
                .map(certificate -> TlsaChain.of(certificate.chain()))
                .collect(Collectors.toSet());
    }

    // ---- the thread

    private void schedule(Duration delay) {
        synchronized (this) {
            if (!closed) {
                timer.schedule(this::lookAtAll, delay.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private @Nullable Instant next;

    /// On its thread alone.
    private void lookAtAll() {
        Means now = means;
        if (now == null || isClosed()) {
            return;
        }
        boolean all = isDone("hosts with TLSA records", () -> place(now.hosts().get()));
        if (all) {
            for (String host : names()) {
                all &= isDone("the TLSA records of " + host, () -> look(now, host));
            }
            looked.complete(true);
        }
        Duration delay = all ? delay() : between(Duration.ZERO, delay(), LONGEST);
        Instant due = Instant.now().plus(delay);
        if (next == null || !next.isAfter(Instant.now()) || due.isBefore(next)) {
            next = due;
            schedule(delay);
        }
    }

    /// A fault is said, and the next look may do better.
    private boolean isDone(String what, Runnable part) {
        try {
            part.run();
            return true;
        } catch (RuntimeException fault) {
            if (!isClosed()) {
                LOG.error("{} could not be looked at", what, fault);
            }
            return false;
        }
    }

    private synchronized List<String> names() {
        return List.copyOf(states.keySet());
    }

    private synchronized void place(List<TlsaHost> found) {
        Map<String, TlsaHost> before = new HashMap<>(hosts);
        hosts.clear();
        for (TlsaHost host : found) {
            hosts.put(host.host().text(), host);
            states.putIfAbsent(host.host().text(), RolloverState.NEW);
        }
        placed = true;
        states.entrySet().removeIf(entry -> !hosts.containsKey(entry.getKey()) && isOver(entry.getValue()));
        for (String host : List.copyOf(states.keySet())) {
            TlsaHost last = before.get(host);
            if (!hosts.containsKey(host)
                    && last != null) { // its records are withdrawn, and looked for until they are gone
                hosts.put(
                        host,
                        new TlsaHost(
                                last.host(),
                                last.place(),
                                last.ports(),
                                List.of(),
                                last.timeToLive(),
                                TlsaHost.Standing.INSECURE,
                                last.byHand()));
            }
            Situation situation = situation(host);
            if (!situation.equals(states.getOrDefault(host, RolloverState.NEW).situation())) {
                apply(host, new RolloverEvent.Told(situation));
            }
        }
    }

    /// Of a host that is configured no more: nothing of it can be in a cache.
    private boolean isOver(RolloverState state) {
        Duration longest = state.cached().stream()
                .map(RolloverState.CachedSet::timeToLive)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        return passed().compareTo(state.target().since().plus(longest.multipliedBy(2))) >= 0;
    }

    private void look(Means now, String host) {
        Deque<RolloverAction> actions = new ArrayDeque<>();
        synchronized (this) {
            actions.addAll(apply(host, new RolloverEvent.Look()));
        }
        boolean reconsider = false;
        for (int done = 0; done < MOST_ACTIONS && !actions.isEmpty(); done++) {
            RolloverAction action = actions.pop();
            Optional<RolloverEvent> event = switch (action) {
                case RolloverAction.Publish() -> Optional.of(publish(now, host));
                case RolloverAction.Observe() -> Optional.of(observe(now, host));
                case RolloverAction.Verify() -> Optional.of(verify(now, host));
                case RolloverAction.Reconsider() -> {
                    reconsider = true;
                    yield Optional.empty();
                }
                case RolloverAction.Tell _ -> Optional.empty(); // told
            };
            synchronized (this) {
                if (closed) {
                    return; // what was asked last may have stopped before the answer
                }
                event.ifPresent(told -> actions.addAll(apply(host, told)));
            }
        }
        if (reconsider) {
            now.changed().run();
        }
    }

    private static RolloverEvent publish(Means now, String host) {
        try {
            now.publication().publish(new DomainName(host));
            return new RolloverEvent.Published();
        } catch (PublicationException e) {
            return new RolloverEvent.PublicationFailed(String.valueOf(e.getMessage()));
        }
    }

    private List<Integer> ports(String host) {
        synchronized (this) {
            TlsaHost place = hosts.get(host);
            return place == null ? List.of() : place.ports();
        }
    }

    /// What others have at the same place, be it a key that was this host's before.
    private synchronized Set<String> neighbours(String host) {
        TlsaHost place = hosts.get(host);
        Set<String> data = new HashSet<>();
        hosts.forEach((name, other) -> {
            RolloverState state = states.get(name);
            if (place != null
                    && state != null
                    && !name.equals(host)
                    && other.place().equals(place.place())) {
                data.addAll(state.target().data());
            }
        });
        RolloverState own = states.get(host);
        if (own != null) {
            data.removeAll(own.target().data());
        }
        return data;
    }

    private RolloverEvent observe(Means now, String host) {
        Set<String> neighbours = neighbours(host);
        List<Observation> answers = new ArrayList<>();
        for (int port : ports(host)) {
            DomainName owner = new DomainName(host).child("_" + port + "._tcp");
            List<AuthoritativeServers.ServerAnswer> asked = now.servers().ask(owner, RecordType.TLSA);
            if (asked.isEmpty()) {
                return new RolloverEvent.Observed(List.of());
            }
            asked.forEach(answer -> answers.add(new Observation(
                    answer.server() + " for port " + port,
                    answer.found()
                            .map(set -> set.data().stream()
                                    .map(TlsaChain::canonical)
                                    .filter(data -> !neighbours.contains(data))
                                    .collect(Collectors.toSet()))
                            .orElse(Set.of()),
                    answer.found().map(RecordSet::timeToLive).orElse(Duration.ZERO),
                    answer.failure())));
        }
        return new RolloverEvent.Observed(answers);
    }

    private RolloverEvent verify(Means now, String host) {
        OutsideProbe.Outcome outcome = now.probe().look(new DomainName(host), ports(host));
        return new RolloverEvent.Verified(outcome.keys(), outcome.failure());
    }

    /// Often enough that nothing happens unseen between two looks.
    private synchronized Duration delay() {
        Duration shortest = IDLE;
        Duration now = passed();
        for (RolloverState state : states.values()) {
            Phase phase = state.phase();
            if (phase != Phase.STEADY && phase != Phase.NOT_PUBLISHED) {
                Duration often =
                        between(SHORTEST, state.situation().timeToLive().dividedBy(8), LONGEST);
                Duration soon =
                        between(SHORTEST, now.minus(state.target().since()).dividedBy(4), often);
                shortest = between(Duration.ZERO, state.target().settled() ? often : soon, shortest);
            } else {
                if (state.obstacles().containsKey(RolloverState.Obstacle.PUBLICATION)) {
                    shortest = between(SHORTEST, LONGEST, shortest);
                }
                for (RolloverState.CachedSet set : state.cached()) { // to be forgotten when it can be
                    if (set.goneSince().isPresent()
                            && !set.data().equals(state.target().data())) {
                        Duration end =
                                set.goneSince().get().plus(set.timeToLive().multipliedBy(2));
                        shortest = between(SHORTEST, end.minus(now), shortest);
                    }
                }
            }
        }
        return shortest;
    }

    private static Duration between(Duration least, Duration wanted, Duration most) {
        Duration atLeast = wanted.compareTo(least) < 0 ? least : wanted;
        return atLeast.compareTo(most) > 0 ? most : atLeast;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        timer.shutdown();
    }
}
