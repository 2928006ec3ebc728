package org.postern.dns;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.postern.dns.RolloverEvent.Observation;

/// The world around a [Rollover]: a primary and its secondaries, every cache there could be, both clocks, a disk, and
/// what can go wrong with each. It knows what is true and judges by it alone; of the machine it knows events and
/// actions.
///
/// A record is `form key`, such as `3 1 1 old`; a chain has one of each form that it can have. Time is in whole
/// seconds.
final class RolloverModel {
    /// What becomes of the next publication.
    enum Publication {
        DONE,
        LOST_WITHOUT_A_WORD,
        DONE_AND_REPORTED_AS_FAILED,
        FAILED,
        /// Reported as failed, and on its way all the same.
        LATE
    }

    /// How the process makes counted time of its clocks.
    @FunctionalInterface
    interface Counting {
        RolloverClock count(RolloverClock last, RolloverClock.Reading now);
    }

    static final Counting BY_BOTH_CLOCKS = (last, now) -> last.advance(now).clock();

    /// A record set as a server has it.
    record Zone(Set<String> data, int timeToLive) {}

    /// Thrown where the process dies: what is not on the disk is forgotten.
    @SuppressWarnings("serial")
    static final class Crash extends RuntimeException {
        Crash() {
            super("crash", null, false, false);
        }
    }

    private final Rollover machine;
    private final Counting counting;
    // what is true
    private int now;
    private int wallAhead;
    /// How far the monotonic clock is behind: it stands while the machine sleeps, and begins anew with each start.
    private int monotonicBehind;
    private int boots;
    private List<Zone> servers;
    private List<Zone> before;
    private Set<Integer> silent = Set.of();
    /// Set up from an older copy, and not looked at since.
    private Set<Integer> setBack = Set.of();
    private Map<Zone, Integer> lastServed = new HashMap<>();
    private Set<String> served;
    private Publication publication = Publication.DONE;
    /// Sent to the primary, which has not got it.
    private Optional<Zone> underWay = Optional.empty();
    private boolean handshakes = true;
    /// Acts until the process dies; negative for never.
    private int fuse = -1;
    // what was configured
    private Set<String> wanted;
    private Set<String> announced = Set.of();
    private List<String> forms = List.of("3 1 1");
    private int timeToLive;
    private boolean publishing;
    // what is on the disk
    private RolloverState state = RolloverState.NEW;
    private RolloverClock clock;

    RolloverModel(Rollover machine, int servers, int timeToLive, String... served) {
        this(machine, BY_BOTH_CLOCKS, true, servers, timeToLive, served);
    }

    /// @param publishing whether anything is to be published from the beginning
    RolloverModel(
            Rollover machine, Counting counting, boolean publishing, int servers, int timeToLive, String... served) {
        this.machine = machine;
        this.counting = counting;
        this.publishing = publishing;
        this.timeToLive = timeToLive;
        this.served = Set.of(served);
        this.wanted = this.served;
        List<Zone> empty = new ArrayList<>();
        for (int server = 0; server < servers; server++) {
            empty.add(new Zone(Set.of(), timeToLive));
        }
        this.servers = List.copyOf(empty);
        this.before = this.servers;
        this.clock = RolloverClock.starting(reading());
        start();
    }

    private RolloverModel(RolloverModel other) {
        machine = other.machine;
        counting = other.counting;
        now = other.now;
        wallAhead = other.wallAhead;
        monotonicBehind = other.monotonicBehind;
        boots = other.boots;
        servers = other.servers;
        before = other.before;
        silent = other.silent;
        setBack = other.setBack;
        lastServed = new HashMap<>(other.lastServed);
        served = other.served;
        publication = other.publication;
        underWay = other.underWay;
        handshakes = other.handshakes;
        fuse = other.fuse;
        wanted = other.wanted;
        announced = other.announced;
        forms = other.forms;
        timeToLive = other.timeToLive;
        publishing = other.publishing;
        state = other.state;
        clock = other.clock;
    }

    RolloverModel copy() {
        return new RolloverModel(this);
    }

    /// Equal for worlds that go on in the same way.
    List<Object> key() {
        Map<Zone, Integer> held = new HashMap<>(lastServed);
        held.entrySet().removeIf(entry -> !isHeld(entry.getKey(), entry.getValue()));
        return List.of(
                now,
                wallAhead,
                monotonicBehind,
                boots,
                servers,
                before,
                silent,
                setBack,
                held,
                served,
                publication,
                underWay,
                handshakes,
                wanted,
                announced,
                forms,
                timeToLive,
                publishing,
                state,
                clock);
    }

