package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.postern.files.DurableFile;
import org.postern.session.ListenerSettings.Security;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What clients may rely on, and some do for good once they have seen it (RFC 8314 §4.6): TLS versions, suites and
/// groups, implicit TLS, channel binding. It is written down, so that whoever offers less one day is told.
///
/// @param items one line each
record TlsOffer(SortedSet<String> items) {
    private static final Logger LOG = LoggerFactory.getLogger(TlsOffer.class);
    static final String FILE = "offered-tls";

    static TlsOffer of(Configuration configuration) {
        SortedSet<String> items = new TreeSet<>();
        TlsPolicy.versions(RetiredVersions.REFUSE).forEach(version -> items.add("version " + version));
        TlsPolicy.cipherSuites(RetiredVersions.REFUSE).forEach(suite -> items.add("suite " + suite));
        TlsPolicy.groups(configuration.tls().engine()).forEach(group -> items.add("group " + group));
        configuration.listeners().stream()
                .filter(listener -> listener.service().security == Security.IMPLICIT_TLS)
                .forEach(listener ->
                        items.add("implicit TLS " + listener.service().serviceName()));
        if (configuration.sasl().channelBinding()) {
            items.add("channel binding");
        }
        return new TlsOffer(items);
    }

    /// Warns of what was offered before and is not now, and writes down what is now.
    ///
    /// @param directory the data directory
    void compare(Path directory) {
        Path file = directory.resolve(FILE);
        try {
            List<String> before = Files.exists(file) ? Files.readAllLines(file) : List.of();
            List<String> missing = before.stream()
                    .filter(item -> !item.isBlank() && !items.contains(item))
                    .toList();
            if (!missing.isEmpty()) {
                LOG.warn(
                        "less is offered than before: {}. Clients that rely on it may refuse to connect (RFC 8314 §4.6)",
                        String.join(", ", missing));
            }
            if (!before.equals(List.copyOf(items))) {
                write(file);
            }
        } catch (IOException e) {
            LOG.warn("what is offered cannot be compared with what was: {}", e.toString());
        }
    }

    private void write(Path file) throws IOException {
        DurableFile.replace(file, String.join("\n", items) + "\n");
    }
}
