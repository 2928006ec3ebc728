package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.postern.testkit.Requirement;

/// Walks the rollover through a world in which everything goes wrong, and lets the model judge.
class RolloverModelTest {
    // ---- four mutants: each is what an implementation gets wrong easily

    /// Serves one second early.
    private static final class SwitchesEarly extends Rollover {
        @Override
        Duration kept(RolloverState.CachedSet set, RolloverState.Target target) {
            return set.timeToLive().multipliedBy(2).minusSeconds(1);
        }
    }

    /// Believes that the last server is as far as the others.
    private static final class IgnoresOneServer extends Rollover {
        @Override
        List<RolloverEvent.Observation> counted(List<RolloverEvent.Observation> answers) {
            return answers.subList(0, answers.size() - 1);
        }
    }

    /// Waits for as long as the new set lives, not the old one.
    private static final class TakesTheNewTimeToLive extends Rollover {
        @Override
        Duration kept(RolloverState.CachedSet set, RolloverState.Target target) {
            return target.timeToLive().multipliedBy(2);
        }
    }

    /// Believes that what failed came to nothing: once another set is to be published, the one before is as gone as it
    /// was when it was looked for last.
    private static final class ForgetsWhatMayHaveComeLate extends Rollover {
        @Override
        Step step(RolloverState state, RolloverEvent event, Duration now) {
            Step step = super.step(state, event, now);
            RolloverState.Target before = state.target();
            RolloverState.Target after = step.state().target();
            if (after.data().equals(before.data()) && after.timeToLive().equals(before.timeToLive())) {
                return step;
            }
            List<RolloverState.CachedSet> cached = new ArrayList<>(step.state().cached());
            cached.removeIf(set -> isOf(set, before));
            state.cached().stream().filter(set -> isOf(set, before)).forEach(cached::add);
            return new Step(step.state().cached(cached), step.actions());
        }

        private static boolean isOf(RolloverState.CachedSet set, RolloverState.Target target) {
            return set.data().equals(target.data()) && set.timeToLive().equals(target.timeToLive());
        }
    }

    // ---- and three clocks that count what did not pass

    private static final RolloverModel.Counting BY_THE_WALL_CLOCK =
            (last, now) -> counted(last, now, Duration.between(last.last().wall(), now.wall()));

    /// Takes what is most, so that no wait is longer than need be.
    private static final RolloverModel.Counting BY_THE_FASTER_CLOCK = (last, now) -> counted(
            last,
            now,
            Stream.of(
                            Duration.between(last.last().wall(), now.wall()),
                            Duration.ofNanos(now.monotonicNanos() - last.last().monotonicNanos()))
                    .max(Duration::compareTo)
                    .orElseThrow());

    /// Believes the wall clock about the time for which the machine was down.
    private static final RolloverModel.Counting BY_THE_WALL_CLOCK_ACROSS_STARTS = (last, now) ->
            now.boot().equals(last.last().boot()) ? last.advance(now).clock() : BY_THE_WALL_CLOCK.count(last, now);

    private static RolloverClock counted(RolloverClock last, RolloverClock.Reading now, Duration passed) {
        return new RolloverClock(
                now, passed.isNegative() ? last.counted() : last.counted().plus(passed));
    }

    // ---- exhaustive, small

    private enum Choice {
        LOOK,
        TICK,
        TRANSFER,
        RESTORE,
        SILENCE,
        DIE_SOON,
        DIE_LATE,
        LOSE,
        FAIL,
        LATE,
        ARRIVE,
        FORWARD,
        BACK,
        SLEEP,
        REBOOT,
        LOWER,
        RAISE
    }

    private static final Set<Choice> CONFIGURED = EnumSet.of(Choice.LOWER, Choice.RAISE);
    private static final Set<Choice> FAULTS = EnumSet.complementOf(
            EnumSet.of(Choice.LOOK, Choice.TICK, Choice.TRANSFER, Choice.ARRIVE, Choice.LOWER, Choice.RAISE));

    private static final Set<Choice> PASSING = EnumSet.of(Choice.TICK, Choice.SLEEP, Choice.REBOOT);

