package org.postern.nameserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.nameserver.TestZones.TestClock;
import org.postern.nameserver.ZoneKey.Role;
import org.postern.nameserver.ZoneSettings.Algorithm;
import org.postern.nameserver.ZoneSettings.Denial;
import org.postern.nameserver.ZoneSettings.KeyScheme;
import org.xbill.DNS.CDNSKEYRecord;
import org.xbill.DNS.CDSRecord;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Type;

/// Another algorithm and other kinds of keys for a living zone: whatever an operator sets and when, wherever the
/// process stops, no cache is left without a way from the parent to each record ([CacheJudge]).
class KeyChangeTest {
    private static final Duration STEP = Duration.ofMinutes(20);
    private static final Duration PARENT = Duration.ofDays(1);
    private static final Duration SLOW = Duration.ofHours(1);
    private static final String SHORT = """
            mail A 192.0.2.1
            child NS ns.elsewhere.test.
            child DS 12345 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            """;
    /// With a record that lives longer than any key does in a cache.
    private static final String RECORDS = SHORT + "mail 18000 AAAA 2001:db8::1\n";

    /// What the configuration says of a zone's keys.
    record Wish(Algorithm algorithm, KeyScheme keys) {
        List<Role> roles() {
            return keys == KeyScheme.CSK ? List.of(Role.CSK) : List.of(Role.KSK, Role.ZSK);
        }

        @Override
        public String toString() {
            return KeyChange.words(keys, algorithm);
        }
    }

    private static final List<Wish> WISHES = Stream.of(Algorithm.values())
            .flatMap(algorithm -> Stream.of(KeyScheme.values()).map(keys -> new Wish(algorithm, keys)))
            .toList();

    private static final List<Role> ROLES = List.of(Role.CSK, Role.KSK, Role.ZSK);

    /// Every way from one wish to another.
    record Way(Wish from, Wish to) {
        boolean isOfAlgorithms() {
            return from.algorithm != to.algorithm;
        }
    }

    static List<Way> ways() {
        return WISHES.stream()
                .flatMap(from -> WISHES.stream().filter(to -> !to.equals(from)).map(to -> new Way(from, to)))
                .toList();
    }

    @TempDir
    Path directory;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-26T20:00:00Z"));
    private final CacheJudge judge = new CacheJudge(SLOW, PARENT);
    private Path records;
    private Duration propagation = SLOW;
    private HostedZone zone;
    private Wish wish;
    private List<DSRecord> parent = List.of();
    private int parentDelay = 20; // steps

    @BeforeEach
    void write() throws IOException {
        records = TestZones.records(directory, RECORDS);
    }

    private ZoneSettings settings() {
        ZoneSettings.Timing usual = ZoneSettings.Timing.DEFAULT;
        return TestZones.with(
                TestZones.settings(wish.algorithm, Denial.NSEC, wish.keys, Optional.of(records)),
                new ZoneSettings.Timing(
                        usual.timeToLive(),
                        usual.negative(),
                        usual.signatures(),
                        usual.renewal(),
                        usual.zoneSigningKey(),
                        propagation,
                        usual.delegation()));
    }

    /// The process starts, or starts again.
    private void open() throws IOException {
        zone = new HostedZone(settings(), directory, new ZoneClock(directory, clock::reading));
    }

    /// As `postern reload` does.
    private void reload(Wish other) throws IOException {
        wish = other;
        zone.take(zone.prepare(settings()));
        zone.tick();
        see();
    }

    /// A zone that everybody has known for long.
    private void begin(Wish from) throws IOException {
        wish = from;
        open();
        parent = wished();
        zone.delegated(PARENT);
        steps(30);
    }

    private void see() {
        judge.see(zone.zone(), parent, clock.truth());
        judge.judge(clock.truth());
    }

    private void step() throws IOException {
        clock.forward(STEP);
        zone.tick();
        see();
    }

    private void steps(int number) throws IOException {
        for (int each = 0; each < number; each++) {
            step();
        }
    }

    private void stepUntil(String what, BooleanSupplier condition) throws IOException {
        for (int number = 0; !condition.getAsBoolean(); number++) {
            assertThat(number).as("%s: %s", what, status()).isLessThan(300);
            step();
        }
    }

    private ZoneStatus status() {
        return zone.status(List.of());
    }

    /// 0 where nothing is under way.
    private int stage() {
        return status().change().map(ZoneStatus.Change::step).orElse(0);
    }

