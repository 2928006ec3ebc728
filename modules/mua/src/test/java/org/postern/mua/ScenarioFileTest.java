package org.postern.mua;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// `scenarios.json` keeps to its schema, leaves no scenario and no row of the outcome table out, and names each
/// once.
class ScenarioFileTest {
    private static final List<Integer> SCENARIOS = List.of(
            1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 29, 31, 32, 33,
            34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 48, 49, 50, 51, 52, 53, 54, 55, 57, 58, 61, 65, 66);

    private static String text(String name) throws IOException {
        try (InputStream stream = ScenarioFileTest.class.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), UTF_8);
        }
    }

    @Test
    void keepsToItsSchema() throws IOException {
        Schema schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(text("scenarios.schema.json"), InputFormat.JSON);
        String scenarios = text("scenarios.json");
        assertThat(schema.validate(scenarios, InputFormat.JSON)).isEmpty();
        assertThat(schema.validate(scenarios.replaceFirst("\"title\"", "\"titel\""), InputFormat.JSON))
                .as("the schema can refuse")
                .isNotEmpty();
        assertThat(schema.validate(scenarios.replaceFirst("terminate DT-3", "terminate DT-30"), InputFormat.JSON))
                .isNotEmpty();
    }

    @Test
    void leavesNothingOut() throws IOException {
        List<Scenario> scenarios = ScenarioTest.read();
        assertThat(scenarios.stream().map(Scenario::id).toList()).doesNotHaveDuplicates();
        Set<Integer> numbers = scenarios.stream()
                .map(Scenario::id)
                .filter(id -> id.startsWith("L"))
                .map(id -> Integer.valueOf(id.replaceAll("[A-Z]", "")))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(numbers).containsExactlyElementsOf(SCENARIOS);
        Set<String> rows = scenarios.stream()
                .flatMap(scenario -> scenario.steps().stream())
                .flatMap(step ->
                        Pattern.compile("DT-\\d+").matcher(step.strict()).results())
                .map(MatchResult::group)
                .collect(Collectors.toSet());
        assertThat(rows)
                .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 29)
                        .mapToObj(number -> "DT-" + number)
                        .toList());
    }
}