    /// @param configured whether the time to live was changed; once is enough
    private record Node(RolloverModel world, int faults, boolean configured, String way) {}

    /// What came of it.
    ///
    /// @param worlds that were seen, each once
    /// @param switched of them those with the new key
    /// @param violation the way to what must not be, or null where there is none
    private record Explored(
            int worlds, int switched, @Nullable String violation) {}

    private static Explored explore(Rollover machine, int seconds, int faults) {
        return explore(machine, RolloverModel.BY_BOTH_CLOCKS, Choice.LOWER, seconds, faults);
    }

    /// Every order of looks, seconds, transfers and faults, within so many seconds and faults.
    ///
    /// @param configured what becomes of the time to live, once and at any moment
    private static Explored explore(
            Rollover machine, RolloverModel.Counting counting, Choice configured, int seconds, int faults) {
        RolloverModel first = new RolloverModel(machine, counting, true, 2, 2, "old");
        for (int round = 0; round < 8; round++) { // published for the first time, and in every cache
            first.look();
            first.transfer(1);
            first.tick();
        }
        assertThat(first.published()).containsExactly(Set.of("3 1 1 old"));
        int end = first.now() + seconds;
        first.renew("new");
        Deque<Node> open = new ArrayDeque<>(List.of(new Node(first, faults, false, "")));
        Set<List<Object>> known = new HashSet<>();
        int switched = 0;
        while (!open.isEmpty()) {
            Node node = open.pop();
            for (Choice choice : Choice.values()) {
                boolean fault = FAULTS.contains(choice);
                boolean late = PASSING.contains(choice) && node.world.now() == end;
                boolean never = CONFIGURED.contains(choice) && (choice != configured || node.configured);
                if (late || never || (fault && node.faults == 0)) {
                    continue;
                }
                RolloverModel world = node.world.copy();
                apply(world, choice);
                Node next = new Node(
                        world,
                        node.faults - (fault ? 1 : 0),
                        node.configured || CONFIGURED.contains(choice),
                        node.way + " " + choice);
                String violation = world.violation();
                if (violation != null) {
                    return new Explored(known.size(), switched, next.way + ": " + violation);
                }
                if (known.add(List.of(world.key(), next.faults, next.configured))) {
                    switched += world.served().contains("new") ? 1 : 0;
                    open.push(next);
                }
            }
        }
        return new Explored(known.size(), switched, null);
    }

    private static void everyOrder(Choice configured, int seconds, int faults, TestReporter reporter) {
        Explored explored = explore(new Rollover(), RolloverModel.BY_BOTH_CLOCKS, configured, seconds, faults);
        reporter.publishEntry("worlds", explored.worlds + ", with the new key " + explored.switched);
        assertThat(explored.violation).isNull();
        assertThat(explored.worlds).isGreaterThan(500);
        assertThat(explored.switched).as("with the new key").isGreaterThan(50);
    }

    private static void apply(RolloverModel world, Choice choice) {
        switch (choice) {
            case LOOK -> world.look();
            case TICK -> world.tick();
            case TRANSFER -> world.transfer(1);
            case RESTORE -> world.restore(1);
            case SILENCE -> world.silence(1, true);
            case DIE_SOON -> dying(world, 3);
            case DIE_LATE -> dying(world, 6);
            case LOSE -> {
                world.next(RolloverModel.Publication.LOST_WITHOUT_A_WORD);
                world.look();
            }
            case FAIL -> {
                world.next(RolloverModel.Publication.DONE_AND_REPORTED_AS_FAILED);
                world.look();
            }
            case LATE -> {
                world.next(RolloverModel.Publication.LATE);
                world.look();
            }
            case ARRIVE -> world.arrive();
            case FORWARD -> world.setClock(1_000);
            case BACK -> world.setClock(-1_000);
            case SLEEP -> world.sleep(1);
            case REBOOT -> world.reboot(1);
            case LOWER -> world.configure(1);
            case RAISE -> world.configure(4);
        }
    }

    private static void dying(RolloverModel world, int acts) {
        world.dieAfter(acts);
        world.look();
        world.dieAfter(-1);
    }

