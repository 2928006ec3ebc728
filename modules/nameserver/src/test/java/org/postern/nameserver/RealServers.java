package org.postern.nameserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.postern.testkit.Programs;

/// Programs of others, on loopback, as whoever runs the test.
final class RealServers implements AutoCloseable {
    private final Path directory;
    private final List<Process> processes = new ArrayList<>();

    RealServers(Path directory) {
        this.directory = directory;
    }

    static int freePort() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(0, TestZones.LOOPBACK)) {
            return socket.getLocalPort();
        }
    }

    /// Returns when it has said that it is ready.
    void start(String name, String ready, String... command) throws IOException {
        command[0] = Programs.requireAnywhere(command[0]).toString();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        processes.add(process);
        BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = output.readLine(); ; line = output.readLine()) {
            if (line == null) {
                throw new IllegalStateException(name + " ended: " + said);
            }
            said.append(line).append('\n');
            if (line.contains(ready)) {
                break;
            }
        }
        Path log = Files.writeString(directory.resolve(name + ".log"), said);
        // not virtual: a read from a pipe keeps its carrier, and there are as few as processors
        Thread.ofPlatform().daemon().start(() -> {
            try (BufferedWriter writer = Files.newBufferedWriter(log, StandardOpenOption.APPEND)) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    writer.write(line + "\n");
                    writer.flush();
                }
            } catch (IOException e) {
                return; // it has ended
            }
        });
    }

    String log(String name) {
        try {
            return Files.readString(directory.resolve(name + ".log"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What a program says that ends well.
    static String run(String... command) throws IOException, InterruptedException {
        command[0] = Programs.requireAnywhere(command[0]).toString();
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s", String.join(" ", command), text)
                .isZero();
        return text;
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
        processes.forEach(process -> process.onExit().join());
    }
}
