package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// A mixin of the commands that talk to a running server: where it is, and the conversation.
final class RunningServer {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "the server's data directory (default: that of the configuration, else ./postern-data)")
    private @Nullable Path directory;

    @Option(names = "--config", paramLabel = "FILE", description = "the server's configuration")
    private @Nullable Path configuration;

    @Mixin
    private Output output = new Output();

    /// Asks, and shows the answer.
    ///
    /// @param text the answer for people, each line ended
    /// @return the exit code
    <A extends Answer> int ask(Request request, Class<A> type, Function<A, String> text) {
        return ask(request, new byte[0], type, text);
    }

    /// @param secret goes beside the request; wiped
    <A extends Answer> int ask(Request request, byte[] secret, Class<A> type, Function<A, String> text) {
        Path socket = socket();
        JsonNode answer;
        try (ProgressDisplay progress = output.progress()) {
            answer = ControlClient.ask(socket, request, secret, progress);
        } catch (IOException e) {
            throw unreachable(socket, e);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
        output.show(answer, type, text);
        return Main.DONE;
    }

    private static StartException unreachable(Path socket, IOException e) {
        return new StartException(
                "the server on " + socket.getParent() + " does not answer: " + e.getMessage()
                        + "; is it running, and are you its user or root?",
                e);
    }

    /// Has a conversation; its own failures are the caller's to tell.
    <T> T converse(Request request, ControlClient.Conversation<T> conversation) throws IOException {
        return ControlClient.converse(socket(), request, conversation);
    }

    Output output() {
        return output;
    }

    private Path socket() {
        Path data = directory();
        Path socket = data.resolve(ControlSocket.FILE);
        if (!Files.exists(socket)) {
            throw new StartException("no server runs on " + data
                    + " (there is no control.sock): start it, or name its directory with --data");
        }
        return socket;
    }

    private Path directory() {
        if (directory != null) {
            return directory;
        }
        Path file = configuration == null ? Path.of(ConfigurationFile.DEFAULT) : configuration;
        if (configuration != null || (Files.exists(file) && !Files.isDirectory(Path.of("postern-data")))) {
            return ConfigurationReader.read(file, System.getenv()).dataDirectory();
        }
        return Path.of("postern-data");
    }
}
