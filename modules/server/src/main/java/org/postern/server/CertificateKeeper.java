package org.postern.server;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
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

    private final Configuration configuration;
    private final Path directory;
    private final Accounts accounts;
    private final ServedCertificates served;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());

    /// @throws TlsConfigurationException where nothing can be served: the server must not start
    CertificateKeeper(Configuration configuration, Path directory, Accounts accounts) {
        this.configuration = configuration;
        this.directory = directory;
        this.accounts = accounts;
        this.served = new ServedCertificates(current());
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

    /// Looks again; an error is logged, and what was served before is served on.
    void refresh() {
        try {
            served.replace(current());
        } catch (RuntimeException unusable) {
            LOG.error("certificates stay as they are: {}", unusable.getMessage());
        }
    }

    private synchronized List<ServedCertificate> current() {
        return switch (configuration.certificates()) {
            case Certificates.OwnAuthority own -> {
                CertificateNames names = names(own);
                yield List.of(CertificateAuthority.open(directory, names).serverCertificate(names));
            }
            case Certificates.Files files -> load(files.pairs());
        };
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
    private CertificateNames names(Certificates.OwnAuthority own) {
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
