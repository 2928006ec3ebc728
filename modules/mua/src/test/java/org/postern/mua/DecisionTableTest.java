package org.postern.mua;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postern.testkit.Requirement;

/// The outcome table as data: every row by an example of its own, every combination of facts, and a strict reader.
@Requirement({
    "DT-1",
    "DT-2",
    "DT-3",
    "DT-4",
    "DT-5",
    "DT-6",
    "DT-7",
    "DT-8",
    "DT-9",
    "DT-10",
    "DT-11",
    "DT-12",
    "DT-13",
    "DT-14",
    "DT-15",
    "DT-16",
    "DT-17",
    "DT-18",
    "DT-19",
    "DT-20",
    "DT-21",
    "DT-22",
    "DT-23",
    "DT-24",
    "DT-25",
    "DT-26",
    "DT-27",
    "DT-28",
    "DT-29",
    "SEED-22",
    "SEED-23",
    "SEED-27",
    "R8314-61"
})
class DecisionTableTest {
    private static <E extends Enum<E>> E word(Class<E> type, String word) {
        return Enum.valueOf(type, word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    @ParameterizedTest
    @CsvFileSource(resources = "dt.csv", numLinesToSkip = 1)
    void saysWhatTheRequirementsSay(
            String row,
            String srv,
            String address,
            String session,
            String tlsa,
            String dane,
            String pkix,
            String pin,
            String memory,
            String phase,
            String strict,
            String standard) {
        DecisionTable.Row decided = DecisionTable.instance()
                .decide(new Facts(
                        word(Facts.Srv.class, srv),
                        word(Facts.Address.class, address),
                        word(Facts.Session.class, session),
                        word(Facts.Tlsa.class, tlsa),
                        word(Facts.Dane.class, dane),
                        word(Facts.Pkix.class, pkix),
                        word(Facts.Pinned.class, pin),
                        word(Facts.Memory.class, memory),
                        word(Phase.class, phase)));
        assertThat(decided.id()).isEqualTo(row);
        assertThat(Facts.word(decided.strict())).isEqualTo(strict);
        assertThat(Facts.word(decided.standard())).isEqualTo(standard);
    }

    private static List<Facts> everything() {
        List<Facts> all = new ArrayList<>();
        for (Facts.Srv srv : Facts.Srv.values()) {
            for (Facts.Address address : Facts.Address.values()) {
                for (Facts.Session session : Facts.Session.values()) {
                    for (Facts.Tlsa tlsa : Facts.Tlsa.values()) {
                        for (Facts.Dane dane : Facts.Dane.values()) {
                            for (Facts.Pkix pkix : Facts.Pkix.values()) {
                                boolean asked = tlsa == Facts.Tlsa.USABLE && session == Facts.Session.READY;
                                if (asked == (dane == Facts.Dane.NONE)
                                        || (session == Facts.Session.READY) == (pkix == Facts.Pkix.NONE)) {
                                    continue;
                                }
                                for (Facts.Pinned pin : Facts.Pinned.values()) {
                                    for (Facts.Memory memory : Facts.Memory.values()) {
                                        for (Phase phase : Phase.values()) {
                                            all.add(new Facts(
                                                    srv, address, session, tlsa, dane, pkix, pin, memory, phase));
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return all;
    }

    @Test
    @Requirement({"SEED-28", "R8314-58", "R8314-59"})
    void hasARowForEverythingAndLetsNothingPastThatNobodyVouchesFor() {
        Set<DecisionTable.Row> used = new LinkedHashSet<>();
        List<Facts> everything = everything();
        for (Facts facts : everything) {
            DecisionTable.Row row = DecisionTable.instance().decide(facts);
            used.add(row);
            for (Policy policy : Policy.values()) {
                DecisionTable.Outcome outcome = row.outcome(policy);
                boolean goes = outcome == DecisionTable.Outcome.CONTINUE || outcome == DecisionTable.Outcome.ALERT;
                if (goes || outcome == DecisionTable.Outcome.UNCONFIDENTIAL) {
                    assertThat(facts.session()).as("%s %s", row.id(), facts).isEqualTo(Facts.Session.READY);
                    assertThat(facts.srv()).isNotEqualTo(Facts.Srv.FAILED);
                    assertThat(facts.address()).isNotEqualTo(Facts.Address.FAILED);
                    assertThat(facts.tlsa()).isNotIn(Facts.Tlsa.BOGUS, Facts.Tlsa.INDETERMINATE);
                    assertThat(facts.dane())
                            .as("a signed record that does not match always refuses: %s", facts)
                            .isNotIn(Facts.Dane.MISMATCH, Facts.Dane.TA_WRONG, Facts.Dane.CONSTRAINT_WRONG);
                }
                if (goes) {
                    boolean vouched = facts.pkix() == Facts.Pkix.OK
                            || (policy == Policy.STANDARD
                                    && facts.srv() != Facts.Srv.INSECURE
                                    && (facts.dane() == Facts.Dane.EE || facts.dane() == Facts.Dane.TA));
                    assertThat(vouched).as("%s %s %s", row.id(), policy, facts).isTrue();
                }
                if (outcome == DecisionTable.Outcome.UNCONFIDENTIAL) {
                    assertThat(facts.pin()).isEqualTo(Facts.Pinned.EQUAL);
                    assertThat(facts.pkix()).isEqualTo(Facts.Pkix.UNVERIFIED);
                }
            }
            assertThat(strength(row.strict())).as("%s", facts).isLessThanOrEqualTo(strength(row.standard()));
        }
        assertThat(used)
                .as("no row is dead")
                .hasSameSizeAs(DecisionTable.instance().rows());
        assertThat(everything).hasSizeGreaterThan(10_000);
    }

    /// How much an outcome allows.
    private static int strength(DecisionTable.Outcome outcome) {
        return switch (outcome) {
            case TERMINATE -> 0;
            case OFFER -> 1;
            case UNCONFIDENTIAL -> 2;
            case ALERT, CONTINUE -> 3;
        };
    }

    private static final String COLUMNS =
            "version 1\nid | srv | address | session | tlsa | dane | pkix | pin | memory | "
                    + "phase | strict | standard | report | source | why\n";
    private static final String ANY = "X | any | any | any | any | any | any | any | any | any | ";

    static Stream<Arguments> wrongTables() {
        return Stream.of(
                Arguments.of("version 0\n", "t:1: expected \"version 1\" before the columns"),
                Arguments.of("version 1\nid | srv\n", "t:2: the columns are id | srv | address"),
                Arguments.of(COLUMNS, "t: no rows"),
                Arguments.of(COLUMNS + "DT-1 | any\n", "t:3: 2 cells, expected 15"),
                Arguments.of(
                        COLUMNS + ANY.replaceFirst("any", "perhaps") + "continue | continue | none | RFC | why",
                        "t:3: \"perhaps\" is no srv"),
                Arguments.of(
                        COLUMNS + ANY.replaceFirst("any", "none,any") + "continue | continue | none | RFC | why",
                        "t:3: \"any\" is no srv"),
                Arguments.of(
                        COLUMNS + ANY.replaceFirst("any", "none,none") + "continue | continue | none | RFC | why",
                        "t:3: \"none\" stands twice"),
                Arguments.of(COLUMNS + ANY + "go on | continue | none | RFC | why", "t:3: \"go on\" is no outcome"),
                Arguments.of(COLUMNS + "\n" + ANY + "continue | continue | none || why", "t:4: source is empty"));
    }

    @ParameterizedTest
    @MethodSource("wrongTables")
    void theReaderTakesNothingElse(String table, String message) {
        assertThatThrownBy(() -> DecisionTable.read("t", new StringReader(table)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }
}
