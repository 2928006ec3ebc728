package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postern.testkit.Programs;

/// The operator's way through docs/operations.md, which etc/walk goes.
class WalkTest {
    private static final Path ROOT =
            Path.of(System.getProperty("postern.root", "../..")).toAbsolutePath();
    private static final Path WALK = ROOT.resolve("etc/walk");

    /// Where the walk takes a section's commands, it takes all of them: who adds one to the document adds it to the
    /// walk.
    @Test
    void everyCommandOfItsSectionsIsWalked() throws Exception {
        Map<String, Set<Integer>> walked = new TreeMap<>();
        Matcher step =
                Pattern.compile("documented (?:\"([^\"]+)\"|(\\w+)) (\\d+)").matcher(Files.readString(WALK));
        while (step.find()) {
            walked.computeIfAbsent(step.group(1) == null ? step.group(2) : step.group(1), _ -> new TreeSet<>())
                    .add(Integer.valueOf(step.group(3)));
        }
        assertThat(walked).containsKeys("Installing", "Own certificates", "Under systemd", "First steps");
        Map<String, Set<Integer>> documented = new TreeMap<>();
        String section = "";
        for (String line : Files.readAllLines(ROOT.resolve("docs/operations.md"))) {
            if (line.startsWith("## ")) {
                section = line.substring(3);
            } else if (line.equals("```sh") && walked.containsKey(section)) {
                Set<Integer> blocks = documented.computeIfAbsent(section, _ -> new TreeSet<>());
                blocks.add(blocks.size() + 1);
            }
        }
        assertThat(walked).isEqualTo(documented);
    }

    /// Some minutes, and root: boots a Debian and does what the document says.
    @Test
    @Tag("long")
    void anEmptyDebianServesMail() throws Exception {
        for (String program : List.of("debootstrap", "systemd-nspawn", "git")) {
            Programs.require(program);
        }
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "etc/walk needs root");
        Process walk = new ProcessBuilder(WALK.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(walk.waitFor()).isZero();
    }
}