    /// What the parent makes of the CDS records.
    private List<DSRecord> wished() {
        List<DSRecord> records = zone.zone().apex().set(Type.CDS).records().stream()
                .map(CDSRecord.class::cast)
                .map(each -> new DSRecord(
                        each.getName(),
                        each.getDClass(),
                        each.getTTL(),
                        each.getFootprint(),
                        each.getAlgorithm(),
                        each.getDigestID(),
                        each.getDigest()))
                .toList();
        assertThat(status().delegation())
                .as("people and parents are told the same")
                .hasSameSizeAs(records);
        assertThat(zone.zone().apex().set(Type.CDNSKEY).records())
                .extracting(each -> ((CDNSKEYRecord) each).getFootprint())
                .containsExactlyElementsOf(
                        records.stream().map(DSRecord::getFootprint).toList());
        return records;
    }

    /// The parent does as it is asked; where it takes its time the new record stands beside the old one.
    private void delegate() throws IOException {
        List<DSRecord> next = wished();
        List<DSRecord> both = new ArrayList<>(parent);
        both.addAll(next);
        steps(parentDelay);
        parent = both;
        steps(3);
        parent = next;
        step();
        zone.delegated(PARENT);
        see();
    }

    private void finish() throws IOException {
        for (int number = 0; status().change().isPresent(); number++) {
            assertThat(number).as("it comes to an end: %s", status()).isLessThan(5);
            stepUntil(
                    "it goes on",
                    () -> zone.awaited().isPresent() || status().change().isEmpty());
            if (zone.awaited().isPresent()) {
                delegate();
            }
        }
    }