    @Test
    @Requirement({"DANE-9", "DANE-10"})
    void everyOrderOfASmallWorldKeepsEveryCacheRight(TestReporter reporter) {
        everyOrder(Choice.LOWER, 5, 1, reporter);
    }

    /// Longer records in caches, also where nobody knows whether they came to a server.
    @Test
    @Requirement({"DANE-9", "DANE-10"})
    void everyOrderOfASmallWorldWhoseRecordsLiveLongerOneDayKeepsEveryCacheRight(TestReporter reporter) {
        everyOrder(Choice.RAISE, 4, 1, reporter);
    }

    @Test
    @Tag("long")
    @Requirement({"DANE-9", "DANE-10"})
    void everyOrderOfALargerWorldKeepsEveryCacheRight(TestReporter reporter) {
        everyOrder(Choice.LOWER, 8, 1, reporter);
        everyOrder(Choice.LOWER, 5, 2, reporter);
        everyOrder(Choice.RAISE, 8, 1, reporter);
    }

    @Test
    void aMachineThatSwitchesEarlyIsCaught() {
        assertThat(explore(new SwitchesEarly(), 7, 1).violation).contains("new is served");
    }

    @Test
    void aMachineThatIgnoresASecondaryIsCaught() {
        assertThat(explore(new IgnoresOneServer(), 7, 1).violation).contains("new is served");
    }

    @Test
    void aMachineThatTakesTheNewTimeToLiveIsCaught() {
        assertThat(explore(new TakesTheNewTimeToLive(), 7, 1).violation).contains("new is served");
    }

    /// The third needs two faults, and is caught at random.
    @Test
    void clocksThatCountWhatDidNotPassAreCaught() {
        for (RolloverModel.Counting counting : List.of(BY_THE_WALL_CLOCK, BY_THE_FASTER_CLOCK)) {
            assertThat(explore(new Rollover(), counting, Choice.LOWER, 5, 1).violation)
                    .contains("FORWARD", "new is served");
        }
    }

    // ---- at random, large

    private static final List<RolloverModel.Publication> OUTCOMES = List.of(RolloverModel.Publication.values());