    // ---- what happens

    void tick() {
        now++;
        witness();
    }

    /// Somebody sets the wall clock.
    void setClock(int seconds) {
        wallAhead += seconds;
    }

    /// The machine is down for a while; the servers of the zone are not.
    void reboot(int seconds) {
        pass(seconds);
        boots++;
        monotonicBehind = now;
        start();
    }

    /// The machine sleeps: the wall clock goes on alone.
    void sleep(int seconds) {
        pass(seconds);
        monotonicBehind += seconds;
    }

    private void pass(int seconds) {
        for (int second = 0; second < seconds; second++) {
            tick();
        }
    }

    void renew(String... keys) {
        wanted = Set.of(keys);
        run(this::tell);
    }

    void announce(String... keys) {
        announced = Set.of(keys);
        run(this::tell);
    }

    void publishAs(String... next) {
        forms = List.of(next);
        run(this::tell);
    }

    void configure(int nextTimeToLive) {
        timeToLive = nextTimeToLive;
        run(this::tell);
    }

    /// What an operator says.
    void say(RolloverEvent event) {
        run(() -> act(event));
    }

    /// Whether anything is to be published at all.
    void publishing(boolean is) {
        publishing = is;
        run(this::tell);
    }

    void next(Publication outcome) {
        publication = outcome;
    }

    void silence(int server, boolean is) {
        silent = with(silent, server, is);
    }

    private static Set<Integer> with(Set<Integer> all, int server, boolean is) {
        Set<Integer> next = new TreeSet<>(all);
        if (is) {
            next.add(server);
        } else {
            next.remove(server);
        }
        return Set.copyOf(next);
    }

    void handshakes(boolean work) {
        handshakes = work;
    }

    /// The process dies after so many acts: before, between or after any two things that it does.
    void dieAfter(int acts) {
        fuse = acts;
    }

    /// What was under way comes to the primary, if nothing that was sent later has been there.
    void arrive() {
        underWay.ifPresent(zone -> replace(0, zone));
        underWay = Optional.empty();
    }

    /// A secondary gets what the primary has.
    void transfer(int server) {
        if (!setBack.contains(server)) {
            replace(server, servers.getFirst());
        }
    }

    /// A secondary is set up again from an older copy, and has it until somebody could see that: what goes back
    /// and forth between two looks is seen by nobody. A copy that what is served does not go with breaks it,
    /// whoever serves.
    void restore(int server) {
        if (server > 0 && !setBack.contains(server) && mismatch(before.get(server)) == null) {
            setBack = with(setBack, server, true);
            replace(server, before.get(server));
        }
    }

    void look() {
        run(() -> act(new RolloverEvent.Look()));
    }

    private void replace(int server, Zone zone) {
        witness();
        List<Zone> older = new ArrayList<>(before);
        older.set(server, servers.get(server));
        before = List.copyOf(older);
        List<Zone> next = new ArrayList<>(servers);
        next.set(server, zone);
        servers = List.copyOf(next);
        witness();
    }

    private void witness() {
        for (Zone zone : servers) {
            if (!zone.data().isEmpty()) {
                lastServed.put(zone, now);
            }
        }
    }

    // ---- the process

    private RolloverClock.Reading reading() {
        return new RolloverClock.Reading(
                "boot " + boots,
                (now - monotonicBehind) * 1_000_000_000L,
                Instant.ofEpochSecond(1_000_000L + now + wallAhead));
    }

    private void run(Runnable work) {
        try {
            work.run();
        } catch (Crash crash) {
            fuse = -1;
            start();
        }
    }

    private void start() {
        run(() -> {
            tell();
            act(new RolloverEvent.Look());
        });
    }

    private void act() {
        if (fuse == 0) {
            throw new Crash();
        }
        fuse--;
    }

    private void tell() {
        act(new RolloverEvent.Told(new RolloverState.Situation(
                chains(served),
                chains(wanted),
                chains(announced),
                forms.stream().map(TlsaParameters::parse).toList(),
                Duration.ofSeconds(timeToLive),
                publishing)));
    }

    private void act(RolloverEvent event) {
        act();
        RolloverClock read = counting.count(clock, reading());
        Rollover.Step step = machine.step(state, event, read.counted());
        act();
        state = step.state(); // saved
        clock = read;
        for (RolloverAction action : step.actions()) {
            act();
            switch (action) {
                case RolloverAction.Publish() -> publish();
                case RolloverAction.Observe() -> observe();
                case RolloverAction.Verify() ->
                    act(new RolloverEvent.Verified(served, handshakes ? Optional.empty() : Optional.of("no route")));
                case RolloverAction.Reconsider() -> reconsider();
                case RolloverAction.Tell _ -> {}
            }
        }
    }

