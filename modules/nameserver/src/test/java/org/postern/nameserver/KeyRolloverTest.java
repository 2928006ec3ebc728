package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.RolloverClock;
import org.postern.nameserver.TestZones.TestClock;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.CDSRecord;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// Keys follow each other so that at each instant every validator, whatever it has in its cache, gets from a DS record
/// that the parent has had to each signature that the zone has had, as long as TTLs and slow secondaries let them live.
class KeyRolloverTest {
    @TempDir
    Path directory;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-26T20:00:00Z"));
    private static final Duration STEP = Duration.ofMinutes(20);
    private static final Duration PARENT = Duration.ofDays(1);
    private static final int MINUTES_WRONG = 5 * 24 * 60;

    /// What was served, and when it was last: by what it is.
    private final Map<List<String>, Instant> keySets = new LinkedHashMap<>();
    private final Map<List<String>, Instant> keySignatures = new LinkedHashMap<>();
    private final Map<Integer, Instant> recordSigners = new LinkedHashMap<>();
    private final Map<String, Instant> delegations = new LinkedHashMap<>();
    private final List<Zone> versions = new ArrayList<>();

    /// What somebody does to the clock before each step.
    private Runnable disturbance = () -> {};

    private HostedZone open(KeyScheme keys) throws Exception {
        return open(keys, clock::reading);
    }

    private HostedZone open(KeyScheme keys, Supplier<RolloverClock.Reading> readings) throws Exception {
        return new HostedZone(
                TestZones.settings(Algorithm.ECDSA_P256, Denial.NSEC, keys, Optional.empty()),
                directory,
                new ZoneClock(directory, readings));
    }

    /// A step of time: the zone goes on, caches see it, and everything that a cache can hold fits together.
    private void step(HostedZone zone, String delegation) throws Exception {
        clock.forward(STEP);
        disturbance.run();
        zone.tick();
        Instant now = clock.truth();
        Zone version = zone.zone();
        if (versions.isEmpty() || versions.getLast().serial() != version.serial()) {
            versions.add(version);
            version.records().stream()
                    .filter(DNSKEYRecord.class::isInstance)
                    .map(DNSKEYRecord.class::cast)
                    .forEach(this::verifyBy);
        }
        List<String> tags = new ArrayList<>();
        version.apex().set(Type.DNSKEY).records().forEach(key -> tags.add("" + ((DNSKEYRecord) key).getFootprint()));
        List<String> signers = new ArrayList<>();
        version.apex().set(Type.DNSKEY).signatures().forEach(each -> signers.add("" + each.getFootprint()));
        keySets.put(tags, now);
        keySignatures.put(signers, now);
        version.records().stream()
                .filter(RRSIGRecord.class::isInstance)
                .map(RRSIGRecord.class::cast)
                .filter(each -> each.getTypeCovered() == Type.SOA)
                .forEach(each -> recordSigners.put(each.getFootprint(), now));
        delegations.put(delegation, now);
        Duration slow = Duration.ofHours(1); // a secondary
        Duration keyLife = Duration.ofHours(1).plus(slow);
        Instant oldestKeys = now.minus(keyLife);
        List<List<String>> sets = alive(keySets, oldestKeys);
        List<List<String>> signed = alive(keySignatures, oldestKeys);
        for (String tag : alive(delegations, now.minus(PARENT))) {
            assertThat(signed)
                    .as("each DS record leads to a signature over the keys")
                    .allSatisfy(each -> assertThat(each).contains(tag));
        }
        for (Integer tag : alive(recordSigners, oldestKeys)) {
            assertThat(sets)
                    .as("each signature has its key")
                    .allSatisfy(each -> assertThat(each).contains("" + tag));
        }
    }

    private static <T> List<T> alive(Map<T, Instant> seen, Instant oldest) {
        return seen.entrySet().stream()
                .filter(entry -> entry.getValue().isAfter(oldest))
                .map(Map.Entry::getKey)
                .toList();
    }

    private void verifyBy(DNSKEYRecord key) {
        Zone version = versions.getLast();
        for (Node node : version.authoritative()) {
            node.sets()
                    .values()
                    .forEach(set -> set.signatures().forEach(signature -> {
                        if (signature.getFootprint() == key.getFootprint()) {
                            try {
                                DNSSEC.verify(
                                        new RRset(set.records().toArray(new Record[0])), signature, key, clock.truth());
                            } catch (DNSSEC.DNSSECException e) {
                                throw new AssertionError(set.first() + " " + signature, e);
                            }
                        }
                    }));
        }
    }

