package org.postern.server;

import java.util.List;

/// A configuration that cannot be used. Each problem names file and line, or the environment variable, and what is
/// expected there.
final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> problems;

    ConfigurationException(List<String> problems) {
        super(String.join(System.lineSeparator(), problems));
        this.problems = List.copyOf(problems);
    }

    List<String> problems() {
        return problems;
    }
}
