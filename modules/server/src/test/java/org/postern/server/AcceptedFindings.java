package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.postern.server.Configuration.Service;

/// What scanners object to and why it is left so: `scanners/accepted-findings.txt`. One that is not there fails, and so
/// does one that is there and is not found any more, unless it comes and goes.
final class AcceptedFindings {
    private static final String FILE = "/scanners/accepted-findings.txt";

    private record Accepted(String scanner, Set<String> listeners, boolean sometimes, String finding) {
        boolean concerns(String otherScanner, Service service) {
            return scanner.equals(otherScanner)
                    && (listeners.contains("*") || listeners.contains(service.serviceName()));
        }
    }

    private final List<Accepted> accepted = new ArrayList<>();

    AcceptedFindings() throws IOException {
        for (String line : lines(FILE)) {
            String[] fields = line.split("\\s*\\|\\s*", -1);
            assertThat(fields).as("a line of %s: %s", FILE, line).hasSize(5).noneMatch(String::isBlank);
            assertThat(fields[2]).isIn("always", "sometimes");
            accepted.add(new Accepted(
                    fields[0],
                    Set.copyOf(Arrays.asList(fields[1].split(" "))),
                    fields[2].equals("sometimes"),
                    fields[3]));
        }
    }

    /// Without comments and empty lines.
    static List<String> lines(String resource) throws IOException {
        try (InputStream in = Objects.requireNonNull(AcceptedFindings.class.getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        }
    }

    void check(String scanner, Service service, Set<String> findings) {
        Set<String> expected = new TreeSet<>();
        for (Accepted each : accepted) {
            if (each.concerns(scanner, service) && (!each.sometimes() || findings.contains(each.finding()))) {
                expected.add(each.finding());
            }
        }
        assertThat(new TreeSet<>(findings))
                .as("what %s objects to on %s, against %s", scanner, service.serviceName(), FILE)
                .isEqualTo(expected);
    }
}
