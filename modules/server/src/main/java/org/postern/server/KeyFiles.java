package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The certificates and keys of a server, for its backups: what stands in `DATA/tls`, and what the configuration names.
final class KeyFiles {
    private final Supplier<Configuration> running;

    /// @param running the configuration as it is when it is asked for
    KeyFiles(Supplier<Configuration> running) {
        this.running = running;
    }

    /// By where they are restored to, below the data directory: those that the configuration names elsewhere to
    /// `certificates`.
    Map<String, Path> find() throws IOException {
        Map<String, Path> found = new LinkedHashMap<>();
        Configuration configuration = running.get();
        Path directory = configuration.dataDirectory();
        if (Files.isDirectory(directory.resolve("tls"))) {
            try (Stream<Path> files = Files.walk(directory.resolve("tls"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    found.put(directory.relativize(file).toString(), file);
                }
            }
        }
        for (String quickstart : List.of("quickstart.properties", "quickstart.env")) {
            if (Files.isRegularFile(directory.resolve(quickstart))) {
                found.put(quickstart, directory.resolve(quickstart));
            }
        }
        switch (configuration.certificates()) {
            case Configuration.Certificates.OwnAuthority _ -> {} // they are in DATA/tls
            case Configuration.Certificates.Files named -> {
                int number = 1;
                for (Configuration.Certificates.Pair pair : named.pairs()) {
                    found.put("certificates/" + number + "-" + pair.chain().getFileName(), pair.chain());
                    found.putIfAbsent(
                            "certificates/" + number + "-" + pair.key().getFileName(), pair.key());
                    number++;
                }
            }
        }
        return found;
    }
}
