package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// A mixin of the commands that need room for copies.
final class Scratch {
    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description =
                    "where to make copies that are removed in the end (default: the system's directory for these)")
    private @Nullable Path parent;

    /// An empty directory, removed when it is closed.
    record Place(Path path) implements AutoCloseable {
        @Override
        public void close() {
            try (Stream<Path> files = Files.walk(path)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove " + path, e);
            }
        }
    }

    /// Readable by its owner alone.
    Place make() throws IOException {
        return new Place(
                parent == null
                        ? Files.createTempDirectory("postern-scratch")
                        : Files.createTempDirectory(parent, "postern-scratch"));
    }
}
