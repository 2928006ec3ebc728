package org.postern.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.postern.dns.RolloverState.Phase;
import org.postern.testkit.Requirement;

/// The order of things, step by step, in a world of one primary and one secondary; a record set lives for 10 seconds.
class RolloverTest {
    private static final int TIME_TO_LIVE = 10;

    private final RolloverModel world = new RolloverModel(new Rollover(), 2, TIME_TO_LIVE, "old");
    /// What was published, in order, and what was served then.
    private final List<String> course = new ArrayList<>();

    private void pass(int seconds) {
        for (int second = 0; second < seconds; second++) {
            world.tick();
            world.look();
            note();
            world.transfer(1);
            assertThat(world.violation()).isNull();
        }
    }

    private void note() {
        String present = world.servers().getFirst().data().stream().sorted().toList() + " " + world.served();
        if (course.isEmpty() || !course.getLast().equals(present)) {
            course.add(present);
        }
    }

    private void published() {
        pass(3);
        assertThat(world.state().phase()).isEqualTo(Phase.STEADY);
        course.clear();
    }

    /// A change of nothing else, which fails: once in the answer, once without a word.
    @Test
    @Requirement("DANE-9")
    void anotherTimeToLiveIsPublishedAgainUntilEveryServerHasIt() {
        published();
        for (RolloverModel.Publication failure : RolloverModel.Publication.values()) {
            int next = world.timeToLive() + 1;
            world.next(failure);
            world.configure(next);
            pass(1);
            pass(3);
            assertThat(world.servers()).as("%s", failure).allMatch(zone -> zone.timeToLive() == next);
            assertThat(world.state().obstacles()).isEmpty();
            assertThat(world.state().phase()).isEqualTo(Phase.STEADY);
        }
    }

    /// The answer said that it failed, and it has come to a server all the same: a cache may have it.
    @Test
    @Requirement({"DANE-9", "DANE-10"})
    void aLongerTimeToLiveThatIsInDoubtIsWaitedFor() {
        published();
        int longer = 10 * TIME_TO_LIVE;
        world.next(RolloverModel.Publication.LATE);
        world.configure(longer);
        world.arrive();
        world.transfer(1);
        world.tick();
        world.configure(TIME_TO_LIVE); // somebody has changed his mind
        int last = world.now();
        pass(1);
        world.renew("new");
        while (!world.served().contains("new")) {
            pass(1);
        }
        assertThat(world.now()).isGreaterThanOrEqualTo(last + 2 * longer);
    }

    @Test
    @Requirement({"DANE-10", "DANE-14"})
    void aKeyIsAnnouncedWaitedForServedProvedAndTheOldOneWithdrawn() {
        published();
        world.renew("new");
        assertThat(world.state().phase()).isEqualTo(Phase.ANNOUNCING);
        pass(1);
        int seen = world.now() + 1; // the secondary gets it now, and the next look sees it
        pass(1);
        assertThat(world.state().phase()).isEqualTo(Phase.WAITING);
        pass(2 * TIME_TO_LIVE - 1);
        assertThat(world.served()).as("one second before").containsExactly("old");
        world.handshakes(false);
        pass(1);
        assertThat(world.served()).containsExactly("new");
        assertThat(world.now()).isEqualTo(seen + 2 * TIME_TO_LIVE);
        pass(30);
        assertThat(world.published()).as("not proved yet").containsExactly(Set.of("3 1 1 old", "3 1 1 new"));
        assertThat(world.state().obstacles().toString()).contains("cannot be proved from outside: no route");
        world.handshakes(true);
        pass(3);
        assertThat(course)
                .containsExactly("[3 1 1 new, 3 1 1 old] [old]", "[3 1 1 new, 3 1 1 old] [new]", "[3 1 1 new] [new]");
        assertThat(world.state().phase()).isEqualTo(Phase.STEADY);
        assertThat(world.state().obstacles()).isEmpty();
    }

    @Test
    @Requirement("DANE-24")
    void aKeyThatWasAnnouncedLongAgoIsServedAtOnce() {
        published();
        world.announce("next");
        pass(2 * TIME_TO_LIVE + 3);
        world.renew("next");
        world.look();
        assertThat(world.served()).containsExactly("next");
    }

    @Test
    @Requirement("DANE-10")
    void aSecondaryThatDoesNotAnswerKeepsTheWaitGoing() {
        published();
        world.renew("new");
        world.silence(1, true);
        pass(10 * TIME_TO_LIVE);
        assertThat(world.served()).containsExactly("old");
        assertThat(world.state().obstacles().toString()).contains("ns1 does not answer (time-out)");
        world.silence(1, false);
        pass(2 * TIME_TO_LIVE + 3);
        assertThat(world.served()).containsExactly("new");
    }

