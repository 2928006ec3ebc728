package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLContext;
import org.postern.testkit.WireClient;

/// `postern quickstart` in a process of its own, so that it can be killed.
final class QuickstartProcess implements AutoCloseable {
    final Process process;
    final Path directory;
    final List<String> output = new ArrayList<>();

    private QuickstartProcess(Process process, Path directory) {
        this.process = process;
        this.directory = directory;
    }

    /// Starts it and waits until it says that it runs; with ports that are free.
    static QuickstartProcess start(Path directory, String... options) throws IOException {
        return startUntil("To stop: Ctrl-C", directory, options);
    }

    /// Starts it and waits until it says something of that; with ports that are free.
    static QuickstartProcess startUntil(String wanted, Path directory, String... options) throws IOException {
        for (int attempt = 0; ; attempt++) {
            int offset = 20_000 + ThreadLocalRandom.current().nextInt(10_000);
            List<String> command = new ArrayList<>(List.of("--port-offset", Integer.toString(offset)));
            command.addAll(List.of(options));
            QuickstartProcess started = launch(directory, command);
            if (started.awaitLine(wanted)) {
                return started;
            }
            started.close();
            if (attempt == 5 || started.output.stream().noneMatch(line -> line.contains("another program"))) {
                throw new AssertionError("it did not start: " + String.join("\n", started.output));
            }
        }
    }

    static QuickstartProcess launch(Path directory, List<String> options) throws IOException {
        List<String> command = JavaCommand.of(Main.class, "quickstart", "--data", directory.toString());
        command.addAll(options);
        return new QuickstartProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start(), directory);
    }

    /// False if it ended before it said that. What it says afterwards is read and forgotten.
    private boolean awaitLine(String wanted) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            output.add(line);
            if (line.contains(wanted)) {
                // not virtual: a read from a pipe keeps its carrier
                Thread.ofPlatform().daemon().start(() -> {
                    try {
                        while (lines.readLine() != null) {
                            // or its pipe would fill
                        }
                    } catch (IOException e) {
                        // it was killed
                    }
                });
                return true;
            }
        }
        return false;
    }

    /// Everything that it says until it ends.
    String readAll() throws IOException {
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }

    Map<String, String> environment() throws IOException {
        Map<String, String> values = new HashMap<>();
        for (String line : Files.readAllLines(directory.resolve("quickstart.env"))) {
            int equals = line.indexOf('=');
            values.put(line.substring(0, equals), line.substring(equals + 1).replaceAll("^'|'$", ""));
        }
        return values;
    }

    InetSocketAddress address(String port) throws IOException {
        return new InetSocketAddress(
                InetAddress.ofLiteral("127.0.0.1"),
                Integer.parseInt(environment().get(port)));
    }

    SSLContext trust() throws IOException {
        return ServerFixture.trust(Path.of(environment().get("POSTERN_CA_FILE")));
    }

    /// An IMAP client, logged in as the first or the second user.
    WireClient imap(int user) throws IOException {
        Map<String, String> values = environment();
        WireClient client = WireClient.implicitTls(address("POSTERN_IMAPS_PORT"), trust());
        client.readLine();
        client.command(
                "l LOGIN " + values.get("POSTERN_USER" + user) + " " + values.get("POSTERN_PASSWORD" + user), "l OK");
        return client;
    }

    WireClient submission(int user) throws IOException {
        Map<String, String> values = environment();
        return ServerFixture.submission(
                address("POSTERN_SUBMISSIONS_PORT"),
                trust(),
                values.get("POSTERN_USER" + user),
                values.get("POSTERN_PASSWORD" + user));
    }

    void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        process.waitFor();
    }

    /// SIGTERM.
    ///
    /// @return the exit code
    int stop() throws InterruptedException {
        process.destroy();
        return process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
