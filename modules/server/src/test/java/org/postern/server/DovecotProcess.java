package org.postern.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.postern.testkit.Programs;
import org.postern.testkit.WireClient;

/// Debian's Dovecot with directories of its own and no privilege. What it serves is for its user to configure.
final class DovecotProcess implements Closeable {
    final Path directory;
    final String user;
    final String group;
    private final boolean root = System.getProperty("user.name").equals("root");
    private Process process;

    /// Makes the directories; [#start] starts it.
    DovecotProcess() throws IOException, InterruptedException {
        Programs.requireAnywhere("dovecot");
        // not in JUnit's directory: that is for our own user, and Dovecot refuses to serve mail as root
        directory = Files.createTempDirectory("postern-dovecot-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        user = root ? "nobody" : System.getProperty("user.name");
        group = root ? "nogroup" : output("id", "-gn").strip();
    }

    /// Starts it, and returns when it accepts connections at `address`.
    ///
    /// @param configuration what it needs beside directories, users and its log
    void start(String configuration, InetSocketAddress address) throws IOException, InterruptedException {
        Path file = Files.writeString(
                directory.resolve("dovecot.conf"), """
                base_dir = %1$s/run
                state_dir = %1$s/state
                log_path = %1$s/dovecot.log
                default_internal_user = %2$s
                default_internal_group = %3$s
                default_login_user = %2$s
                first_valid_uid = 1
                first_valid_gid = 1
                service anvil {
                  chroot =
                }
                service stats {
                  chroot =
                }
                """.formatted(directory, user, group) + configuration);
        List<String> command = new ArrayList<>();
        if (root) {
            output("chown", "-R", user + ":" + group, directory.toString());
            command.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups"));
        }
        command.addAll(List.of(Programs.requireAnywhere("dovecot").toString(), "-F", "-c", file.toString()));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output").toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                WireClient.plain(address).close();
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            "Dovecot does not start: " + log() + Files.readString(directory.resolve("output")), e);
                }
                process.waitFor(50, TimeUnit.MILLISECONDS); // until it ends, or a little
            }
        }
    }

    /// Gives it files that somebody else has put below its directory.
    void takeOver(Path path) throws IOException, InterruptedException {
        if (root) {
            output("chown", "-R", user + ":" + group, path.toString());
        }
    }

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    String log() {
        try {
            return Files.readString(directory.resolve("dovecot.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Ends the server; its directory stays until [#close].
    void stop() {
        if (process != null) {
            process.destroy();
            process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }

    @Override
    public void close() throws IOException {
        stop();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