    /// One life of a server: renewals, other forms, another time to live, and every fault there is.
    ///
    /// @return what went wrong, or null
    private static @Nullable String walk(Rollover machine, RolloverModel.Counting counting, long seed, int steps) {
        Random random = new Random(seed);
        int servers = 1 + random.nextInt(3);
        boolean twins = random.nextInt(3) == 0;
        RolloverModel world = twins
                ? new RolloverModel(machine, counting, true, servers, 1 + random.nextInt(6), "ec-0", "rsa-0")
                : new RolloverModel(machine, counting, true, servers, 1 + random.nextInt(6), "key-0");
        int generation = 0;
        List<String> way = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            int server = random.nextInt(servers);
            int choice = random.nextInt(100);
            boolean rolling = !world.served().equals(world.wanted());
            if (choice < 30) {
                world.tick();
                world.look();
            } else if (choice < 42) {
                world.tick();
            } else if (choice < 45) {
                world.arrive();
            } else if (choice < 65) {
                world.transfer(server);
            } else if (choice < 69) {
                world.dieAfter(random.nextInt(14));
                world.look();
            } else if (choice < 72) {
                world.setClock(random.nextInt(2_000) - 1_000);
                if (random.nextBoolean()) {
                    world.look();
                } else if (random.nextBoolean()) {
                    world.sleep(random.nextInt(5));
                }
            } else if (choice < 74) {
                world.reboot(random.nextInt(9));
            } else if (choice < 80) {
                world.silence(server, random.nextInt(3) == 0);
            } else if (choice < 85) {
                world.next(OUTCOMES.get(random.nextInt(OUTCOMES.size())));
            } else if (choice < 87) {
                world.handshakes(random.nextInt(3) != 0);
            } else if (choice < 89 && rolling && server > 0) {
                world.restore(server);
            } else if (choice < 92) {
                world.configure(1 + random.nextInt(6));
            } else if (choice < 94) {
                world.announce(random.nextBoolean() ? new String[0] : new String[] {"key-" + (generation + 1)});
            } else if (choice < 96) {
                world.publishAs(
                        switch (random.nextInt(4)) {
                            case 0 -> new String[] {"3 1 1", "3 1 2"};
                            case 1 -> new String[] {"2 0 1"};
                            case 2 -> new String[] {"2 0 1", "3 1 1"};
                            default -> new String[] {"3 1 1"};
                        });
            } else {
                generation++;
                String authority = random.nextInt(3) == 0 ? "ca-" : "";
                world.renew(
                        twins
                                ? new String[] {"ec-" + generation, "rsa-" + generation / 2}
                                : new String[] {authority + "key-" + generation});
            }
            way.add(choice + "/" + server);
            String violation = world.violation();
            if (violation != null) {
                return "seed " + seed + ", step " + step + " of " + way + ": " + violation + "\n" + world;
            }
        }
        return settled(world, servers, seed);
    }

    /// When nothing goes wrong any more it comes to its end.
    private static @Nullable String settled(RolloverModel world, int servers, long seed) {
        world.dieAfter(-1);
        world.handshakes(true);
        world.next(RolloverModel.Publication.DONE);
        world.publishAs("3 1 1");
        world.announce();
        for (int server = 0; server < servers; server++) {
            world.silence(server, false);
        }
        for (int round = 0; round < 120; round++) {
            if (round == 80) { // nothing else changes, and it fails in one way or another
                world.next(OUTCOMES.get((int) (seed % OUTCOMES.size())));
                world.configure(1 + world.timeToLive() % 6);
            }
            world.tick();
            world.look();
            for (int server = 1; server < servers; server++) {
                world.transfer(server);
            }
            String violation = world.violation();
            if (violation != null) {
                return "seed " + seed + ", at the end: " + violation + "\n" + world;
            }
        }
        Set<String> right = new HashSet<>();
        world.wanted().forEach(key -> right.add("3 1 1 " + key));
        return world.served().equals(world.wanted())
                        && Set.copyOf(world.published()).equals(Set.of(right))
                        && world.servers().stream().allMatch(zone -> zone.timeToLive() == world.timeToLive())
                        && world.state().phase() == RolloverState.Phase.STEADY
                ? null
                : "seed " + seed + " does not come to an end: " + world;
    }

    private static void walks(int from, int to, int steps) {
        for (int seed = from; seed < to; seed++) {
            assertThat(walk(new Rollover(), RolloverModel.BY_BOTH_CLOCKS, seed, steps))
                    .isNull();
        }
    }

    private static boolean isCaughtAtRandom(Rollover mutant, RolloverModel.Counting counting) {
        for (int seed = 0; seed < 1_000; seed++) {
            String found = walk(mutant, counting, seed, 150);
            if (found != null && found.contains("is served")) {
                return true;
            }
        }
        return false;
    }

    @Test
    void theMutantsAreCaughtAtRandomToo() {
        for (Rollover mutant : List.of(
                new SwitchesEarly(),
                new IgnoresOneServer(),
                new TakesTheNewTimeToLive(),
                new ForgetsWhatMayHaveComeLate())) {
            assertThat(isCaughtAtRandom(mutant, RolloverModel.BY_BOTH_CLOCKS)).isTrue();
        }
        for (RolloverModel.Counting counting :
                List.of(BY_THE_WALL_CLOCK, BY_THE_FASTER_CLOCK, BY_THE_WALL_CLOCK_ACROSS_STARTS)) {
            assertThat(isCaughtAtRandom(new Rollover(), counting)).isTrue();
        }
    }

    @Test
    @Requirement({"DANE-9", "DANE-10", "DANE-11", "DANE-12", "DANE-13", "DANE-14"})
    void aWorldThatGoesWrongKeepsEveryCacheRightAndComesToAnEnd() {
        walks(0, 200, 150);
    }

    @Test
    @Tag("long")
    @Requirement({"DANE-9", "DANE-10", "DANE-11", "DANE-12", "DANE-13", "DANE-14"})
    void manyWorldsThatGoWrongKeepEveryCacheRightAndComeToAnEnd() {
        walks(200, 200_000, 250);
    }
}
