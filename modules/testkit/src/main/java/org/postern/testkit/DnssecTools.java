package org.postern.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// BIND's tools that make keys and sign zones, in the directory of a test.
final class DnssecTools {
    private DnssecTools() {}

    /// What one says that ends well.
    static String run(Path directory, List<String> command) throws IOException, InterruptedException {
        List<String> whole = new ArrayList<>(command);
        whole.set(0, Programs.requireAnywhere(command.getFirst()).toString());
        Process process = new ProcessBuilder(whole)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command + ": " + text);
        }
        return text;
    }
}