    private static String awaited(HostedZone zone) {
        return zone.awaited().map(key -> "" + key.tag(zone.origin())).orElse("");
    }

    @ParameterizedTest
    @EnumSource(KeyScheme.class)
    void noCacheIsEverLeftWithoutAWay(KeyScheme scheme) throws Exception {
        walk(scheme);
    }

    @ParameterizedTest
    @EnumSource(KeyScheme.class)
    void noneIsWhereTheClockIsSetForwardAndBack(KeyScheme scheme) throws Exception {
        Random random = new Random(7);
        disturbance = () -> {
            if (random.nextInt(5) == 0) {
                clock.set(Duration.ofMinutes(random.nextInt(2 * MINUTES_WRONG) - MINUTES_WRONG));
            }
        };
        walk(scheme);
    }

    /// The test above can fail: a wait by the wall clock alone is over too early.
    @Test
    void theWallClockAloneIsCaught() throws Exception {
        HostedZone zone = open(KeyScheme.CSK, clock::wallAlone);
        String delegation = awaited(zone);
        zone.delegated(PARENT);
        for (int number = 0; number < 10; number++) {
            step(zone, delegation);
        }
        zone.roll(Role.CSK);
        disturbance = () -> clock.set(Duration.ofDays(2));
        assertThatThrownBy(() -> {
                    for (int number = 0; number < 100; number++) {
                        step(zone, delegation);
                    }
                })
                .isInstanceOf(AssertionError.class);
    }

    private void walk(KeyScheme scheme) throws Exception {
        HostedZone zone = open(scheme);
        Role entry = scheme == KeyScheme.CSK ? Role.CSK : Role.KSK;
        String delegation = awaited(zone);
        assertThat(delegation).isNotEmpty();
        assertThatThrownBy(() -> zone.roll(entry))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("not confirmed");
        zone.delegated(PARENT);
        for (int number = 0; number < 10; number++) {
            step(zone, delegation);
        }
        for (int round = 0; round < 2; round++) {
            String before = delegation;
            zone.roll(entry);
            if (scheme == KeyScheme.KSK_AND_ZSK) {
                zone.roll(Role.ZSK);
            }
            assertThatThrownBy(() -> zone.roll(entry)).hasMessageContaining("rolled already");
            clock.set(Duration.ZERO);
            HostedZone current = round == 0 ? zone : open(scheme); // a restart on the way
            int steps = 0;
            while (awaited(current).isEmpty()) {
                assertThat(steps++).as("it goes on by itself").isLessThan(100);
                step(current, before);
            }
            String wished = awaited(current);
            assertThat(wished).isNotEqualTo(before);
            assertThat(current.zone().apex().set(Type.CDS).records())
                    .as("CDS says what the parent is to have")
                    .singleElement()
                    .satisfies(record ->
                            assertThat("" + ((CDSRecord) record).getFootprint()).isEqualTo(wished));
            for (int number = 0; number < 200; number++) {
                step(current, before); // as long as the parent takes
            }
            delegation = wished;
            step(current, delegation);
            current.delegated(PARENT);
            steps = 0;
            while (current.status(List.of()).keys().size() > (scheme == KeyScheme.CSK ? 1 : 2)) {
                assertThat(steps++).as("old keys go").isLessThan(200);
                step(current, delegation);
            }
            assertThat(current.zone().apex().set(Type.DNSKEY).records()).hasSize(scheme == KeyScheme.CSK ? 1 : 2);
        }
        assertThat(recordSigners.keySet()).hasSize(3);
    }

