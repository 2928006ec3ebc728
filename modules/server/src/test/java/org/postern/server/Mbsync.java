package org.postern.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.postern.testkit.Programs;

/// mbsync with a Maildir of its own: alice's client that keeps everything.
final class Mbsync {
    private final Path home;
    private final Path maildir;
    private final String mechanism;
    private final String channel;

    Mbsync(Path home) throws IOException {
        this(home, "*", "Expunge Both");
    }

    /// @param mechanism of SASL, or * for what it likes best
    /// @param channel options of the channel, beside those that every one has
    Mbsync(Path home, String mechanism, String... channel) throws IOException {
        this.mechanism = mechanism;
        this.channel = String.join("\n", channel);
        Programs.require("mbsync");
        this.home = Files.createDirectories(home);
        this.maildir = Files.createDirectories(home.resolve("Maildir"));
    }

    void sync(ServerFixture fixture) throws IOException, InterruptedException {
        sync(fixture.port(Configuration.Service.IMAPS), fixture.authority);
    }

    void sync(int port, Path authority) throws IOException, InterruptedException {
        Path file = Files.writeString(home.resolve("mbsyncrc"), """
                IMAPAccount server
                Host localhost
                Port %d
                User %s
                Pass %s
                AuthMechs %s
                SSLType IMAPS
                CertificateFile %s

                IMAPStore far
                Account server

                MaildirStore near
                Path %s/
                Inbox %s/INBOX
                SubFolders Verbatim

                Channel both
                Far :far:
                Near :near:
                Patterns *
                Create Both
                %s
                SyncState *
                """.formatted(
                port, ServerFixture.ALICE, ServerFixture.PASSWORD, mechanism, authority, maildir, maildir, channel));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        ProcessBuilder builder =
                new ProcessBuilder("timeout", "300", "mbsync", "-c", file.toString(), "-a").redirectErrorStream(true);
        builder.environment().put("HOME", home.toString());
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), ISO_8859_1);
        assertThat(process.waitFor()).as(output).isZero();
    }

    /// Each message file with its time: one that was downloaded again has another name.
    Map<String, Long> files() throws IOException {
        Map<String, Long> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(maildir)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String kind = file.getParent().getFileName().toString();
                if (kind.equals("cur") || kind.equals("new")) {
                    found.put(
                            maildir.relativize(file).toString(),
                            Files.getLastModifiedTime(file).toMillis());
                }
            }
        }
        return found;
    }
}
