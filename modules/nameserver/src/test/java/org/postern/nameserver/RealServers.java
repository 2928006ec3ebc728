package org.postern.nameserver;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.postern.testkit.Programs;
import org.postern.testkit.ServerProcess;

/// Programs of others, on loopback, as whoever runs the test.
final class RealServers implements AutoCloseable {
    private final Path directory;
    private final List<ServerProcess> processes = new ArrayList<>();

    RealServers(Path directory) {
        this.directory = directory;
    }

    /// Returns when it has said that it is ready.
    void start(String name, String ready, String... command) throws IOException {
        processes.add(ServerProcess.start(directory.resolve(name + ".log"), ready, List.of(command)));
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

    /// A file by which delv trusts a zone's key.
    ///
    /// @param key a DNSKEY record in zone file form
    static Path delvAnchor(Path directory, String key) throws IOException {
        String[] fields = key.split("\\s+", 8);
        return Files.writeString(
                directory.resolve("delv.conf"),
                "trust-anchors { " + fields[0] + " static-key " + fields[4] + " " + fields[5] + " " + fields[6] + " \""
                        + fields[7].replace(" ", "") + "\"; };\n");
    }

    @Override
    public void close() {
        processes.forEach(ServerProcess::close);
    }
}