    /// It was on a server between two looks, and nobody saw it.
    @Test
    @Requirement("DANE-9")
    void anUpdateThatComesLateIsCountedFromTheLookAfterIt() {
        published();
        world.next(RolloverModel.Publication.LATE);
        world.configure(3 * TIME_TO_LIVE);
        pass(6 * TIME_TO_LIVE - 2); // the set that lives longer is on no server, and could be forgotten soon
        world.arrive();
        world.renew("new");
        pass(6 * TIME_TO_LIVE - 1);
        assertThat(world.served()).as("a cache may have it still").containsExactly("old");
        pass(5);
        assertThat(world.served()).containsExactly("new");
    }

    @Test
    void anOperatorMayLetItPass() {
        published();
        world.renew("new");
        world.silence(1, true);
        pass(2);
        world.say(new RolloverEvent.Forced());
        assertThat(world.served()).containsExactly("new");
        assertThat(world.violation()).as("and breaks what caches hold").contains("new is served");
    }

    @Test
    @Requirement("DANE-14")
    void nothingIsPublishedBeforeItIsServedAndSeenFromOutside() {
        RolloverModel late = new RolloverModel(new Rollover(), 2, TIME_TO_LIVE);
        late.handshakes(false);
        late.renew("first");
        assertThat(late.served()).as("nobody waits for anything").containsExactly("first");
        late.look();
        assertThat(late.published()).containsExactly(Set.of());
        late.handshakes(true);
        late.look();
        late.look();
        assertThat(late.servers().getFirst().data()).containsExactly("3 1 1 first");
    }

    @Test
    @Requirement("DANE-14")
    void aZoneWithoutSignaturesHoldsUpNothing() {
        RolloverModel unsigned =
                new RolloverModel(new Rollover(), RolloverModel.BY_BOTH_CLOCKS, false, 2, TIME_TO_LIVE, "old");
        unsigned.renew("new");
        assertThat(unsigned.served()).containsExactly("new");
        assertThat(unsigned.published()).containsExactly(Set.of());
    }

    @Test
    @Requirement("DANE-14")
    void whatIsWithdrawnIsWaitedForBeforeTheKeyGoes() {
        published();
        world.publishing(false);
        world.renew("new");
        pass(2);
        assertThat(world.published()).containsExactly(Set.of());
        assertThat(world.served()).containsExactly("old");
        pass(2 * TIME_TO_LIVE + 1);
        assertThat(world.served()).containsExactly("new");
        pass(1);
        assertThat(world.state().phase()).isEqualTo(Phase.NOT_PUBLISHED);
    }

    @Test
    @Requirement({"DANE-11", "DANE-12"})
    void usageThreeBecomesUsageTwoByWayOfARecordOfTheNewKey() {
        published();
        world.publishAs("2 0 1"); // the old chain has no authority in it
        pass(3);
        world.renew("ca-new");
        pass(2 * TIME_TO_LIVE + 12);
        assertThat(course)
                .containsExactly(
                        "[3 1 1 old] [old]",
                        "[3 1 1 ca-new, 3 1 1 old] [old]",
                        "[3 1 1 ca-new] [ca-new]",
                        "[2 0 1 authority, 3 1 1 ca-new] [ca-new]",
                        "[2 0 1 authority] [ca-new]");
    }

    @Test
    @Requirement("DANE-11")
    void usageTwoBecomesUsageThreeForTheChainThatIsServedFirst() {
        world.renew("ca-old");
        world.publishAs("2 0 1");
        pass(2 * TIME_TO_LIVE + 12);
        assertThat(world.published()).containsExactly(Set.of("2 0 1 authority"));
        course.clear();
        world.renew("new"); // by another authority, or none
        pass(3 * TIME_TO_LIVE);
        assertThat(world.served()).containsExactly("ca-old");
        assertThat(world.state().obstacles().toString()).contains("a record 2 0 1 could point to");
        world.publishAs("3 1 1");
        pass(2 * TIME_TO_LIVE + 12);
        assertThat(course)
                .containsExactly(
                        "[2 0 1 authority] [ca-old]",
                        "[2 0 1 authority, 3 1 1 ca-old, 3 1 1 new] [ca-old]",
                        "[3 1 1 ca-old, 3 1 1 new] [ca-old]",
                        "[3 1 1 new] [new]");
    }

    @Test
    @Requirement("DANE-13")
    void aNewDigestComesForEachKeyAndTheOldOneGoesForAll() {
        published();
        world.announce("next");
        world.publishAs("3 1 2");
        pass(12);
        assertThat(course)
                .containsExactly(
                        "[3 1 1 next, 3 1 1 old] [old]",
                        "[3 1 1 next, 3 1 1 old, 3 1 2 next, 3 1 2 old] [old]",
                        "[3 1 2 next, 3 1 2 old] [old]");
    }

