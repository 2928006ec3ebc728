package org.postern.dns;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postern.dns.RolloverEvent.Observation;
import org.postern.dns.RolloverState.CachedSet;
import org.postern.dns.RolloverState.Obstacle;
import org.postern.dns.RolloverState.Situation;
import org.postern.dns.RolloverState.Target;

/// How the TLSA records of one host follow its keys, and when a key may follow another (RFC 7671 §8): a function of
/// state, event and counted time, without a clock, a file or a socket in it.
///
/// The rule behind it all is one sentence: a chain is served only while every record set that may be in a cache
/// goes with it, and a set is published only if it goes with every chain that is served. From that follows the
/// order: publish the next key's record beside the old one, see the set on every authoritative server, wait until
/// no cache can have the old set, serve, prove it by a handshake, take the old record away. What is to be
/// published changes one step at a time; each is on every server before the next is taken.
class Rollover {
    /// In an emergency a silent server holds nothing up for longer.
    static final Duration EMERGENCY_PATIENCE = Duration.ofSeconds(60);

    private static final Duration SECONDARIES_PATIENCE = Duration.ofMinutes(10);

    /// @param actions in the order in which they are to be done, after the state was saved
    record Step(RolloverState state, List<RolloverAction> actions) {
        Step {
            actions = List.copyOf(actions);
        }
    }

    /// @param now counted time
    Step step(RolloverState state, RolloverEvent event, Duration now) {
        return switch (event) {
            case RolloverEvent.Told(Situation situation) -> told(state, situation, now);
            case RolloverEvent.Look() -> next(retargeted(state, now), new ArrayList<>(), now);
            case RolloverEvent.Published() -> {
                Target target = state.target();
                RolloverState next = state.with(
                        new Target(target.data(), target.timeToLive(), target.since(), true, target.settled()));
                yield obstacle(next, Obstacle.PUBLICATION, Optional.empty());
            }
            case RolloverEvent.PublicationFailed(String reason) ->
                obstacle(state, Obstacle.PUBLICATION, Optional.of("the records cannot be published: " + reason));
            case RolloverEvent.Observed(List<Observation> answers) -> observed(state, answers, now);
            case RolloverEvent.Verified verified -> verified(state, verified, now);
            case RolloverEvent.Forced() -> forced(state, now);
            case RolloverEvent.Compromised(Set<String> keys) -> compromised(state, keys, now);
        };
    }

    /// Whether a chain may be served from now on.
    boolean mayServe(RolloverState state, TlsaChain chain, Duration now) {
        Situation situation = state.situation();
        if (situation.serving().contains(chain)) {
            return true;
        }
        if (state.compromised().contains(chain.key())) {
            return false;
        }
        if (state.forced().contains(chain.key()) || state.maySee(chain)) {
            return true;
        }
        Target target = state.target();
        return emergency(state)
                && target.data().stream().anyMatch(chain.records()::contains)
                && (target.settled() || now.compareTo(target.since().plus(EMERGENCY_PATIENCE)) >= 0);
    }

    /// A key in the wrong hands is served.
    private static boolean emergency(RolloverState state) {
        return state.situation().serving().stream()
                .anyMatch(chain -> state.compromised().contains(chain.key()));
    }

    // ---- events

    private Step told(RolloverState state, Situation situation, Duration now) {
        Situation before = state.situation();
        List<RolloverAction> actions = new ArrayList<>();
        RolloverState next = state;
        if (!situation.serving().equals(before.serving())) {
            for (TlsaChain chain : situation.serving()) {
                if (!before.serving().contains(chain) && !mayServe(state, chain, now)) {
                    actions.add(new RolloverAction.Tell(
                            true,
                            "the key " + chain + " is served while caches may hold records without it: clients that"
                                    + " heed TLSA refuse it until " + longest(state, chain) + " have passed"));
                }
            }
            Set<TlsaChain> leaving = new HashSet<>(state.leaving());
            leaving.addAll(before.serving());
            leaving.removeAll(situation.serving());
            leaving.removeIf(chain -> state.compromised().contains(chain.key()));
            next = next.leaving(leaving, false).forced(without(state.forced(), keys(situation.serving())));
        }
        if (!situation.publishing()) {
            next = next.leaving(Set.of(), next.proved());
        }
        return next(retargeted(next.with(situation), now), actions, now);
    }

    private static String longest(RolloverState state, TlsaChain chain) {
        return state.cached().stream()
                        .filter(set -> !chain.satisfies(set.data()))
                        .map(CachedSet::timeToLive)
                        .max(Duration::compareTo)
                        .orElse(Duration.ZERO)
                        .toSeconds()
                + " seconds";
    }

