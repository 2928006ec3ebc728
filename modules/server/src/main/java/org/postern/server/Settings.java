package org.postern.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The settings of a configuration file, read one by one with their kinds and bounds. What is wrong with one is kept as
/// a
/// problem with its file and line, and the default stands in for it; what was never read is no setting.
final class Settings {
    private static final Pattern HOST =
            Pattern.compile("(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");

    private final Config config;
    private final Path file;
    private final List<String> problems;
    private final Set<String> known = new LinkedHashSet<>();

    /// @param problems that there are already
    Settings(Config config, Path file, List<String> problems) {
        this.config = config;
        this.file = file;
        this.problems = new ArrayList<>(problems);
    }

    List<String> problems() {
        return problems;
    }

    /// One that is no single setting's.
    ///
    /// @param text with its place
    void problem(String text) {
        problems.add(text);
    }

    /// A list of objects; empty where it is not set.
    ///
    /// @param form of an entry, for whoever wrote something else
    List<? extends ConfigObject> objects(String path, String form) {
        if (!config.hasPath(path)) {
            return List.of();
        }
        known.add(path);
        try {
            return config.getObjectList(path);
        } catch (ConfigException.WrongType wrong) {
            problems.add(place(wrong.origin()) + path + " is a list of " + form);
            return List.of();
        }
    }

    /// Where it stands, as the beginning of a problem.
    String place(ConfigOrigin origin) {
        return at(file, origin);
    }

    /// The file alone, as the beginning of a problem.
    String place() {
        return file + ": ";
    }

    <T> T value(String path, T otherwise, Function<Config, T> read) {
        known.add(path);
        if (!config.hasPath(path)) {
            return otherwise;
        }
        try {
            return read.apply(config);
        } catch (ConfigException.WrongType | ConfigException.BadValue wrong) {
            String message = String.valueOf(wrong.getMessage());
            // "file: 3: path has type X rather than Y": the place is said already
            int start = message.indexOf(path);
            problems.add(origin(path)
                    + (start < 0
                            ? path + ": " + message
                            : message.substring(start).replaceFirst("^([^ ]+)':", "$1:")));
        } catch (IllegalArgumentException wrong) {
            problems.add(origin(path) + path + ": " + wrong.getMessage());
        }
        return otherwise;
    }

    String text(String path, String otherwise) {
        return value(path, otherwise, from -> from.getString(path));
    }

    String required(String path, String meaning, Function<String, String> check) {
        if (!config.hasPath(path)) {
            known.add(path);
            problems.add(file + ": " + path + " is missing: " + meaning);
            return "";
        }
        return value(path, "", from -> check.apply(from.getString(path)));
    }

    Optional<String> optional(String path, Function<String, String> check) {
        return value(
                path,
                Optional.empty(),
                from -> Optional.of(from.getString(path))
                        .filter(text -> !text.isEmpty())
                        .map(check));
    }

    boolean flag(String path, boolean otherwise) {
        return value(path, otherwise, from -> from.getBoolean(path));
    }

    int number(String path, int otherwise, int least, int most) {
        return value(path, otherwise, from -> {
            int number = from.getInt(path);
            if (number < least || number > most) {
                throw new IllegalArgumentException(number + " is not from " + least + " to " + most);
            }
            return number;
        });
    }

    long octets(String path, long otherwise, long least, long most) {
        return value(path, otherwise, from -> {
            long octets = from.getBytes(path);
            if (octets < least || octets > most) {
                throw new IllegalArgumentException(octets + " octets are not from " + least + " to " + most);
            }
            return octets;
        });
    }

    Duration duration(String path, Duration otherwise, Duration least) {
        return value(path, otherwise, from -> {
            Duration duration = from.getDuration(path);
            if (duration.compareTo(least) < 0 || duration.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException("is not from " + least.toSeconds() + " s to "
                        + Duration.ofDays(1).toHours() + " h");
            }
            return duration;
        });
    }

    String oneOf(String path, String otherwise, Set<String> allowed) {
        return value(path, otherwise, from -> {
            String text = from.getString(path);
            if (!allowed.contains(text)) {
                throw new IllegalArgumentException("'" + text + "' is none of "
                        + String.join(", ", allowed.stream().sorted().toList()));
            }
            return text;
        });
    }

    static Path absolute(String text) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("'" + text + "' is no absolute path");
        }
        return path;
    }

    <T> List<T> list(String path, List<String> otherwise, Function<String, T> convert) {
        return value(
                path,
                otherwise.stream().map(convert).toList(),
                from -> from.getStringList(path).stream().map(convert).toList());
    }

    /// An A-label name.
    static boolean isHost(String name) {
        return HOST.matcher(name).matches();
    }

    static String host(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        if (!isHost(name)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no host name in its ASCII form (A-labels, xn--… for others)");
        }
        return name;
    }

    static InetAddress address(String text) {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no IPv4 or IPv6 address", e);
        }
    }

    String origin(String path) {
        return at(file, config.getValue(path).origin());
    }

    static String at(Path file, @Nullable ConfigOrigin origin) {
        if (origin == null || (origin.lineNumber() < 0 && !origin.description().startsWith("environment"))) {
            return file + ": ";
        }
        return origin.description().startsWith("environment")
                ? origin.description() + ": "
                : file + ":" + origin.lineNumber() + ": ";
    }

    void findUnknownKeys() {
        for (Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            String path = entry.getKey().replace("\"", "");
            if (!known.contains(path)) {
                problems.add(at(file, entry.getValue().origin()) + path + " is no setting" + similar(path));
            }
        }
    }

    private String similar(String path) {
        String last = path.substring(path.lastIndexOf('.') + 1);
        return known.stream()
                .filter(key -> key.endsWith("." + last) || distance(key, path) <= 3)
                .findFirst()
                .map(key -> "; is " + key + " meant?")
                .orElse("");
    }

    /// Levenshtein's.
    private static int distance(String left, String right) {
        int[] row = new int[right.length() + 1];
        Arrays.setAll(row, index -> index);
        for (int i = 1; i <= left.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.length(); j++) {
                int changed = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[right.length()];
    }
}
