package org.postern.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// A server of others, as whoever runs the test, that has said that it is ready. What it says goes into a file.
public final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final Path log;

    private ServerProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /// Returns when a line of its output has what the expression finds.
    ///
    /// @param command the program by its name, wherever Debian puts it
    public static ServerProcess start(Path log, String ready, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(command);
        whole.set(0, Programs.requireAnywhere(command.getFirst()).toString());
        Process process = new ProcessBuilder(whole).redirectErrorStream(true).start();
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        Predicate<String> isReady = Pattern.compile(ready).asPredicate();
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); ; line = output.readLine()) {
            if (line == null) {
                throw new IllegalStateException(command + " ended: " + said);
            }
            said.append(line).append('\n');
            if (isReady.test(line)) {
                break;
            }
        }
        Files.writeString(log, said);
        // not virtual: a read from a pipe keeps its carrier, and there are as few as processors
        Thread.ofPlatform().daemon().name("log-" + command.getFirst()).start(() -> follow(output, log));
        return new ServerProcess(process, log);
    }

    /// A full pipe would stop it.
    private static void follow(BufferedReader output, Path log) {
        try (BufferedWriter writer = Files.newBufferedWriter(log, StandardOpenOption.APPEND)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                writer.write(line + "\n");
                writer.flush();
            }
        } catch (IOException e) {
            return; // it has ended
        }
    }

    /// What it has said so far.
    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
