package org.postern.testkit;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/// Finds the programs that tests run beside Postern. Without `POSTERN_REQUIRE_ALL=1` a test whose program is missing
/// is left out and named; with it, it fails.
public final class Programs {
    private Programs() {}

    /// The program's path; ends the test if it is not installed.
    public static Path require(String name) {
        for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
            Path program = Path.of(directory, name);
            if (Files.isExecutable(program) && !Files.isDirectory(program)) {
                return program;
            }
        }
        return missing("program not installed: " + name);
    }

    /// As [#require], also where Debian has servers and an unprivileged user's path does not lead.
    public static Path requireAnywhere(String name) {
        for (String directory : List.of("/usr/sbin", "/sbin")) {
            Path program = Path.of(directory, name);
            if (Files.isExecutable(program)) {
                return program;
            }
        }
        return require(name);
    }

    /// The path of what `remedy` installs; ends the test if it is not there.
    public static Path requireInstalled(Path path, String remedy) {
        return Files.exists(path) ? path : missing("not installed: " + path + " (" + remedy + ")");
    }

    private static Path missing(String missing) {
        if ("1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
            Assertions.fail(missing);
        }
        Assumptions.abort(missing);
        throw new AssertionError("unreachable");
    }
}