    private void assertIs(Wish wanted) {
        assertThat(status().keys())
                .extracting(ZoneStatus.Key::role)
                .containsExactlyInAnyOrderElementsOf(
                        wanted.roles().stream().map(Role::name).toList());
        assertThat(status().keys()).extracting(ZoneStatus.Key::algorithm).containsOnly(wanted.algorithm.name());
        assertThat(zone.zone().apex().set(Type.DNSKEY).records()).hasSameSizeAs(wanted.roles());
        assertThat(zone.zone().records().stream()
                        .filter(RRSIGRecord.class::isInstance)
                        .map(each -> ((RRSIGRecord) each).getAlgorithm()))
                .containsOnly(wanted.algorithm.number);
        assertThat(status().delegated()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void noCacheIsLeftWithoutAWay(Way way) throws Exception {
        begin(way.from);
        List<DSRecord> before = parent;
        reload(way.to);
        assertThat(status().change()).hasValueSatisfying(change -> {
            assertThat(change.from()).isEqualTo(way.from.toString());
            assertThat(change.to()).isEqualTo(way.to.toString());
        });
        assertThatThrownBy(() -> zone.roll(way.to.roles().getFirst()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("are being changed from " + way.from + " to " + way.to);
        Set<Integer> stages = new TreeSet<>();
        finishSeeing(stages);
        assertIs(way.to);
        if (way.isOfAlgorithms()) {
            assertThat(stages).containsExactly(1, 2, 3, 4, 5);
            assertThat(judge.algorithms()).as("both were published together").contains(Set.of(13, 15));
        } else {
            assertThat(parent).as("nothing is asked of the parent").isEqualTo(before);
            assertThat(stages).containsExactly(1);
        }
        assertThat(zone.tick()).isFalse();
        zone.roll(way.to.roles().getFirst());
    }

    private void finishSeeing(Set<Integer> stages) throws IOException {
        for (int number = 0; status().change().isPresent(); number++) {
            assertThat(number).isLessThan(1_000);
            stages.add(stage());
            assertThat(status().change().orElseThrow().until().isPresent()).isEqualTo(stage() != 3);
            if (zone.awaited().isPresent()) {
                delegate();
            } else {
                step();
            }
        }
    }

    /// A process that starts anew again and again, with what is on the disk.
    @ParameterizedTest
    @MethodSource("ways")
    void aRestartChangesNothing(Way way) throws Exception {
        begin(way.from);
        wish = way.to;
        open(); // the configuration was changed while it was down
        see();
        int number = 0;
        while (status().change().isPresent()) {
            assertThat(number++).isLessThan(300);
            if (zone.awaited().isPresent() && number % 30 == 0) {
                parent = wished();
                step();
                zone.delegated(PARENT);
            }
            int stage = stage();
            step();
            if (stage() != stage || number % 10 == 0) {
                open();
                see();
            }
        }
        assertIs(way.to);
    }

    /// A crash between the keys and the version that shows them, or before a secondary has that version, and a process
    /// that is down for hours, while secondaries serve on what they have.
    @ParameterizedTest
    @MethodSource("ways")
    void aCrashBetweenTheFilesShortensNoWait(Way way) throws Exception {
        begin(way.from);
        wish = way.to;
        int crashes = 0;
        int odd = way.to.keys == KeyScheme.CSK ? 0 : 1;
        crash(this::open, odd == 0);
        int number = 0;
        while (status().change().isPresent()) {
            assertThat(number++).isLessThan(600);
            if (zone.awaited().isPresent()) {
                parent = wished();
                step();
                zone.delegated(PARENT);
            }
            crashes += crash(() -> zone.tick(), crashes % 2 == odd) ? 1 : 0;
        }
        assertThat(crashes).isGreaterThanOrEqualTo(way.isOfAlgorithms() ? 3 : 1);
        assertIs(way.to);
    }

    /// What makes a version.
    private interface Action {
        void run() throws IOException;
    }

    /// A step that nobody but this process sees for long, where keys were written for one.
    ///
    /// @param lost the version, too
    private boolean crash(Action action, boolean lost) throws IOException {
        Path keyFile = directory.resolve("example.org/keys");
        Path stateFile = directory.resolve("example.org/zone");
        byte[] keys = Files.readAllBytes(keyFile);
        byte[] state = Files.readAllBytes(stateFile);
        Zone served = zone.zone();
        clock.forward(STEP);
        action.run();
        boolean stepped = !Arrays.equals(keys, Files.readAllBytes(keyFile)) && zone.zone() != served;
        if (stepped) {
            if (lost) {
                Files.write(stateFile, state);
            } else {
                see();
            }
            for (int each = 0; each < 40; each++) {
                clock.forward(STEP);
                judge.see(served, parent, clock.truth());
                judge.judge(clock.truth());
            }
            open();
        }
        see();
        return stepped;
    }

    /// The disk takes the keys and not the version that shows them, for longer than any wait.
    @Test
    void aVersionThatCannotBeWrittenShortensNoWait() throws Exception {
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK));
        Path stateFile = directory.resolve("example.org/zone");
        byte[] state = Files.readAllBytes(stateFile);
        Files.delete(stateFile);
        Path obstacle = Files.createDirectories(stateFile.resolve("obstacle"));
        wish = new Wish(Algorithm.ED25519, KeyScheme.CSK);
        zone.take(zone.prepare(settings()));
        for (int each = 0; each < 60; each++) {
            clock.forward(STEP);
            assertThatThrownBy(() -> zone.tick()).isInstanceOf(IOException.class);
            see();
        }
        Files.delete(obstacle);
        Files.delete(stateFile);
        Files.write(stateFile, state);
        step();
        assertThat(stage()).isEqualTo(1);
        finish();
        assertIs(wish);
    }

    /// The same for keys that roll within their algorithm.
    @Test
    void aCrashShortensNoWaitOfARoll() throws Exception {
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.KSK_AND_ZSK));
        Path stateFile = directory.resolve("example.org/zone");
        byte[] state = Files.readAllBytes(stateFile);
        Zone served = zone.zone();
        zone.roll(Role.ZSK);
        Files.write(stateFile, state);
        for (int each = 0; each < 10; each++) {
            clock.forward(STEP);
            judge.see(served, parent, clock.truth());
        }
        open();
        see();
        steps(30);
        assertIs(wish);
    }

