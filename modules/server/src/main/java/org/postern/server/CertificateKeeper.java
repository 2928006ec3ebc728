package org.postern.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.store.Accounts;
import org.postern.tls.CertificateAuthority;
import org.postern.tls.CertificateNames;
import org.postern.tls.PemFiles;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsConfigurationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what is served in step with the domains, the listeners, the files and the calendar: looks at
/// them at the start, whenever a domain comes or goes, and twice a day. What cannot be used never
/// replaces what can.
final class CertificateKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CertificateKeeper.class);
    private static final Duration INTERVAL = Duration.ofHours(12);

    private volatile Configuration configuration;
    private final Path directory;
    private final Accounts accounts;
    private final ServedCertificates served;
    /// What was good last, by chain and key file. Guarded by this.
    private final Map<List<Path>, ServedCertificate> good = new HashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());

    /// @throws TlsConfigurationException where nothing can be served: the server must not start
    CertificateKeeper(Configuration configuration, Path directory, Accounts accounts) {
        this.configuration = configuration;
        this.directory = directory;
        this.accounts = accounts;
        this.served = new ServedCertificates(prepare(configuration));
        timer.scheduleWithFixedDelay(this::refresh, INTERVAL.toMinutes(), INTERVAL.toMinutes(), TimeUnit.MINUTES);
    }

    ServedCertificates served() {
        return served;
    }

    /// What clients are given to trust; empty where certificates come from outside.
    Optional<Path> authorityFile() {
        return configuration.certificates() instanceof Certificates.OwnAuthority
                ? Optional.of(directory.resolve("ca.pem"))
                : Optional.empty();
    }

    /// The PEM files that something else keeps.
    List<Path> files() {
        return configuration.certificates() instanceof Certificates.Files files
                ? files.pairs().stream()
                        .flatMap(pair -> Stream.of(pair.chain(), pair.key()))
                        .distinct()
                        .toList()
                : List.of();
    }

    /// Looks again; an error is logged, and what was served before is served on.
    synchronized void refresh() {
        try {
            served.replace(
                    switch (configuration.certificates()) {
                        case Certificates.OwnAuthority _ -> prepare(configuration);
                        case Certificates.Files files -> renewed(files.pairs());
                    });
        } catch (RuntimeException unusable) {
            LOG.error("certificates stay as they are: {}", unusable.getMessage());
        }
    }

    /// Each pair as it is now, or as it was when it was good: one that cannot be used holds up no other.
    private List<ServedCertificate> renewed(List<Certificates.Pair> pairs) {
        List<ServedCertificate> renewed = new ArrayList<>();
        for (Certificates.Pair pair : pairs) {
            try {
                renewed.addAll(load(List.of(pair)));
                good.put(List.of(pair.chain(), pair.key()), renewed.getLast());
            } catch (TlsConfigurationException unusable) {
                ServedCertificate before = good.get(List.of(pair.chain(), pair.key()));
                if (before == null) {
                    throw unusable;
                }
                LOG.error("what was served before is served on: {}", unusable.getMessage());
                renewed.add(before);
            }
        }
        return renewed;
    }

    /// What would be served with a configuration.
    ///
    /// @throws TlsConfigurationException where any of it cannot be used
    synchronized List<ServedCertificate> prepare(Configuration next) {
        return switch (next.certificates()) {
            case Certificates.OwnAuthority own -> {
                CertificateNames names = names(next, own);
                yield List.of(CertificateAuthority.open(directory, names).serverCertificate(names));
            }
            case Certificates.Files files -> {
                List<ServedCertificate> loaded = load(files.pairs());
                for (int index = 0; index < loaded.size(); index++) {
                    Certificates.Pair pair = files.pairs().get(index);
                    good.put(List.of(pair.chain(), pair.key()), loaded.get(index));
                }
                yield loaded;
            }
        };
    }

    /// Serves from now on what was prepared.
    synchronized void take(Configuration next, List<ServedCertificate> prepared) {
        configuration = next;
        served.replace(prepared);
    }

    static List<ServedCertificate> load(List<Certificates.Pair> pairs) {
        List<ServedCertificate> loaded = new ArrayList<>();
        for (Certificates.Pair pair : pairs) {
            try {
                loaded.add(PemFiles.load(pair.chain(), pair.key()));
            } catch (TlsConfigurationException e) {
                throw new TlsConfigurationException(pair.origin().orElse("") + e.getMessage(), e);
            }
        }
        return loaded;
    }

    /// Hosts and mail domains, and an SRV-ID for each service that listens (SEED-41).
    private CertificateNames names(Configuration configuration, Certificates.OwnAuthority own) {
        Set<String> hosts = new LinkedHashSet<>();
        hosts.add(configuration.host());
        hosts.addAll(own.hosts());
        Set<String> services = new LinkedHashSet<>();
        for (Listener listener : configuration.listeners()) {
            if (listener.service().forClients()) {
                services.add(listener.service().serviceName());
            }
        }
        return new CertificateNames(List.copyOf(hosts), own.addresses(), accounts.domains(), List.copyOf(services));
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