    private Step observed(RolloverState state, List<Observation> all, Duration now) {
        List<Observation> answers = counted(all);
        boolean complete = !answers.isEmpty()
                && answers.stream().allMatch(answer -> answer.failure().isEmpty());
        RolloverState next = state;
        List<CachedSet> seen = new ArrayList<>();
        for (Observation answer : answers) {
            Set<String> ours = ours(state, answer.data());
            if (answer.failure().isEmpty() && !ours.isEmpty()) {
                seen.add(new CachedSet(ours, answer.timeToLive(), Optional.empty()));
                next = next.mayBeSeen(ours, answer.timeToLive());
            }
        }
        if (complete) {
            next = next.cached(expired(next, seen, now));
        }
        Target target = state.target();
        Set<String> unwanted = new HashSet<>(state.owned());
        unwanted.removeAll(target.data());
        List<Observation> behind = answers.stream()
                .filter(answer -> answer.failure().isEmpty())
                .filter(answer -> !answer.data().containsAll(target.data())
                        || answer.data().stream().anyMatch(unwanted::contains))
                .toList();
        boolean settled = complete && behind.isEmpty();
        // a server may cap what lives too long, and an alias of somebody else lives as that one wants: nobody waits for
        // a time to live, but it is published again
        boolean timely = target.data().isEmpty()
                || answers.stream()
                        .allMatch(answer -> answer.failure().isPresent()
                                || answer.timeToLive().equals(target.timeToLive()));
        next = next.with(new Target(
                target.data(),
                target.timeToLive(),
                target.since(),
                target.asked() && behind.isEmpty() && timely,
                settled));
        if (settled) {
            next = next.owned(target.data());
        }
        next = retargeted(next, now);
        // a secondary may need a while
        boolean serious = !complete || now.minus(target.since()).compareTo(SECONDARIES_PATIENCE) > 0;
        Step step = obstacle(next, Obstacle.SERVERS, holding(next, answers, behind), serious);
        return reconsidered(step.state(), new ArrayList<>(step.actions()), now);
    }

    /// Which answers count: all of them.
    List<Observation> counted(List<Observation> answers) {
        return answers;
    }

    /// How long a set may be found after the last server had it: twice its own time to live.
    // RFC 7671 §8.1: a cache behind a cache may begin to count anew
    Duration kept(CachedSet set, Target target) {
        return set.timeToLive().multipliedBy(2);
    }

    /// What may still be in caches, after every server has answered.
    private List<CachedSet> expired(RolloverState state, List<CachedSet> seen, Duration now) {
        Target target = state.target();
        List<CachedSet> left = new ArrayList<>();
        for (CachedSet set : state.cached()) {
            boolean wanted =
                    set.data().equals(target.data()) && set.timeToLive().equals(target.timeToLive());
            if (seen.stream()
                    .anyMatch(each ->
                            each.data().equals(set.data()) && each.timeToLive().equals(set.timeToLive()))) {
                left.add(set);
            } else if (set.goneSince().isEmpty()) {
                left.add(new CachedSet(set.data(), set.timeToLive(), Optional.of(now)));
            } else if (wanted || now.compareTo(set.goneSince().get().plus(kept(set, target))) < 0) {
                left.add(set); // the target may come at any moment
            }
        }
        return left;
    }

    /// Without what somebody else published beside ours, for another server of the same name.
    private static Set<String> ours(RolloverState state, Set<String> data) {
        Set<String> known = new HashSet<>(state.owned());
        known.addAll(state.target().data());
        Stream.concat(state.situation().chains(), state.leaving().stream())
                .forEach(chain -> known.addAll(chain.matching()));
        Set<String> ours = new TreeSet<>(data);
        ours.retainAll(known);
        return ours;
    }

    private static Optional<String> holding(RolloverState state, List<Observation> answers, List<Observation> behind) {
        List<String> holding = new ArrayList<>();
        if (answers.isEmpty()) {
            holding.add("the name servers of the zone cannot be found");
        }
        answers.forEach(answer -> answer.failure()
                .ifPresent(failure -> holding.add(answer.server() + " does not answer (" + failure + ")")));
        if (!behind.isEmpty()) {
            holding.add(behind.getFirst().server() + " has not got what was published"
                    + (behind.size() == 1 ? "" : ", and " + (behind.size() - 1) + " more answers"));
        }
        if (!state.situation().forms().isEmpty() && state.target().data().isEmpty() && state.proved()) {
            holding.add("no record of the kind " + state.situation().forms() + " can point to what is served");
        }
        infeasible(state)
                .forEach(
                        form -> holding.add(
                                "what is to be served next has nothing that a record " + form
                                        + " could point to: have its authority's certificate sent with it, or have 3 1 1 published too"));
        state.situation().wanted().stream()
                .filter(chain -> !state.situation().serving().contains(chain))
                .flatMap(chain -> state.cached().stream()
                        .filter(set -> set.goneSince().isEmpty() && !chain.satisfies(set.data()))
                        .flatMap(set -> set.data().stream()))
                .filter(data ->
                        !state.owned().contains(data) && !state.target().data().contains(data))
                .distinct()
                .forEach(data -> holding.add("the record " + data + " is not Postern's: take it away"));
        return holding.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", holding));
    }

