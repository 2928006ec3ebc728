package org.postern.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// This checkout's Postern, as bin/postern starts it.
final class PosternUnderTest implements ServerUnderTest {
    private final String engine;
    private final int port;
    private final Process process;

    /// @param engine for `tls.engine`
    PosternUnderTest(Path root, Path directory, String engine, ServerKey key) throws IOException, InterruptedException {
        this.engine = engine;
        port = ImapClient.freePort();
        Path configuration = Files.writeString(directory.resolve("postern.conf"), """
                server { host = "localhost", data-directory = "%1$s", addresses = ["127.0.0.1"] }
                listeners {
                  imap.enabled = false, pop3s.enabled = false, pop3.enabled = false
                  submissions.enabled = false, submission.enabled = false
                  imaps.port = %2$d
                }
                tls { engine = "%3$s", certificates = "files", files = [{ chain = "%4$s", key = "%5$s" }] }
                limits { connections = 20000, connections-per-address = 20000, connections-per-account = 20000 }
                sessions { before-login = 10 minutes, until-login = 10 minutes }
                log.level = "warn"
                """.formatted(
                        directory.resolve("data"), port, engine, key.certificate(), key.key()));
        String postern = root.resolve("bin/postern").toString();
        process = new ProcessBuilder(postern, "serve", "--config", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        try {
            ImapClient.await(port, process::isAlive);
        } catch (IOException failed) {
            throw new IOException(Files.readString(directory.resolve("log"), UTF_8), failed);
        }
        List<String> data = List.of("--data", directory.resolve("data").toString());
        Programs.run(Stream.of(List.of(postern, "domain", "add", "example.test"), data), "");
        Programs.run(Stream.of(List.of(postern, "account", "add", USER), data), PASSWORD + "\n");
    }

    @Override
    public String name() {
        return "Postern, " + engine;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public ProcessTree processes() {
        return new ProcessTree(process.toHandle());
    }

    @Override
    public void close() {
        processes().stop();
    }
}
