package org.postern.dns;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Where the TLSA records of one host stand. Immutable; times are counted time ([RolloverClock]).
///
/// @param situation what the rest of the server said last
/// @param leaving chains that were served before; their records stay until a handshake proved the new ones
/// @param proved whether a handshake from outside has shown what is served
/// @param target what is to be published
/// @param cached what may be in somebody's cache, the target included
/// @param owned data of records that were a target, and may still be on a server
/// @param compromised keys that must not be served again
/// @param forced keys that an operator lets pass
/// @param obstacles what holds it up, in the operator's words
public record RolloverState(
        Situation situation,
        Set<TlsaChain> leaving,
        boolean proved,
        Target target,
        List<CachedSet> cached,
        Set<String> owned,
        Set<String> compromised,
        Set<String> forced,
        Map<Obstacle, String> obstacles) {
    public RolloverState {
        leaving = Set.copyOf(leaving);
        cached = List.copyOf(cached);
        owned = Set.copyOf(owned);
        compromised = Set.copyOf(compromised);
        forced = Set.copyOf(forced);
        obstacles = Map.copyOf(obstacles);
    }

    static final RolloverState NEW = new RolloverState(
            Situation.NOTHING,
            Set.of(),
            false,
            new Target(Set.of(), Duration.ZERO, Duration.ZERO, true, true),
            List.of(),
            Set.of(),
            Set.of(),
            Set.of(),
            Map.of());

    /// What is served and what is to be served. A host that shows several chains (ECDSA and RSA) has several of each.
    ///
    /// @param serving what handshakes show
    /// @param wanted what they are to show as soon as they may
    /// @param announced keys that are to come later
    /// @param forms in which records are to be published
    /// @param timeToLive of those records
    /// @param publishing whether they may be: false where nobody publishes, or where the zone is not signed
    public record Situation(
            Set<TlsaChain> serving,
            Set<TlsaChain> wanted,
            Set<TlsaChain> announced,
            List<TlsaParameters> forms,
            Duration timeToLive,
            boolean publishing) {
        static final Situation NOTHING = new Situation(Set.of(), Set.of(), Set.of(), List.of(), Duration.ZERO, false);

        public Situation {
            serving = Set.copyOf(serving);
            wanted = Set.copyOf(wanted);
            announced = Set.copyOf(announced);
            forms = List.copyOf(forms);
        }

        Stream<TlsaChain> chains() {
            return Stream.of(serving, wanted, announced).flatMap(Set::stream);
        }
    }

    /// What is to be published.
    ///
    /// @param data none where nothing is
    /// @param since when it became the target
    /// @param asked whether somebody was asked to publish it, and said that it is done
    /// @param settled whether every authoritative server was seen to have it
    public record Target(Set<String> data, Duration timeToLive, Duration since, boolean asked, boolean settled) {
        public Target {
            data = Set.copyOf(data);
        }
    }

    /// A record set that was on a server, or may have been.
    ///
    /// @param goneSince since when no server has it; empty while one may
    public record CachedSet(Set<String> data, Duration timeToLive, Optional<Duration> goneSince) {
        public CachedSet {
            data = Set.copyOf(data);
        }
    }

    /// What can hold it up.
    public enum Obstacle {
        /// the publisher fails
        PUBLICATION,
        /// a server is silent, or behind; or the records there cannot be right
        SERVERS,
        /// a handshake from outside does not show what is served
        PROOF
    }

    /// How far it is, for people.
    public enum Phase {
        /// nothing is published
        NOT_PUBLISHED,
        /// what is published is on every server and is served
        STEADY,
        /// records of the next key are on their way to every server
        ANNOUNCING,
        /// all servers have them; caches may not
        WAITING,
        /// the next key may be served
        READY,
        /// the next key is served; a handshake is to prove it
        VERIFYING,
        /// records that are needed no more, or new ones, are on their way
        UPDATING
    }

    public Phase phase() {
        boolean pending = !situation.serving.containsAll(situation.wanted);
        if (target.data.isEmpty() && cached.isEmpty()) {
            return situation.publishing && !situation.serving.isEmpty() ? Phase.VERIFYING : Phase.NOT_PUBLISHED;
        }
        if (pending) {
            return situation.wanted.stream().allMatch(this::maySee)
                    ? Phase.READY
                    : target.settled ? Phase.WAITING : Phase.ANNOUNCING;
        }
        return !leaving.isEmpty() ? Phase.VERIFYING : target.settled ? Phase.STEADY : Phase.UPDATING;
    }

    /// Whether every set in every cache goes with this chain.
    boolean maySee(TlsaChain chain) {
        return cached.stream().allMatch(set -> chain.satisfies(set.data()));
    }

    /// When a chain may be served, as far as that is known: not before every server has its records.
    public Optional<Duration> ripeAt(TlsaChain chain) {
        Duration latest = Duration.ZERO;
        for (CachedSet set : cached) {
            if (!chain.satisfies(set.data())) {
                if (set.goneSince().isEmpty()) {
                    return Optional.empty();
                }
                Duration end = set.goneSince().get().plus(set.timeToLive().multipliedBy(2));
                latest = latest.compareTo(end) < 0 ? end : latest;
            }
        }
        return Optional.of(latest);
    }

    // ---- with one thing changed

    RolloverState with(Situation next) {
        return new RolloverState(next, leaving, proved, target, cached, owned, compromised, forced, obstacles);
    }

    RolloverState leaving(Set<TlsaChain> next, boolean nextProved) {
        return new RolloverState(situation, next, nextProved, target, cached, owned, compromised, forced, obstacles);
    }

    RolloverState with(Target next) {
        return new RolloverState(situation, leaving, proved, next, cached, owned, compromised, forced, obstacles);
    }

    RolloverState cached(List<CachedSet> next) {
        return new RolloverState(situation, leaving, proved, target, next, owned, compromised, forced, obstacles);
    }

    RolloverState owned(Set<String> next) {
        return new RolloverState(situation, leaving, proved, target, cached, next, compromised, forced, obstacles);
    }

    RolloverState compromised(Set<String> next) {
        return new RolloverState(situation, leaving, proved, target, cached, owned, next, forced, obstacles);
    }

    RolloverState forced(Set<String> next) {
        return new RolloverState(situation, leaving, proved, target, cached, owned, compromised, next, obstacles);
    }

    RolloverState obstacle(Obstacle kind, Optional<String> text) {
        Map<Obstacle, String> next = new EnumMap<>(Obstacle.class);
        next.putAll(obstacles);
        next.remove(kind);
        text.ifPresent(words -> next.put(kind, words));
        return new RolloverState(situation, leaving, proved, target, cached, owned, compromised, forced, next);
    }

    /// As it is, with a set that may be on a server from now on.
    RolloverState mayBeSeen(Set<String> data, Duration timeToLive) {
        if (data.isEmpty()) {
            return this; // a cache that knows of no records refuses nobody
        }
        List<CachedSet> next = new ArrayList<>();
        cached.stream()
                .filter(set -> !(set.data().equals(data) && set.timeToLive().equals(timeToLive)))
                .forEach(next::add);
        next.add(new CachedSet(data, timeToLive, Optional.empty()));
        return cached(next);
    }
}
