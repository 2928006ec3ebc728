package org.postern.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/// The configuration of a running server, and how another takes its place: as a whole or not at all.
final class LiveConfiguration {
    private final Path file;
    private final Map<String, String> environment;
    private Configuration running;
    /// Those that the server runs with, which differ from the file's where a restart is waited for.
    private final SortedMap<String, String> settings;

    private LiveConfiguration(Path file, Map<String, String> environment, ConfigurationReader.Loaded loaded) {
        this.file = file;
        this.environment = environment;
        this.running = loaded.configuration();
        this.settings = new TreeMap<>(loaded.settings());
    }

    /// @throws ConfigurationException with every problem found
    static LiveConfiguration read(Path file, Map<String, String> environment) {
        return new LiveConfiguration(file, environment, ConfigurationReader.load(file, environment));
    }

    Path file() {
        return file;
    }

    synchronized Configuration running() {
        return running;
    }

    /// Reads the file again.
    ///
    /// @param take makes the server run with a configuration, and says which listeners go later; or throws
    ///     [RequestRefused] with all as before
    /// @throws RequestRefused naming file and line
    synchronized Answer.Reloaded reload(Function<Configuration, List<Answer.Closing>> take) {
        ConfigurationReader.Loaded next;
        try {
            next = ConfigurationReader.load(file, environment);
        } catch (ConfigurationException unusable) {
            throw new RequestRefused(
                    "the configuration cannot be used, the running one stays: "
                            + String.join(System.lineSeparator(), unusable.problems()),
                    Main.CONFIGURATION);
        }
        List<String> applied = new ArrayList<>();
        List<String> waiting = new ArrayList<>();
        for (String setting : changed(next.settings())) {
            if (isTaken(setting, next.configuration())) {
                applied.add(setting);
            } else {
                waiting.add(setting);
            }
        }
        Configuration wanted = next.configuration().withFixedPartsOf(running);
        List<Answer.Closing> closing = take.apply(wanted);
        running = wanted;
        for (String setting : applied) {
            String value = next.settings().get(setting);
            if (value == null) {
                settings.remove(setting);
            } else {
                settings.put(setting, value);
            }
        }
        return new Answer.Reloaded(applied, waiting, closing);
    }

    private boolean isTaken(String setting, Configuration next) {
        // whether there is a name server at all depends on where it listens
        boolean possible = !setting.startsWith("nameserver.")
                || (running.nameServer().isPresent() && next.nameServer().isPresent());
        return possible && ConfigurationReader.isLive(setting);
    }

    private Set<String> changed(Map<String, String> next) {
        Set<String> names = new TreeSet<>(settings.keySet());
        names.addAll(next.keySet());
        names.removeIf(name -> Objects.equals(settings.get(name), next.get(name)));
        return names;
    }
}