    private Step verified(RolloverState state, RolloverEvent.Verified verified, Duration now) {
        Set<String> others = without(verified.keys(), keys(state.situation().serving()));
        Optional<String> failure = verified.failure()
                .or(() -> others.isEmpty() ? Optional.empty() : Optional.of("another key is shown: " + others))
                .or(() -> verified.keys().isEmpty() ? Optional.of("no handshake was made") : Optional.empty());
        if (failure.isPresent()) {
            return obstacle(
                    state,
                    Obstacle.PROOF,
                    Optional.of("what is served cannot be proved from outside: " + failure.get()));
        }
        Step proved = obstacle(state.leaving(Set.of(), true), Obstacle.PROOF, Optional.empty());
        return next(retargeted(proved.state(), now), new ArrayList<>(proved.actions()), now);
    }

    /// Lets pass what is held up just now: a key, or a proof that cannot be had.
    private Step forced(RolloverState state, Duration now) {
        Set<String> pending = without(
                without(keys(state.situation().wanted()), keys(state.situation().serving())), state.compromised());
        RolloverState next = pending.isEmpty()
                ? state.leaving(Set.of(), !state.situation().serving().isEmpty())
                : state.forced(pending);
        return next(retargeted(next, now), new ArrayList<>(), now);
    }

    private Step compromised(RolloverState state, Set<String> keys, Duration now) {
        Set<String> all = new HashSet<>(state.compromised());
        all.addAll(keys);
        Set<TlsaChain> leaving = state.leaving().stream()
                .filter(chain -> !all.contains(chain.key()))
                .collect(Collectors.toSet());
        RolloverState next =
                state.compromised(all).leaving(leaving, state.proved()).forced(without(state.forced(), all));
        return next(retargeted(next, now), new ArrayList<>(), now);
    }

    // ---- what is to be published

    private static RolloverState retargeted(RolloverState state, Duration now) {
        Situation situation = state.situation();
        Target target = state.target();
        if (!situation.publishing()) {
            return target.data().isEmpty() ? state : target(state, Set.of(), now);
        }
        if (emergency(state)) {
            Set<TlsaChain> next =
                    sound(state, Stream.concat(situation.wanted().stream(), situation.announced().stream()));
            Set<TlsaChain> usable = sound(state, situation.wanted().stream());
            if (!usable.isEmpty()) {
                Set<String> data = records(forms(target.data(), situation.forms()), next);
                boolean ripe = usable.stream().allMatch(state::maySee);
                return ripe || data.equals(target.data()) ? state : target(state, data, now);
            }
        }
        return target.settled() ? changed(state, now) : state;
    }

    /// The next step, where there is one to take: keys come first, forms change between two rollovers.
    // RFC 7671 §8.4: one change at a time
    private static RolloverState changed(RolloverState state, Duration now) {
        Situation situation = state.situation();
        Target target = state.target();
        Set<TlsaChain> needed = sound(
                state,
                Stream.concat(
                        state.leaving().stream(),
                        Stream.concat(situation.wanted().stream(), situation.announced().stream())));
        needed.addAll(situation.serving());
        if (target.data().isEmpty()) {
            // RFC 7671 §8.4: published for the first time when it is served
            Set<String> first = records(feasible(situation.forms(), situation.serving()), situation.serving());
            return state.proved() && !first.isEmpty() ? target(state, first, now) : state;
        }
        Set<String> present = forms(target.data(), List.of());
        Set<String> keys = records(present, needed);
        Set<String> more = new TreeSet<>(target.data());
        if (more.addAll(keys)) {
            return target(state, more, now);
        }
        if (state.leaving().isEmpty() && !keys.containsAll(target.data())) {
            return target(state, keys, now);
        }
        boolean rolling = !situation.serving().containsAll(situation.wanted())
                || !state.leaving().isEmpty();
        Set<TlsaChain> shown = new HashSet<>(situation.serving());
        shown.addAll(situation.wanted());
        Set<String> possible = feasible(situation.forms(), shown);
        if (!possible.isEmpty() && (!rolling || !infeasible(state).isEmpty())) {
            // RFC 7671 §8.1: a new form comes for the chain that is served, and the old one goes afterwards
            Set<String> both = new TreeSet<>(present);
            if (both.addAll(possible)) {
                return target(state, records(both, needed), now);
            }
            if (!possible.containsAll(present)) {
                return target(state, records(possible, needed), now);
            }
        }
        return target.timeToLive().equals(situation.timeToLive()) ? state : target(state, target.data(), now);
    }

