package org.postern.server;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/// A mixin of the commands that read the configuration themselves: those that start a server, and those that work
/// without one.
final class ConfigurationFile {
    static final String DEFAULT = "conf/postern.conf";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = DEFAULT,
            description = "the configuration (default: ${DEFAULT-VALUE})")
    private Path file = Path.of(DEFAULT);

    Path file() {
        return file;
    }

    Configuration read() {
        return ConfigurationReader.read(file, System.getenv());
    }
}
