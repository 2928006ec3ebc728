package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Runs programs in a directory that is their home as well; one that hangs fails.
///
/// @param patience how long one may take
record ProgramRunner(Path directory, Duration patience) {
    ProgramRunner(Path directory) {
        this(directory, Duration.ofMinutes(5));
    }

    /// @param output of both streams, a character an octet
    record Result(int code, String output) {}

    Result run(String input, String... command) throws IOException, InterruptedException {
        return run(input, Map.of(), List.of(command));
    }

    Result run(String input, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        Process process = start(environment, command);
        try (var stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(ISO_8859_1));
        } catch (IOException e) {
            assertThat(process.isAlive()).as("it does not read its input").isFalse();
        }
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        return new Result(process.waitFor(), output);
    }

    Process start(Map<String, String> environment, List<String> command) throws IOException {
        List<String> bounded = new ArrayList<>(List.of("timeout", Long.toString(patience.toSeconds())));
        bounded.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(bounded).redirectErrorStream(true);
        builder.directory(directory.toFile());
        Map<String, String> variables = new TreeMap<>(environment);
        variables.putIfAbsent("HOME", directory.toString());
        builder.environment().putAll(variables);
        return builder.start();
    }

    /// Holds a password: some programs insist that nobody else may read it.
    Path configuration(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, text);
    }

    /// For programs that will not work for root: the command as somebody else, who gets the directory. As it
    /// stands where these tests do not run as root.
    List<String> unprivileged(String... command) throws IOException, InterruptedException {
        if (!System.getProperty("user.name").equals("root")) {
            return List.of(command);
        }
        assertThat(run("", "chown", "-R", "65534:65534", directory.toString()).code())
                .isZero();
        List<String> asNobody = new ArrayList<>(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        asNobody.addAll(List.of(command));
        return asNobody;
    }
}
