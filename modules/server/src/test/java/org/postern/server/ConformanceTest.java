package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Requirement;

/// Holds `docs/conformance.md` to the sources it is generated from.
///
/// The table changes with almost every test that anyone adds. So a stale one fails the build only where everything is
/// required (`POSTERN_REQUIRE_ALL=1`, as in continuous integration); elsewhere the test is aborted and says what to
/// run.
class ConformanceTest {
    private static final Path ROOT = Path.of(System.getProperty("postern.root", "../.."));
    private static final Path TABLE = ROOT.resolve("docs/conformance.md");

    private static final Pattern OBSOLETE = Pattern.compile("RFC (2476|4409|6125)\\b");

    private static Conformance conformance;

    @BeforeAll
    static void readTheSources() throws IOException {
        conformance = new Conformance(ROOT);
        if (Boolean.getBoolean("postern.write")) {
            Files.writeString(TABLE, conformance.markdown());
        }
    }

    @Test
    void testsNameOnlyRequirementsThatExist() {
        assertThat(conformance.unknown())
                .as("@Requirement takes a row of docs/requirements.tsv or RFCnnnn-section")
                .isEmpty();
    }

    /// What is cited is what holds: RFC 7817 and 9525 for certificates, RFC 6409 for submission.
    @Test
    @Requirement({"SEED-43", "SEED-44"})
    void obsoleteDocumentsAreNotCited() throws IOException {
        List<String> cited = new ArrayList<>();
        for (String place : List.of("modules", "conf", "docs/operations.md", "docs/architecture.md")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(place))) {
                for (Path file : files.filter(each -> each.toString().matches(".*/src/main/.*\\.java|.*\\.(conf|md)"))
                        .filter(Files::isRegularFile)
                        .toList()) {
                    if (OBSOLETE.matcher(Files.readString(file)).find()) {
                        cited.add(file.toString());
                    }
                }
            }
        }
        assertThat(cited).isEmpty();
    }

    @Test
    void theTableIsWhatTheSourcesSay() throws IOException {
        boolean fresh = Files.readString(TABLE).equals(conformance.markdown());
        if (!"1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
            Assumptions.assumeTrue(fresh, "docs/conformance.md is stale: run bin/conformance before you commit");
        }
        assertThat(fresh)
                .as("docs/conformance.md is stale: run bin/conformance (or this test with -Dpostern.write=true)")
                .isTrue();
    }
}