    /// Forms that are published and that the chain which is to come has no record of: a switch from usage 2 to 3.
    private static Set<String> infeasible(RolloverState state) {
        Set<TlsaChain> pending = new HashSet<>(state.situation().wanted());
        pending.removeAll(state.situation().serving());
        Set<String> present = forms(state.target().data(), List.of());
        present.removeAll(feasible(present, pending));
        return present;
    }

    private static Set<String> feasible(List<TlsaParameters> forms, Set<TlsaChain> chains) {
        return feasible(forms.stream().map(TlsaParameters::toString).collect(Collectors.toSet()), chains);
    }

    private static Set<String> feasible(Set<String> forms, Set<TlsaChain> chains) {
        return forms.stream()
                .filter(form -> chains.stream()
                        .allMatch(chain -> !records(Set.of(form), Set.of(chain)).isEmpty()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> forms(Set<String> data, List<TlsaParameters> otherwise) {
        return (data.isEmpty()
                        ? otherwise.stream().map(TlsaParameters::toString)
                        : data.stream().map(TlsaChain::form))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    // RFC 7671 §8.3: each form for each key
    private static Set<String> records(Set<String> forms, Set<TlsaChain> chains) {
        Set<String> records = new TreeSet<>();
        for (TlsaChain chain : chains) {
            chain.records().stream()
                    .filter(data -> forms.contains(TlsaChain.form(data)))
                    .forEach(records::add);
        }
        return records;
    }

    private static Set<TlsaChain> sound(RolloverState state, Stream<TlsaChain> chains) {
        return chains.filter(chain -> !state.compromised().contains(chain.key()))
                .collect(Collectors.toSet());
    }

    /// From here on the set may be on a server: whoever crashes before he hears of it must think so.
    private static RolloverState target(RolloverState state, Set<String> data, Duration now) {
        Duration timeToLive = state.situation().timeToLive();
        Set<String> owned = new HashSet<>(state.owned());
        owned.addAll(data);
        // the one before may have come after all since the last look: an update that was late
        Target before = state.target();
        return state.mayBeSeen(before.data(), before.timeToLive())
                .with(new Target(data, timeToLive, now, false, false))
                .owned(owned)
                .mayBeSeen(data, timeToLive);
    }

    // ---- what is to be done

    private Step next(RolloverState state, List<RolloverAction> actions, Duration now) {
        Target target = state.target();
        if (!target.asked()) {
            actions.add(new RolloverAction.Publish());
        }
        if (state.situation().publishing()) {
            if (!state.proved() && !state.situation().serving().isEmpty()) {
                actions.add(new RolloverAction.Verify());
            }
        }
        if (state.situation().publishing() || !state.cached().isEmpty() || !target.settled()) {
            actions.add(new RolloverAction.Observe());
        }
        return reconsidered(state, actions, now);
    }

    private Step reconsidered(RolloverState state, List<RolloverAction> actions, Duration now) {
        Situation situation = state.situation();
        if (!situation.serving().containsAll(situation.wanted())
                && situation.wanted().stream().allMatch(chain -> mayServe(state, chain, now))) {
            actions.add(new RolloverAction.Reconsider());
        }
        return new Step(state, actions);
    }

    private static Step obstacle(RolloverState state, Obstacle kind, Optional<String> text) {
        return obstacle(state, kind, text, true);
    }

    private static Step obstacle(RolloverState state, Obstacle kind, Optional<String> text, boolean serious) {
        Optional<String> before = Optional.ofNullable(state.obstacles().get(kind));
        return new Step(
                state.obstacle(kind, text),
                text.equals(before)
                        ? List.of()
                        : List.of(new RolloverAction.Tell(
                                serious && text.isPresent(),
                                text.orElse("does not hold it up any more: " + before.orElse("")))));
    }

    private static Set<String> keys(Set<TlsaChain> chains) {
        return chains.stream().map(TlsaChain::key).collect(Collectors.toSet());
    }

    private static Set<String> without(Set<String> all, Set<String> some) {
        Set<String> left = new HashSet<>(all);
        left.removeAll(some);
        return left;
    }
}
