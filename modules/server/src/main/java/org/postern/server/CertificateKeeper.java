package org.postern.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.postern.acme.AcmeAccount;
import org.postern.acme.AcmeCertificates;
import org.postern.acme.AcmeFailedException;
import org.postern.acme.ChallengeKind;
import org.postern.acme.DnsPublisher;
import org.postern.dns.TlsaParameters;
import org.postern.identity.PresentedIdentifiers;
import org.postern.identity.TrustAnchors;
import org.postern.server.Configuration.Certificates;
import org.postern.server.Configuration.Listener;
import org.postern.store.Accounts;
import org.postern.tls.ActivationGate;
import org.postern.tls.CertificateAuthority;
import org.postern.tls.CertificateNames;
import org.postern.tls.ClientRequest;
import org.postern.tls.InstalledCertificates;
import org.postern.tls.PemDirectory;
import org.postern.tls.PemFiles;
import org.postern.tls.PemPair;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsConfigurationException;
import org.postern.tls.UnknownServerName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps what is served in step with the domains, the listeners, the files and the calendar: looks at
/// them at the start, whenever a domain comes or goes, and twice a day. What cannot be used never
/// replaces what can.
final class CertificateKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CertificateKeeper.class);
    private static final Duration INTERVAL = Duration.ofHours(12);

    /// A certificate, and where it comes from: `own-authority`, or the file that holds it.
    record Kept(ServedCertificate served, String source) {}

    private volatile Configuration configuration;
    private final Path directory;
    private final InstalledCertificates installed;
    private final Accounts accounts;
    private final ServedCertificates served;
    private final CertificateWatch watch;
    private final AcmeCertificates acme;
    private final ActivationGate gate;
    private final GatedCertificates gated;
    private volatile List<Kept> kept;
    private volatile List<GatedCertificates.Waiting> waiting = List.of();
    private volatile Set<String> problems = Set.of();
    private volatile List<String> waits = List.of();
    private volatile Runnable changed = () -> {};
    private Instant again = Instant.EPOCH; // guarded by this
    /// What was good last. Guarded by this.
    private final Map<PemPair, ServedCertificate> good = new HashMap<>();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("certificates").factory());

    /// @param gate at which certificates with new keys wait
    /// @param records who publishes records for ACME
    /// @throws TlsConfigurationException where nothing can be served: the server must not start
    CertificateKeeper(
            Configuration configuration,
            Path directory,
            Accounts accounts,
            ClientRequest clients,
            ActivationGate gate,
            Optional<DnsPublisher> records) {
        this.configuration = configuration;
        this.directory = directory;
        this.installed = new InstalledCertificates(directory);
        this.accounts = accounts;
        this.acme = new AcmeCertificates(directory.resolve("acme"), records, this::refresh);
        this.gate = gate;
        this.gated = new GatedCertificates(directory.resolve("served"), gate);
        this.kept = gated.before();
        List<Kept> first = prepare(configuration);
        this.served = new ServedCertificates(List.of(), configuration.unknownSni(), clients);
        watch = new CertificateWatch(this);
        synchronized (this) {
            use(first, problems);
        }
        order();
        timer.scheduleWithFixedDelay(watch::look, 0, CertificateWatch.INTERVAL.toMinutes(), TimeUnit.MINUTES);
        timer.scheduleWithFixedDelay(this::refresh, INTERVAL.toMinutes(), INTERVAL.toMinutes(), TimeUnit.MINUTES);
    }

    private static List<ServedCertificate> certificates(List<Kept> kept) {
        return kept.stream().map(Kept::served).toList();
    }

    ServedCertificates served() {
        return served;
    }

    /// @param listener called whenever what is served may have changed; must not wait for anything
    void onChange(Runnable listener) {
        changed = listener;
    }

    /// What is served, the default first.
    List<Kept> kept() {
        return kept;
    }

    /// What may not be served yet.
    List<GatedCertificates.Waiting> waiting() {
        return waiting;
    }

    /// What could not be used at the last look, or not yet, one line each.
    Set<String> problems() {
        Set<String> all = new LinkedHashSet<>(problems);
        all.addAll(waits);
        return all;
    }

    /// What clients are given to trust; empty where certificates come from outside.
    Optional<Path> authorityFile() {
        return configuration.certificates() instanceof Certificates.OwnAuthority
                ? Optional.of(directory.resolve("ca.pem"))
                : Optional.empty();
    }

    /// Certificates that were installed by command. One is served before any other of the same name.
    private Path installed() {
        return installed.directory();
    }

    /// Those that an operator brings.
    InstalledCertificates installedCertificates() {
        return installed;
    }

    /// The own authority's certificate, where there is one.
    Optional<X509Certificate> authority() {
        return authorityFile().filter(Files::exists).map(PemFiles::certificate);
    }

    /// Those of the runtime, and the own one, which its clients are given.
    TrustAnchors anchors() {
        List<X509Certificate> all = new ArrayList<>(TrustAnchors.ofRuntime().certificates());
        authority().ifPresent(all::add);
        return new TrustAnchors(all);
    }

    /// Whether certificates are issued from here.
    boolean issues() {
        return !(configuration.certificates() instanceof Certificates.Files);
    }

    /// Has the own authority, or that of ACME, issue now; with no key that was given up.
    ///
    /// @throws RequestRefused where something else issues
    void issue() {
        if (configuration.certificates() instanceof Certificates.Acme) {
            try {
                acme.issue(gate::isGivenUp); // takes its time, and the lock when it is done
            } catch (AcmeFailedException failed) {
                throw new RequestRefused(String.valueOf(failed.getMessage()));
            }
        } else {
            issueHere();
        }
    }

    private synchronized void issueHere() {
        switch (configuration.certificates()) {
            case Certificates.OwnAuthority _ -> {
                CertificateNames names = names(configuration);
                CertificateAuthority authority = CertificateAuthority.open(directory, names);
                if (gate.isGivenUp(authority.nextKey())) {
                    authority.discardNextKey();
                }
                authority.issueNow(names);
                refresh();
            }
            case Certificates.Acme _ -> throw new IllegalStateException("ACME issues without this lock");
            case Certificates.Files _ ->
                throw new RequestRefused("certificates come from files here, Postern issues none: have them renewed by"
                        + " whatever keeps the files, or see certificate csr");
        }
    }

    /// What has to be named: hosts, mail domains, and the services that clients find by them.
    CertificateNames names() {
        return names(configuration);
    }

    /// The PEM files that something else keeps.
    List<Path> files() {
        Set<Path> files = new LinkedHashSet<>();
        List<Path> directories = new ArrayList<>(List.of(installed()));
        if (configuration.certificates() instanceof Certificates.Files named) {
            named.pairs().forEach(pair -> add(files, pair.files()));
            directories.addAll(named.directories());
        }
        for (Path each : directories) {
            files.add(each);
            try {
                if (Files.isDirectory(each)) {
                    PemDirectory.pairs(each).forEach(pair -> add(files, pair));
                }
            } catch (TlsConfigurationException gone) { // the next look sees it; told when it is loaded
                LOG.debug("{}", gone.getMessage());
            }
        }
        return List.copyOf(files);
    }

    private static void add(Set<Path> files, PemPair pair) {
        files.add(pair.chain());
        files.add(pair.key());
    }

    /// Looks again; an error is logged, and what was served before is served on.
    synchronized void refresh() {
        try {
            order();
            Look look = new Look(configuration, false);
            use(look.all(), look.problems);
        } catch (RuntimeException unusable) {
            LOG.error("certificates stay as they are: {}", unusable.getMessage());
        }
    }

    /// What would be served with a configuration.
    ///
    /// @throws TlsConfigurationException where any of it cannot be used
    synchronized List<Kept> prepare(Configuration next) {
        Look look = new Look(next, true);
        List<Kept> all = look.all();
        tell(look.problems);
        return all;
    }

    /// Serves from now on what was prepared.
    synchronized void take(Configuration next, List<Kept> prepared) {
        configuration = next;
        order();
        use(prepared, problems);
    }

    /// Names follow hosts and mail domains.
    private void order() {
        if (configuration.certificates() instanceof Certificates.Acme own) {
            acme.want(own.settings(), orderedNames(own));
        } else {
            acme.rest();
        }
    }

    /// How ACME goes, where certificates come from there.
    Optional<AcmeCertificates.Progress> acmeProgress() {
        return acme.progress();
    }

    /// The one authority, account and kind of proof by which names get certificates by ACME.
    ///
    /// @param names that certificates are ordered for
    record Ordering(AcmeAccount account, ChallengeKind challenge, List<String> names) {}

    /// Empty where certificates do not come from there, or none has been ordered yet.
    Optional<Ordering> ordering() {
        return configuration.certificates() instanceof Certificates.Acme own
                ? acme.account()
                        .map(account -> new Ordering(account, own.settings().challenge(), orderedNames(own)))
                : Optional.empty();
    }

    private List<String> orderedNames(Certificates.Acme own) {
        CertificateNames names = names(configuration);
        return own.mailDomains()
                ? Stream.concat(names.hosts().stream(), names.mailDomains().stream())
                        .distinct()
                        .toList()
                : names.hosts();
    }

    /// For a meter: attempts in a row that brought no certificate.
    OptionalInt acmeFailures() {
        return acme.failures();
    }

    private void use(List<Kept> next, Set<String> found) {
        UnknownServerName unknown = configuration.unknownSni();
        GatedCertificates.Choice choice = gated.choose(next, kept, unknown, Instant.now());
        tell(found);
        choice.problems().stream().filter(note -> !waits.contains(note)).forEach(note -> LOG.warn("{}", note));
        waits = choice.problems();
        waiting = choice.waiting();
        gated.keep(choice.serving(), unknown);
        kept = defaultFirst(choice.serving(), configuration.host());
        served.replace(certificates(kept), unknown);
        gated.served(next, kept, unknown, this::announced);
        choice.again().ifPresent(this::refreshAt);
        timer.execute(watch::look);
        changed.run();
    }

    /// A retained certificate ends then.
    private void refreshAt(Instant end) {
        if (again.isBefore(Instant.now()) || end.isBefore(again)) {
            again = end;
            timer.schedule(
                    this::refresh,
                    Math.max(1, Duration.between(Instant.now(), end).toMillis() + 1),
                    TimeUnit.MILLISECONDS);
        }
    }

    /// Keys that a host is to show later.
    private List<PublicKey> announced(String host) {
        CertificateNames names = names(configuration);
        return switch (configuration.certificates()) {
            case Certificates.OwnAuthority _ ->
                names.identifiers().coversDnsName(host)
                        ? List.of(CertificateAuthority.open(directory, names).nextKey())
                        : List.of();
            case Certificates.Acme _ -> names.identifiers().coversDnsName(host) ? acme.nextKeys() : List.of();
            case Certificates.Files _ -> List.of();
        };
    }

    /// What there is to say of what is served.
    CertificateWatch watch() {
        return watch;
    }

    private void tell(Set<String> found) {
        found.stream().filter(problem -> !problems.contains(problem)).forEach(problem -> LOG.error("{}", problem));
        problems = Set.copyOf(found);
    }

    /// Who sends no SNI typed the server's own name, most likely.
    private static List<Kept> defaultFirst(List<Kept> found, String host) {
        List<Kept> ordered = new ArrayList<>();
        found.stream().filter(each -> isFor(each, host)).forEach(ordered::add);
        found.stream().filter(each -> !isFor(each, host)).forEach(ordered::add);
        return ordered;
    }

    private static boolean isFor(Kept kept, String host) {
        return PresentedIdentifiers.of(kept.served().leaf()).coversDnsName(host);
    }

    /// One look at everything that can be served.
    private final class Look {
        private final Configuration configuration;
        /// At a start and at a reload: what the configuration names must be usable.
        private final boolean strict;

        private final Set<String> problems = new LinkedHashSet<>();

        Look(Configuration configuration, boolean strict) {
            this.configuration = configuration;
            this.strict = strict;
        }

        /// @throws TlsConfigurationException where there is nothing that can be served
        List<Kept> all() {
            List<Kept> found = new ArrayList<>();
            if (Files.isDirectory(installed())) {
                directory(installed(), found);
            }
            switch (configuration.certificates()) {
                case Certificates.OwnAuthority _ -> {
                    CertificateNames names = names(configuration);
                    CertificateAuthority authority = CertificateAuthority.open(directory, names);
                    ServedCertificate own = authority.serverCertificate(names);
                    // RFC 7671 §5.2.2: clients need not have what a record is of
                    boolean sent = configuration.dns().tlsa().stream().anyMatch(TlsaParameters::ofAuthority);
                    found.add(new Kept(sent ? own.followedBy(authority.certificate()) : own, "own-authority"));
                }
                case Certificates.Acme own ->
                    acme.pairs(own.settings()).forEach(pair -> {
                        try {
                            found.add(new Kept(loaded(pair).served(), "acme"));
                        } catch (TlsConfigurationException unusable) {
                            instead(pair, unusable, found);
                        }
                    });
                case Certificates.Files files -> {
                    files.pairs().forEach(pair -> named(pair, found));
                    files.directories().forEach(each -> directory(each, found));
                }
            }
            if (found.isEmpty()
                    && !(configuration.certificates() instanceof Certificates.Acme)) { // the first comes soon
                throw new TlsConfigurationException("no certificate can be served"
                        + (problems.isEmpty() ? ": there is none" : ": " + String.join("; ", problems)));
            }
            return defaultFirst(found, configuration.host());
        }

        private void named(Certificates.Pair pair, List<Kept> found) {
            try {
                found.add(loaded(pair.files()));
            } catch (TlsConfigurationException unusable) {
                if (strict) {
                    throw new TlsConfigurationException(pair.origin().orElse("") + unusable.getMessage(), unusable);
                }
                instead(pair.files(), unusable, found);
            }
        }

        /// One that cannot be used holds up no other: in a directory are those of many.
        private void directory(Path each, List<Kept> found) {
            List<PemPair> pairs;
            try {
                pairs = PemDirectory.pairs(each);
            } catch (TlsConfigurationException gone) {
                if (strict) {
                    throw gone;
                }
                problems.add(String.valueOf(gone.getMessage()));
                good.forEach((pair, before) -> {
                    if (pair.chain().startsWith(each)) {
                        found.add(new Kept(before, pair.chain().toString()));
                    }
                });
                return;
            }
            good.keySet().removeIf(pair -> pair.chain().startsWith(each) && !pairs.contains(pair));
            for (PemPair pair : pairs) {
                try {
                    found.add(loaded(pair));
                } catch (TlsConfigurationException unusable) {
                    instead(pair, unusable, found);
                }
            }
        }

        private Kept loaded(PemPair pair) {
            ServedCertificate certificate = pair.load();
            ServedCertificate before = good.get(pair);
            if (before != null && before.chain().equals(certificate.chain())) {
                certificate = before; // sessions are resumed, and nothing is told twice
            } else {
                good.put(pair, certificate);
            }
            return new Kept(certificate, pair.chain().toString());
        }

        private void instead(PemPair pair, TlsConfigurationException unusable, List<Kept> found) {
            ServedCertificate before = good.get(pair);
            if (before == null) {
                problems.add(unusable.getMessage() + "; it is not served");
            } else {
                problems.add("what was served before is served on: " + unusable.getMessage());
                found.add(new Kept(before, pair.chain().toString()));
            }
        }
    }

    /// @throws TlsConfigurationException naming what is wrong, and where it is configured
    static ServedCertificate load(Certificates.Pair pair) {
        try {
            return pair.files().load();
        } catch (TlsConfigurationException e) {
            throw new TlsConfigurationException(pair.origin().orElse("") + e.getMessage(), e);
        }
    }

    /// Hosts and mail domains, and an SRV-ID for each service that listens (SEED-41).
    private CertificateNames names(Configuration configuration) {
        Set<String> hosts = new LinkedHashSet<>();
        hosts.add(configuration.host());
        List<String> addresses = switch (configuration.certificates()) {
            case Certificates.OwnAuthority own -> {
                hosts.addAll(own.hosts());
                yield own.addresses();
            }
            case Certificates.Acme acme -> {
                hosts.addAll(acme.hosts());
                yield List.of();
            }
            case Certificates.Files _ -> List.of();
        };
        return new CertificateNames(List.copyOf(hosts), addresses, accounts.domains(), services(configuration));
    }

    /// What clients find by SRV records.
    static List<String> services(Configuration configuration) {
        return configuration.listeners().stream()
                .map(Listener::service)
                .filter(Configuration.Service::forClients)
                .map(Configuration.Service::serviceName)
                .distinct()
                .toList();
    }

    @Override
    public void close() {
        acme.close();
        timer.shutdown();
    }
}
