package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The documentation names what is there.
class DocumentationTest {
    private static final Path ROOT = Path.of(System.getProperty("postern.root", "../.."));
    private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");
    private static final Pattern ROW = Pattern.compile("\\| `(.+)` \\| \\[.*]\\((.*)\\) \\|");

    private static List<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            List<Path> documents = new ArrayList<>(
                    docs.filter(file -> file.toString().endsWith(".md")).toList());
            documents.add(ROOT.resolve("README.md"));
            documents.add(ROOT.resolve("CHANGELOG.md"));
            return documents;
        }
    }

    @Test
    void linksLeadSomewhere() throws IOException {
        int links = 0;
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                links++;
                assertThat(document.resolveSibling(link.group(1)))
                        .as("%s links to %s", document.getFileName(), link.group(1))
                        .exists();
            }
        }
        assertThat(links).isGreaterThan(20);
    }

    /// docs/architecture.md: at most 40 lines of its own, its methods in at most 3 files.
    @Test
    void deleteIsShort() throws IOException {
        Path document = ROOT.resolve("docs/architecture.md");
        String text = Files.readString(document);
        String section = text.substring(text.indexOf("## DELETE"), text.indexOf("## Decisions"));
        int lines = 0;
        Set<Path> files = new HashSet<>();
        Matcher row = ROW.matcher(section);
        while (row.find()) {
            Path file = document.resolveSibling(row.group(2));
            List<String> source = Files.readAllLines(file);
            if (row.group(1).matches("[a-z]+")) {
                files.add(file.normalize());
                lines += methodLines(source, row.group(1));
            } else {
                assertThat(source)
                        .as("%s", file.getFileName())
                        .anyMatch(line -> line.strip().equals(row.group(1)));
                lines++;
            }
        }
        assertThat(files).isNotEmpty().hasSizeLessThanOrEqualTo(3);
        assertThat(lines).as("lines of DELETE's own").isBetween(20, 40);
        // nothing of its own is left out of the table
        try (Stream<Path> sources = Files.list(ROOT.resolve("modules/imap/src/main/java/org/postern/imap"))) {
            for (Path source : sources.toList()) {
                if (Files.readString(source).matches("(?s).*(\"DELETE\"|Command\\.Delete|record Delete).*")) {
                    assertThat(section).contains(source.getFileName().toString());
                }
            }
        }
    }

    /// From the declaration to the brace that closes it, as the formatter indents them.
    private static int methodLines(List<String> source, String name) {
        for (int start = 0; start < source.size(); start++) {
            if (source.get(start).matches(" {4}\\S.* " + name + "\\(.*\\{")) {
                for (int end = start; end < source.size(); end++) {
                    if (source.get(end).equals("    }")) {
                        return end - start + 1;
                    }
                }
            }
        }
        throw new AssertionError("no method " + name);
    }

    @Test
    void theReadmesCommandsAreThere() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        Matcher program = Pattern.compile("(?m)^(bin/\\S+)").matcher(readme);
        int found = 0;
        while (program.find()) {
            found++;
            assertThat(ROOT.resolve(program.group(1))).isExecutable();
        }
        assertThat(found).isEqualTo(2);
        for (String command : Main.commandLine().getSubcommands().keySet()) {
            assertThat(readme + Files.readString(ROOT.resolve("docs/operations.md")))
                    .as("the documentation of postern " + command)
                    .contains(command);
        }
    }

    @Test
    void everyPackageHasAMap() throws IOException {
        List<Path> modules;
        try (Stream<Path> directories = Files.list(ROOT.resolve("modules"))) {
            modules = directories
                    .filter(module -> Files.isDirectory(module.resolve("src/main/java")))
                    .filter(module -> !module.endsWith("testkit") && !module.endsWith("stack")) // of tests alone
                    .toList();
        }
        assertThat(modules).isNotEmpty();
        for (Path module : modules) {
            Path map = module.resolve("src/main/java/org/postern/" + module.getFileName() + "/package-info.java");
            assertThat(Files.readString(map)).as(map.toString()).contains("reading order", "Invariants");
        }
    }
}