    /// The operator sets the old value back, at each stage.
    @ParameterizedTest
    @MethodSource("stages")
    void aChangeOfMindIsAsSafe(int stage) throws Exception {
        Wish from = new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK);
        Wish to = new Wish(Algorithm.ED25519, KeyScheme.KSK_AND_ZSK);
        begin(from);
        List<DSRecord> before = parent;
        reload(to);
        stepUntilStage(stage);
        steps(2);
        reload(from);
        switch (stage) {
            case 1 -> assertThat(status().change()).as("nobody was told of it").isEmpty();
            case 2 -> {
                assertThat(stage()).isEqualTo(5);
                assertThat(zone.awaited()).isEmpty();
            }
            // the parent may have the new record, or have it soon
            case 3, 4 -> assertThat(wished()).isEqualTo(before);
            default ->
                assertThat(stage()).as("the keys have to be learned anew").isEqualTo(2);
        }
        finish();
        assertIs(from);
        assertThat(parent).as("the old key stays").isEqualTo(before);
    }

    /// There, back and there again.
    @ParameterizedTest
    @MethodSource("stages")
    void aSecondThoughtIsAsSafe(int stage) throws Exception {
        Wish from = new Wish(Algorithm.ED25519, KeyScheme.KSK_AND_ZSK);
        Wish to = new Wish(Algorithm.ECDSA_P256, KeyScheme.KSK_AND_ZSK);
        begin(from);
        reload(to);
        stepUntilStage(stage);
        reload(from);
        steps(2);
        reload(to);
        finish();
        assertIs(to);
    }

    static IntStream stages() {
        return IntStream.rangeClosed(1, 5);
    }

    private void stepUntilStage(int stage) throws IOException {
        stepUntil("stage " + stage, () -> stage() >= Math.min(stage, 3));
        if (stage > 3) {
            delegate();
            stepUntil("stage " + stage, () -> stage() == stage);
        }
    }

    /// An operator who sets anything at any time, rolls keys, and a process that crashes now and then.
    @ParameterizedTest
    @MethodSource("seeds")
    void whateverIsSetAndWhenever(int seed) throws Exception {
        anything(seed, 250);
    }

    static IntStream seeds() {
        return IntStream.range(0, 5);
    }

    @Test
    @Tag("long")
    void whateverIsSetForLong() throws Exception {
        for (int seed = 1_000; seed < 1_400; seed++) {
            Path own = Files.createDirectories(directory.resolve("seed-" + seed));
            KeyChangeTest other = new KeyChangeTest();
            other.directory = own;
            other.write();
            other.anything(seed, 2_000);
        }
    }

    private void anything(int seed, int steps) throws Exception {
        Random random = new Random(seed);
        begin(WISHES.get(random.nextInt(WISHES.size())));
        for (int number = 0; number < steps; number++) {
            int chance = random.nextInt(100);
            if (chance < 4) {
                reload(WISHES.get(random.nextInt(WISHES.size())));
            } else if (chance < 7) {
                roll(ROLES.get(random.nextInt(ROLES.size())));
            } else if (chance < 12) {
                clock.set(Duration.ofMinutes(random.nextInt(10_000) - 5_000));
            } else if (chance < 15) {
                clock.set(Duration.ZERO);
                wish = WISHES.get(random.nextInt(WISHES.size()));
                crash(this::open, random.nextBoolean());
            } else if (chance < 30 && zone.awaited().isPresent()) {
                parent = wished();
                step();
                if (zone.awaited().isPresent() && parent.equals(wished())) { // the step may have brought another wish
                    zone.delegated(PARENT);
                    see();
                }
            }
            step();
        }
        clock.set(Duration.ZERO);
        for (int number = 0; !isOver(); number++) {
            assertThat(number).as("seed %d: %s", seed, status()).isLessThan(10);
            stepUntil("seed " + seed, () -> zone.awaited().isPresent() || isOver());
            if (zone.awaited().isPresent()) {
                delegate();
            }
        }
        assertIs(wish);
    }

    private boolean isOver() {
        ZoneStatus status = status();
        return status.change().isEmpty() && status.keys().size() == wish.roles().size() && status.delegated();
    }

    private void roll(Role role) throws IOException {
        try {
            zone.roll(role);
            see();
        } catch (IllegalStateException refused) {
            assertThat(refused).hasMessageContaining("example.org");
        }
    }

    // ---- the judge can tell

    /// What somebody could get wrong, done by hand to the file of keys.
    record Mutant(String what, int stage, UnaryOperator<String> edit) {
        @Override
        public String toString() {
            return what;
        }
    }

    static List<Mutant> mutants() {
        return List.of(
                new Mutant("keys before signatures", 1, line -> line.replace("state=SIGNING", "state=PUBLISHED")),
                new Mutant("signatures for too short", 1, line -> line.replaceFirst("remain=PT\\w+", "remain=PT2H")),
                new Mutant("keys for too short", 2, line -> line.replaceFirst("counted=PT(\\w+)", "counted=PT0S")),
                new Mutant("keys dropped by a change of mind", 2, line -> line.contains("PUBLISHED") ? "" : line),
                new Mutant(
                        "parent told before the keys",
                        2,
                        line -> line.contains("role=ZSK")
                                ? line.replace("state=PUBLISHED", "state=ACTIVE")
                                : line.replace("state=PUBLISHED", "state=READY")),
                new Mutant(
                        "old keys gone with the delegation",
                        4,
                        line -> line.replace("state=RETIRED", "state=WITHDRAWN")),
                new Mutant("old signatures gone with the delegation", 4, line -> line.contains("RETIRED") ? "" : line),
                new Mutant("old signatures gone with the keys", 5, line -> line.contains("WITHDRAWN") ? "" : line));
    }

    /// And starts with that.
    private void edit(UnaryOperator<String> edit) throws IOException {
        Path keys = directory.resolve("example.org/keys");
        Files.write(
                keys,
                Files.readAllLines(keys).stream()
                        .map(line -> line.startsWith("#") ? line : edit.apply(line))
                        .toList());
        open();
    }

    @ParameterizedTest
    @MethodSource("mutants")
    void mutantsAreCaught(Mutant mutant) throws Exception {
        for (Way way : ways()) {
            if (way.isOfAlgorithms() && way.from.keys == KeyScheme.CSK) {
                Path own = Files.createDirectories(directory.resolve(way.from + " " + way.to));
                KeyChangeTest other = new KeyChangeTest();
                other.directory = own;
                other.write();
                other.caught(mutant, way);
            }
        }
    }

    private void caught(Mutant mutant, Way way) throws Exception {
        parentDelay = 0;
        begin(way.from);
        reload(way.to);
        stepUntilStage(mutant.stage);
        caught(mutant + ", " + way, () -> {
            edit(mutant.edit);
            step();
            finish();
        });
    }

    private static void caught(String what, ThrowingCallable way) {
        assertThatThrownBy(way).as(what).isInstanceOf(AssertionError.class).hasMessageContaining("cached");
    }

    /// The operator says that the parent has the new record, and it has the old one.
    @Test
    void aDelegationThatIsNotThereIsCaught() throws Exception {
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK));
        reload(new Wish(Algorithm.ED25519, KeyScheme.CSK));
        stepUntilStage(3);
        zone.delegated(PARENT);
        assertThatThrownBy(this::finish)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("the DS records of algorithm 13 lead to");
    }

    @Test
    void forgottenSecondariesAreCaught() throws Exception {
        propagation = Duration.ZERO;
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK));
        caught("no propagation", () -> {
            reload(new Wish(Algorithm.ED25519, KeyScheme.CSK));
            finish();
        });
    }

    @Test
    void kindsThatChangeAtOnceAreCaught() throws Exception {
        Wish one = new Wish(Algorithm.ED25519, KeyScheme.CSK);
        Wish two = new Wish(Algorithm.ED25519, KeyScheme.KSK_AND_ZSK);
        begin(one);
        reload(two);
        caught("two keys at once", () -> {
            edit(line -> line.replace("role=CSK", "role=KSK").replace("state=PUBLISHED", "state=ACTIVE"));
            step();
        });
    }

    @Test
    void aZoneSigningKeyThatGoesAtOnceIsCaught() throws Exception {
        begin(new Wish(Algorithm.ED25519, KeyScheme.KSK_AND_ZSK));
        reload(new Wish(Algorithm.ED25519, KeyScheme.CSK));
        caught("the ZSK is gone", () -> {
            edit(line -> line.contains("RETIRED") ? "" : line);
            step();
        });
    }

    // ---- what else there is

    /// Records that are gone, or live for a shorter time now, are in caches as they were.
    @ParameterizedTest
    @EnumSource
    void whatLivedLongerIsWaitedFor(KeyScheme keys) throws Exception {
        begin(new Wish(Algorithm.ECDSA_P256, keys));
        Files.writeString(records, SHORT);
        Files.setLastModifiedTime(records, FileTime.fromMillis(1_000));
        step();
        assertThat(ZoneSigner.longest(zone.zone())).isEqualTo(Duration.ofHours(1));
        open(); // it is on the disk
        Wish to = keys == KeyScheme.CSK
                ? new Wish(Algorithm.ED25519, keys)
                : new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK);
        reload(to);
        finish();
        assertIs(to);
    }

    /// A directory that the first version of Postern wrote, with a ZSK on its way.
    @Test
    void whatAnEarlierVersionWroteGoesOn() throws Exception {
        Path written = Path.of(
                        KeyChangeTest.class.getResource("/zones/first/clock").toURI())
                .getParent();
        Files.createDirectories(directory.resolve("example.org"));
        for (String file : List.of("clock", "example.org/keys", "example.org/zone")) {
            Files.copy(written.resolve(file), directory.resolve(file));
            Files.setPosixFilePermissions(directory.resolve(file), PosixFilePermissions.fromString("rw-------"));
        }
        Files.writeString(records, "mail A 192.0.2.1\n");
        clock.forward(Duration.between(clock.truth(), Instant.parse("2026-11-27T06:20:00Z")));
        List<String> keys = Files.readAllLines(directory.resolve("example.org/keys"));
        wish = new Wish(Algorithm.ECDSA_P256, KeyScheme.KSK_AND_ZSK);
        open();
        parent = wished();
        see();
        assertThat(zone.zone().serial()).as("nothing has to be made anew").isEqualTo(1_795_760_401L);
        assertThat(Files.readAllLines(directory.resolve("example.org/keys"))).isEqualTo(keys);
        Wish to = new Wish(Algorithm.ED25519, KeyScheme.CSK);
        reload(to);
        assertThat(stage()).isZero();
        finish();
        assertIs(to);
    }

    /// A change begins when a roll is over, whose new key the parent may know of.
    @Test
    void oneAfterTheOther() throws Exception {
        Wish to = new Wish(Algorithm.ED25519, KeyScheme.CSK);
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK));
        zone.roll(Role.CSK);
        reload(to);
        assertThat(status().change()).hasValueSatisfying(change -> {
            assertThat(change.step()).isZero();
            assertThat(change.state()).contains("when the roll of a key that is under way is over");
        });
        stepUntil("the roll", () -> zone.awaited().isPresent());
        assertThat(status().keys()).extracting(ZoneStatus.Key::algorithm).containsOnly("ECDSA_P256");
        delegate();
        finish();
        assertIs(to);
    }

    /// Before the parent was ever seen to have a DS record.
    @Test
    void aZoneThatIsNotDelegatedChangesToo() throws Exception {
        wish = new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK);
        open();
        see();
        Wish to = new Wish(Algorithm.ED25519, KeyScheme.KSK_AND_ZSK);
        reload(to);
        assertThat(wished()).extracting(DSRecord::getAlgorithm).containsExactly(13);
        stepUntil("the new key", () -> stage() == 3);
        assertThat(wished()).extracting(DSRecord::getAlgorithm).containsExactly(15);
        finish();
        assertIs(to);
    }

    /// Who begins with the zone's own keys instead of a DS record expects each of their algorithms.
    @Test
    void anchorsAreOfAlgorithmsThatEveryCacheKnows() throws Exception {
        begin(new Wish(Algorithm.ECDSA_P256, KeyScheme.CSK));
        reload(new Wish(Algorithm.ED25519, KeyScheme.CSK));
        List<Set<Integer>> anchors = new ArrayList<>();
        for (int stage = 1; stage <= 5; stage++) {
            int wanted = stage;
            if (stage == 4) {
                delegate();
            }
            stepUntil("stage " + stage, () -> stage() == wanted);
            Set<Integer> algorithms = new TreeSet<>();
            for (DNSKEYRecord anchor : zone.anchors()) {
                algorithms.add(anchor.getAlgorithm());
            }
            anchors.add(algorithms);
        }
        assertThat(anchors).containsExactly(Set.of(13), Set.of(13), Set.of(13, 15), Set.of(15), Set.of(15));
    }

    /// A signature says by its tag whose it is.
    @Test
    void noTwoKeysHaveOneTag() {
        wish = new Wish(Algorithm.ED25519, KeyScheme.CSK);
        ZoneClock.Moment now = new ZoneClock(directory, clock::reading).now();
        ZoneKey one = ZoneKey.make(Role.CSK, ZoneKey.State.ACTIVE, Algorithm.ED25519, now, Duration.ZERO);
        List<ZoneKey> present = new ArrayList<>();
        Set<Integer> taken = new TreeSet<>();
        for (int number = 0; number < 1 << 15; number++) {
            byte[] octets = new byte[32];
            octets[0] = (byte) (number >> 8);
            octets[1] = (byte) number;
            present.add(new ZoneKey(
                    one.role(),
                    one.state(),
                    one.algorithm(),
                    one.secret(),
                    octets,
                    now.wall(),
                    now.counted(),
                    Duration.ZERO));
            taken.add(present.getLast().tag(Names.of(TestZones.ORIGIN)));
        }
        assertThat(taken).hasSizeGreaterThan(30_000);
        KeyChange change = new KeyChange(settings());
        for (int number = 0; number < 12; number++) {
            ZoneKey made = change.make(Role.CSK, ZoneKey.State.PUBLISHED, present, now, Duration.ZERO);
            assertThat(taken).doesNotContain(made.tag(Names.of(TestZones.ORIGIN)));
        }
    }
}
