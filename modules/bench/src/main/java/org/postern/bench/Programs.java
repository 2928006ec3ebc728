package org.postern.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.stream.Stream;

/// Other programs, run to their end.
final class Programs {
    private Programs() {}

    /// @param parts of the command line
    /// @return what it printed
    /// @throws IOException with what it printed, where it fails
    static String run(Stream<List<String>> parts, String input) throws IOException, InterruptedException {
        List<String> command = parts.flatMap(List::stream).toList();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output);
        }
        return output;
    }

    static String run(String... command) throws IOException, InterruptedException {
        return run(Stream.of(List.of(command)), "");
    }
}