    /// The test above can fail: a key that goes too early is seen.
    @Test
    void tooEarlyIsSeen() throws Exception {
        ZoneSettings settings = TestZones.with(
                TestZones.settings(Algorithm.ECDSA_P256, Denial.NSEC, KeyScheme.CSK, Optional.empty()),
                new ZoneSettings.Timing(
                        Duration.ofHours(1),
                        Duration.ofMinutes(5),
                        Duration.ofDays(14),
                        Duration.ofDays(7),
                        Duration.ZERO,
                        Duration.ZERO, // as if every secondary had a change at once
                        PARENT));
        HostedZone zone = new HostedZone(settings, directory, new ZoneClock(directory, clock::reading));
        String delegation = awaited(zone);
        zone.delegated(PARENT);
        for (int number = 0; number < 10; number++) {
            step(zone, delegation);
        }
        zone.roll(Role.CSK);
        assertThatThrownBy(() -> {
                    for (int number = 0; number < 100; number++) {
                        step(zone, delegation);
                    }
                })
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void zoneSigningKeysRollByThemselves() throws Exception {
        HostedZone zone = open(KeyScheme.KSK_AND_ZSK);
        String delegation = awaited(zone);
        zone.delegated(PARENT);
        for (int number = 0; number < 3 * 24 * 200; number++) {
            step(zone, delegation);
        }
        assertThat(recordSigners.keySet()).as("two in 200 days").hasSize(3);
    }

    @Test
    void theParentIsBelievedWhenEveryServerAgrees() throws Exception {
        HostedZone zone = open(KeyScheme.CSK);
        ZoneKey key = zone.awaited().orElseThrow();
        ZoneKey old = ZoneKey.make(
                Role.CSK,
                ZoneKey.State.ACTIVE,
                Algorithm.ECDSA_P256,
                new ZoneClock(directory, clock::reading).now(),
                Duration.ZERO);
        RecordSet right = delegation(zone, key);
        RecordSet both = new RecordSet(
                right.owner(),
                RecordType.DS,
                right.timeToLive(),
                List.of(right.data().getFirst(), delegation(zone, old).data().getFirst()));
        ServerAnswer yes = new ServerAnswer("one", Optional.of(right), Optional.empty());
        assertThat(seen(zone, key, yes, yes)).as("nobody saw the old one").contains(PARENT);
        assertThat(seen(zone, key)).isEmpty();
        assertThat(seen(zone, key, yes, new ServerAnswer("two", Optional.of(both), Optional.empty())))
                .isEmpty();
        assertThat(seen(zone, key, yes, new ServerAnswer("two", Optional.empty(), Optional.empty())))
                .isEmpty();
        assertThat(seen(zone, key, yes, new ServerAnswer("two", Optional.empty(), Optional.of("silent"))))
                .isEmpty();
        assertThat(seen(zone, old, yes)).isEmpty();

        // the old record's TTL counts, and it may be another one than the new record's
        RecordSet before = delegation(zone, old);
        ParentDelegation above = new ParentDelegation(key);
        for (Duration timeToLive : List.of(Duration.ofHours(9), Duration.ofHours(1))) {
            RecordSet was = new RecordSet(before.owner(), RecordType.DS, timeToLive, before.data());
            assertThat(above.seen(
                            List.of(yes, new ServerAnswer("two", Optional.of(was), Optional.empty())),
                            zone.origin(),
                            PARENT))
                    .isEmpty();
        }
        assertThat(above.seen(List.of(yes, yes), zone.origin(), PARENT)).contains(Duration.ofHours(9));
        ParentDelegation first = new ParentDelegation(key);
        ServerAnswer none = new ServerAnswer("one", Optional.empty(), Optional.empty());
        assertThat(first.seen(List.of(none), zone.origin(), PARENT)).isEmpty();
        assertThat(first.seen(List.of(yes), zone.origin(), PARENT)).contains(Duration.ofHours(2));
    }

    private static Optional<Duration> seen(HostedZone zone, ZoneKey key, ServerAnswer... answers) {
        return new ParentDelegation(key).seen(List.of(answers), zone.origin(), PARENT);
    }

    private static RecordSet delegation(HostedZone zone, ZoneKey key) {
        DSRecord record = key.delegation(zone.origin(), 7_200);
        return new RecordSet(TestZones.ORIGIN, RecordType.DS, Duration.ofHours(2), List.of(record.rdataToString()));
    }

    @Test
    void secretsAreNowhereToBeSeen() throws Exception {
        HostedZone zone = open(KeyScheme.CSK);
        ZoneKey key = zone.awaited().orElseThrow();
        assertThat(key.toString()).doesNotContain("secret").contains("CSK");
        assertThat(TestZones.key("a.test").toString()).isEqualTo("a.test (hmac-sha256.)");
        assertThat(zone.status(List.of()).keys().stream()
                        .map(ZoneStatus.Key::tag)
                        .max(Comparator.naturalOrder()))
                .contains(key.tag(zone.origin()));
    }
}
