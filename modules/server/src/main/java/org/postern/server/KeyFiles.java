package org.postern.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.postern.tls.PemDirectory;
import org.postern.tls.PemPair;

/// What a server needs besides its store, for its backups: certificates and keys in `DATA/tls` and where the
/// configuration names them, zones with their DNSSEC keys in `DATA/nameserver`, TSIG keys, the journals of
/// updates and what else is known of published records, and the configuration file.
final class KeyFiles {
    private final Supplier<Configuration> running;
    private final Optional<Path> configurationFile;

    /// @param running the configuration as it is when it is asked for
    KeyFiles(Supplier<Configuration> running, Optional<Path> configurationFile) {
        this.running = running;
        this.configurationFile = configurationFile;
    }

    /// By where they are restored to, below the data directory: those that the configuration names elsewhere to
    /// `certificates`, the configuration itself to `configuration`.
    Map<String, Path> find() throws IOException {
        Map<String, Path> found = new LinkedHashMap<>();
        Configuration configuration = running.get();
        Path directory = configuration.dataDirectory();
        for (String part : List.of("tls", NameServerManagement.DIRECTORY, DnsPublishers.JOURNALS)) {
            if (Files.isDirectory(directory.resolve(part))) {
                try (Stream<Path> files = Files.walk(directory.resolve(part))) {
                    for (Path file : files.filter(Files::isRegularFile)
                            .filter(file -> !file.toString().endsWith(".new")) // just being written
                            .toList()) {
                        found.put(directory.relativize(file).toString(), file);
                    }
                }
            }
        }
        // what is published, and may stay so while what it leads to is not back yet
        for (String file : List.of("dns/published.json", "dns/groups.json")) {
            if (Files.isRegularFile(directory.resolve(file))) {
                found.put(file, directory.resolve(file));
            }
        }
        for (DnsSettings.Zone zone : configuration.dns().zones()) {
            if (zone.by() instanceof DnsSettings.Way.Update by) {
                by.secretFile()
                        .filter(Files::isRegularFile)
                        .ifPresent(file -> found.putIfAbsent("configuration/dns/" + file.getFileName(), file));
            }
        }
        for (Path file :
                configuration.nameServer().map(Configuration.NameServer::files).orElse(List.of())) {
            if (Files.isRegularFile(file)) {
                found.putIfAbsent("configuration/nameserver/" + file.getFileName(), file);
            }
        }
        for (String quickstart : List.of("quickstart.properties", "quickstart.env")) {
            if (Files.isRegularFile(directory.resolve(quickstart))) {
                found.put(quickstart, directory.resolve(quickstart));
            }
        }
        configurationFile
                .filter(Files::isRegularFile)
                .ifPresent(file -> found.put("configuration/" + file.getFileName(), file));
        switch (configuration.certificates()) {
            case Configuration.Certificates.OwnAuthority _,
                    Configuration.Certificates.Acme _ -> {} // they are in DATA/tls
            case Configuration.Certificates.Files named -> {
                int number = 1;
                for (PemPair pair : pairs(named)) {
                    found.put("certificates/" + number + "-" + pair.chain().getFileName(), pair.chain());
                    found.putIfAbsent(
                            "certificates/" + number + "-" + pair.key().getFileName(), pair.key());
                    number++;
                }
            }
        }
        return found;
    }

    private static List<PemPair> pairs(Configuration.Certificates.Files named) {
        List<PemPair> pairs = new ArrayList<>();
        named.pairs().forEach(pair -> pairs.add(pair.files()));
        for (Path directory : named.directories()) {
            if (Files.isDirectory(directory)) {
                pairs.addAll(PemDirectory.pairs(directory));
            }
        }
        pairs.removeIf(pair -> !Files.isRegularFile(pair.chain()) || !Files.isRegularFile(pair.key()));
        return pairs;
    }
}
