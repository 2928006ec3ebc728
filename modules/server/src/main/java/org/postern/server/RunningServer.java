package org.postern.server;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.ToIntFunction;
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

    /// @param exitCode what the answer means for whoever called the command
    <A extends Answer> int ask(Request request, Class<A> type, Function<A, String> text, ToIntFunction<A> exitCode) {
        JsonNode answer = answer(request, new byte[0]);
        output.show(answer, type, text);
        return exitCode.applyAsInt(Json.MAPPER.treeToValue(answer, type));
    }

    /// @param secret goes beside the request; wiped
    <A extends Answer> int ask(Request request, byte[] secret, Class<A> type, Function<A, String> text) {
        output.show(answer(request, secret), type, text);
        return Main.DONE;
    }

    /// Asks what the command itself needs to know.
    <A extends Answer> A ask(Request request, Class<A> type) {
        return Json.MAPPER.treeToValue(answer(request, new byte[0]), type);
    }

    private JsonNode answer(Request request, byte[] secret) {
        Path socket = socket();
        try (ProgressDisplay progress = output.progress()) {
            return ControlClient.ask(socket, request, secret, progress);
        } catch (IOException e) {
            throw unreachable(socket, e);
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
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

    private Path socket() {
        Path data = directory();
        Path socket = data.resolve(ControlSocket.FILE);
        if (!Files.exists(socket)) {
            throw new StartException("no server runs on " + data
                    + " (there is no control.sock): start it, or name its directory with --data");
        }
        return socket;
    }

    /// True where a server answers; what a dead one has left does not.
    boolean isThere() {
        Path socket = directory().resolve(ControlSocket.FILE);
        if (!Files.exists(socket)) {
            return false;
        }
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    Output output() {
        return output;
    }

    Path directory() {
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