    private void publish() {
        Publication outcome = publication;
        publication = Publication.DONE;
        Zone target = new Zone(
                state.target().data(), (int) state.target().timeToLive().toSeconds());
        underWay = outcome == Publication.LATE ? Optional.of(target) : Optional.empty();
        if (outcome == Publication.DONE || outcome == Publication.DONE_AND_REPORTED_AS_FAILED) {
            replace(0, target);
        }
        act();
        act(
                switch (outcome) {
                    case DONE, LOST_WITHOUT_A_WORD -> new RolloverEvent.Published();
                    case DONE_AND_REPORTED_AS_FAILED, FAILED, LATE -> new RolloverEvent.PublicationFailed("no answer");
                });
    }

    private void observe() {
        List<Observation> answers = new ArrayList<>();
        for (int server = 0; server < servers.size(); server++) {
            Zone zone = servers.get(server);
            setBack = with(setBack, server, setBack.contains(server) && silent.contains(server));
            answers.add(
                    silent.contains(server)
                            ? new Observation("ns" + server, Set.of(), Duration.ZERO, Optional.of("time-out"))
                            : new Observation(
                                    "ns" + server,
                                    zone.data(),
                                    Duration.ofSeconds(zone.timeToLive()),
                                    Optional.empty()));
        }
        act(new RolloverEvent.Observed(answers));
    }

    private void reconsider() {
        Duration counted = counting.count(clock, reading()).counted();
        if (chains(wanted).stream().allMatch(chain -> machine.mayServe(state, chain, counted))) {
            served = wanted;
            act();
            tell();
        }
    }

    /// A key whose name begins with `ca-` has a certificate under an authority that is sent with it.
    private static Set<TlsaChain> chains(Set<String> keys) {
        Set<TlsaChain> chains = new java.util.HashSet<>();
        for (String key : keys) {
            Set<String> records = new TreeSet<>(Set.of("3 1 1 " + key, "3 1 2 " + key));
            if (key.startsWith("ca-")) {
                records.add("2 0 1 authority");
            }
            chains.add(new TlsaChain(key, records, records));
        }
        return chains;
    }

    // ---- the judgement

    private boolean isHeld(Zone zone, int last) {
        return servers.contains(zone) || now < last + 2 * zone.timeToLive();
    }

    /// DANE-9, held against every cache there could be: what is served matches each combination of parameters in each
    /// set that was on any server within twice the set's own time to live.
    @Nullable
    String violation() {
        for (Map.Entry<Zone, Integer> entry : lastServed.entrySet()) {
            Zone zone = entry.getKey();
            if (!isHeld(zone, entry.getValue())) {
                continue;
            }
            String key = mismatch(zone);
            if (key != null) {
                return "at " + now + " a cache may hold " + zone.data() + " until "
                        + (entry.getValue() + 2 * zone.timeToLive()) + ", and " + key + " is served";
            }
        }
        return null;
    }

    /// Which of the chains that are served a client with this set refuses, at least if it heeds one combination alone.
    private @Nullable String mismatch(Zone zone) {
        for (String key : served) {
            Set<String> accepted = new TreeSet<>();
            for (String data : zone.data()) {
                if (data.endsWith(" " + key) || (key.startsWith("ca-") && data.equals("2 0 1 authority"))) {
                    accepted.add(data.substring(0, 5));
                }
            }
            for (String data : zone.data()) {
                if (!accepted.contains(data.substring(0, 5))) {
                    return key;
                }
            }
        }
        return null;
    }

    // ---- what tests ask

    int now() {
        return now;
    }

    Set<String> served() {
        return served;
    }

    Set<String> wanted() {
        return wanted;
    }

    /// As it is configured.
    int timeToLive() {
        return timeToLive;
    }

    List<Zone> servers() {
        return servers;
    }

    RolloverState state() {
        return state;
    }

    /// Every set that a server has now, without its times to live.
    Collection<Set<String>> published() {
        return servers.stream().map(Zone::data).distinct().toList();
    }

    @Override
    public String toString() {
        return "at " + now + ": " + published() + ", served " + served + ", wanted " + wanted + ", " + state.phase()
                + ", cached " + state.cached() + ", target " + state.target();
    }
}