    @Test
    void twinsAreThereTogether() {
        RolloverModel twins = new RolloverModel(new Rollover(), 1, TIME_TO_LIVE, "ec", "rsa");
        for (int second = 0; second < 3; second++) {
            twins.tick();
            twins.look();
        }
        twins.renew("ec-2", "rsa");
        for (int second = 0; second < 2 * TIME_TO_LIVE + 4; second++) {
            assertThat(twins.violation()).isNull();
            twins.tick();
            twins.look();
        }
        assertThat(twins.served()).containsExactlyInAnyOrder("ec-2", "rsa");
        assertThat(twins.published()).containsExactly(Set.of("3 1 1 ec-2", "3 1 1 rsa"));
    }

    // ---- emergencies

    @Test
    void aCompromisedKeyGoesAtOnceWhereTheNextOneIsKnownToEveryCache() {
        published();
        world.announce("next");
        pass(2 * TIME_TO_LIVE + 3);
        world.say(new RolloverEvent.Compromised(Set.of("old")));
        world.renew("next");
        world.look();
        assertThat(world.served()).containsExactly("next");
        assertThat(world.violation()).as("nobody is shut out").isNull();
        pass(3);
        assertThat(world.published()).containsExactly(Set.of("3 1 1 next"));
        assertThat(course.getLast()).isEqualTo("[3 1 1 next] [next]");
    }

    @Test
    void aCompromisedKeyWithoutASuccessorIsTakenOutOfDnsFirstAndOutOfServiceNext() {
        published();
        world.renew("new");
        world.say(new RolloverEvent.Compromised(Set.of("old")));
        world.look();
        assertThat(world.servers().getFirst().data()).containsExactly("3 1 1 new");
        assertThat(world.served()).as("not before all servers have it").containsExactly("old");
        world.transfer(1);
        world.look();
        assertThat(world.served()).containsExactly("new");
        // who holds the old set is shut out for as long as it lives, and no longer
        assertThat(world.violation()).contains("new is served");
        for (int second = 0; second < 2 * TIME_TO_LIVE; second++) {
            world.tick();
            world.look();
        }
        assertThat(world.violation()).isNull();
    }

    @Test
    void aSilentSecondaryHoldsUpNoEmergencyForLongerThanAMinute() {
        published();
        world.renew("new");
        world.silence(1, true);
        world.say(new RolloverEvent.Compromised(Set.of("old")));
        for (int second = 0; second < 59; second++) {
            world.tick();
            world.look();
        }
        assertThat(world.served()).containsExactly("old");
        world.tick();
        world.look();
        assertThat(world.served()).containsExactly("new");
    }

    @Test
    void aCompromisedKeyIsNeverServedAgain() {
        published();
        world.say(new RolloverEvent.Compromised(Set.of("old")));
        assertThat(world.served()).as("there is no other yet").containsExactly("old");
        world.renew("new");
        world.look();
        world.transfer(1);
        world.look();
        assertThat(world.served()).containsExactly("new");
        world.renew("old");
        world.say(new RolloverEvent.Forced());
        for (int second = 0; second < 3 * TIME_TO_LIVE; second++) {
            world.tick();
            world.look();
        }
        assertThat(world.served()).containsExactly("new");
    }

    // ---- clocks

    private static RolloverClock.Reading reading(String boot, long monotonic, long wall) {
        return new RolloverClock.Reading(boot, monotonic * 1_000_000_000L, Instant.ofEpochSecond(wall));
    }

    @Test
    void onlyTimeThatBothClocksHaveSeenCounts() {
        RolloverClock clock = RolloverClock.starting(reading("a", 100, 1_000));
        RolloverClock.Advance ordinary = clock.advance(reading("a", 110, 1_010));
        assertThat(ordinary.clock().counted()).isEqualTo(Duration.ofSeconds(10));
        assertThat(ordinary.jump()).isEmpty();
        RolloverClock.Advance ahead = clock.advance(reading("a", 110, 9_000));
        assertThat(ahead.clock().counted()).as("somebody set the clock").isEqualTo(Duration.ofSeconds(10));
        assertThat(ahead.jump()).contains(Duration.ofSeconds(7_990));
        RolloverClock.Advance back = clock.advance(reading("a", 110, 500));
        assertThat(back.clock().counted()).isEqualTo(Duration.ZERO);
        assertThat(back.jump()).contains(Duration.ofSeconds(-510));
        assertThat(back.clock().advance(reading("a", 115, 505)).clock().counted())
                .isEqualTo(Duration.ofSeconds(5));
        RolloverClock.Advance booted = clock.advance(reading("b", 3, 100_000));
        assertThat(booted.clock().counted()).as("only the wall clock knows").isEqualTo(Duration.ZERO);
    }

    @Test
    void aClockThatIsSetShortensNoWait() {
        published();
        world.renew("new");
        pass(3);
        world.setClock(100_000);
        pass(1);
        world.setClock(-50_000);
        pass(1);
        world.reboot(2);
        pass(5);
        assertThat(world.served()).containsExactly("old");
        pass(2 * TIME_TO_LIVE);
        assertThat(world.served()).containsExactly("new");
    }
}
