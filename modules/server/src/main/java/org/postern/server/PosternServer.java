package org.postern.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.postern.auth.Authenticator;
import org.postern.auth.SaslMechanisms;
import org.postern.dns.AuthoritativeServers;
import org.postern.dns.RecordType;
import org.postern.dns.RolloverClock;
import org.postern.dns.Rollovers;
import org.postern.identity.TrustAnchors;
import org.postern.imap.ImapProtocol;
import org.postern.inbound.LmtpProtocol;
import org.postern.nameserver.NameServer;
import org.postern.nameserver.NameServerSettings;
import org.postern.pop3.Pop3Protocol;
import org.postern.recordgroups.Surroundings;
import org.postern.resolver.DomainName;
import org.postern.server.Configuration.Listener;
import org.postern.server.Configuration.Service;
import org.postern.session.ListenerSettings;
import org.postern.session.Listeners;
import org.postern.session.Protocol;
import org.postern.session.SessionLimits;
import org.postern.session.SessionLog;
import org.postern.store.PosternStore;
import org.postern.store.RecipientVerdict;
import org.postern.submission.SubmissionProtocol;
import org.postern.tls.ClientAuthority;
import org.postern.tls.RetiredVersions;
import org.postern.tls.TlsConfigurationException;
import org.postern.tls.TlsEngine;
import org.postern.tls.TlsPolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The composition root: everything is made here, in the order in which it is needed, and closed the other
/// way round.
final class PosternServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PosternServer.class);
    private static final Duration GRACE = Duration.ofSeconds(10);

    /// Files are looked at so often.
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Configuration configuration;
    /// Empty where the configuration stands in no file.
    private final Optional<LiveConfiguration> live;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Health health = new Health();
    private final Optional<MetricsEndpoint> metrics;
    private final PosternStore store;
    private final ClientCertificateLogins clients;
    private final AcmeRecords challenges;
    private final CertificateKeeper certificates;
    private final Listeners listeners;
    private final RetiringListeners retiring;
    private final Optional<NameServer> nameServer;
    private final Rollovers rollovers;
    private final DnsKeeper dns;
    private final Management management;
    private final Authenticator authenticator;
    private final SaslMechanisms mechanisms;
    private final Pop3Protocol pop3;

    /// Opens everything but the ports.
    ///
    /// @throws StartException in the operator's words
    PosternServer(Configuration configuration) {
        this(configuration, Optional.empty(), Surroundings.Ports.USUAL);
    }

    /// As above, and takes over what changes in the file.
    PosternServer(LiveConfiguration live) {
        this(live, Surroundings.Ports.USUAL);
    }

    /// As above.
    ///
    /// @param others where servers of others are that no record names the port of
    PosternServer(LiveConfiguration live, Surroundings.Ports others) {
        this(live.running(), Optional.of(live), others);
    }

    private PosternServer(Configuration configuration, Optional<LiveConfiguration> live, Surroundings.Ports others) {
        this.configuration = configuration;
        this.live = live;
        if (configuration.tls().engine() == TlsEngine.JDK
                && configuration.tls().retiredVersions() == RetiredVersions.EXPLAIN) {
            TlsPolicy.enableRetiredVersions(); // before anything in this process speaks TLS
        }
        try {
            // First up and last down: it tells that the server starts, and that it stops.
            Meters meters = opened(new Meters(configuration.dataDirectory()));
            metrics = configuration.metrics().map(address -> MetricsEndpoint.open(address, health, meters::scrape));
            metrics.ifPresent(open::push);
            DataDirectory directory = opened(DataDirectory.open(configuration.dataDirectory()));
            store = opened(PosternStore.open(configuration.store(), meters.registry()));
            clients = new ClientCertificateLogins(store.accounts(), configuration);
            store.accounts().keepScram(configuration.sasl().kept());
            authenticator = opened(new Authenticator(
                    store.accounts(),
                    meters.registry(),
                    configuration.longestLoginDelay(),
                    clients,
                    configuration.sasl()));
            mechanisms = new SaslMechanisms(authenticator, configuration.sasl());
            pop3 = new Pop3Protocol(authenticator, mechanisms, store, configuration.pop3());
            rollovers = new Rollovers(directory.subdirectory("dns"), TlsaRollover.hosts(configuration.dns()));
            challenges = new AcmeRecords();
            certificates = opened(new CertificateKeeper(
                    configuration,
                    directory.subdirectory("tls"),
                    store.accounts(),
                    clients,
                    rollovers,
                    Optional.of(challenges)));
            meters.certificates(certificates);
            listeners = new Listeners(
                    configuration.tls(),
                    certificates.served(),
                    configuration.connections(),
                    new TlsUseRecords(new SessionLog(), store.tlsInventory()),
                    meters.registry());
            open.push(() -> listeners.stop(GRACE));
            retiring = opened(new RetiringListeners(
                    listeners, ListenerMemory.in(configuration.dataDirectory(), RolloverClock.Reading::now)));
            store.accounts().onRevoked(listeners::endSessionsOf);
            nameServer =
                    configuration.nameServer().map(own -> opened(openNameServer(own.settings(), directory, meters)));
            nameServer.ifPresent(meters::nameServer);
            DnsPublishers publishers = opened(
                    new DnsPublishers(nameServer, configuration.dataDirectory().resolve(DnsPublishers.JOURNALS)));
            DnsGroups groups = new DnsGroups(
                    directory.subdirectory("dns"),
                    address -> switch (store.deliveries().resolve(address)) {
                        case RecipientVerdict.Accepted _, RecipientVerdict.OverQuota _ -> true;
                        case RecipientVerdict.Disabled _, RecipientVerdict.NotLocal _, RecipientVerdict.UnknownUser _ ->
                            false;
                    },
                    TrustAnchors::ofRuntime,
                    certificates::anchors,
                    new DomainName(configuration.host()),
                    others);
            dns = opened(new DnsKeeper(
                    configuration.dns(),
                    directory.subdirectory("dns"),
                    new DnsSources(
                            store.accounts(),
                            retiring,
                            new ServedTlsa(certificates.served(), rollovers),
                            certificates::ordering,
                            challenges::sets,
                            groups),
                    publishers::of));
            certificates.onChange(dns::refresh);
            dns.onNews(rollovers::refresh); // an address that is there now may be what it waits for
            opened(rollovers);
            meters.rollovers(rollovers);
            meters.dns(dns.watch());
            management = new Management(
                    store,
                    configuration.sasl().kept(),
                    certificates,
                    dns,
                    publishers,
                    nameServer,
                    rollovers,
                    listeners,
                    retiring,
                    configuration.dataDirectory(),
                    new KeyFiles(this::running, live.map(LiveConfiguration::file)),
                    this::reload);
        } catch (TlsConfigurationException e) {
            close();
            throw new StartException(String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private NameServer openNameServer(NameServerSettings settings, DataDirectory directory, Meters meters) {
        try {
            return new NameServer(
                    settings,
                    directory.subdirectory(NameServerManagement.DIRECTORY),
                    RolloverClock.Reading::now,
                    meters.registry(),
                    Optional.of(this::askServers));
        } catch (IOException | IllegalArgumentException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
    }

    /// By whatever resolver and servers the configuration names when it is asked.
    private List<AuthoritativeServers.ServerAnswer> askServers(DomainName owner, RecordType type) {
        return dns.servers().ask(owner, type);
    }

    private Map<Service.Kind, Protocol> protocols(Configuration configuration) {
        Map<Service.Kind, Protocol> made = new EnumMap<>(Service.Kind.class);
        for (Service.Kind kind : Service.Kind.values()) {
            made.put(
                    kind,
                    switch (kind) {
                        case IMAP -> new ImapProtocol(authenticator, mechanisms, store, configuration.imap());
                        case POP3 -> pop3.with(configuration.pop3());
                        case SUBMISSION ->
                            new SubmissionProtocol(authenticator, mechanisms, store, configuration.submission());
                        case LMTP -> new LmtpProtocol(authenticator, mechanisms, store, configuration.lmtp());
                    });
        }
        return made;
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    /// Accepts connections on every port, and commands on the control socket.
    ///
    /// @throws StartException naming the listener
    void listen() {
        try {
            retiring.open(settings(configuration));
            if (nameServer.isPresent()) {
                nameServer.get().listen();
            }
            Map<Service.Kind, Protocol> protocols = protocols(configuration);
            retiring.reopen(listener -> settings(configuration, listener, protocols), rollovers.longestTimeToLive());
            opened(ControlSocket.open(configuration.dataDirectory().resolve(ControlSocket.FILE), management));
        } catch (IOException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        }
        live.ifPresent(file -> opened(new FileWatch(() -> List.of(file.file()), LOOK, this::reloadUnasked)));
        opened(new FileWatch(certificates::files, LOOK, certificates::refresh));
        dns.start();
        challenges.by(dns);
        TlsOffer.of(configuration).compare(configuration.dataDirectory());
        TlsaRollover.start(rollovers, dns, certificates);
        warnOfMissingPostmasters();
        health.running(this::obstacle);
        LOG.info("Postern is ready, process {}", ProcessHandle.current().pid());
    }

    private Optional<String> obstacle() {
        if (!store.healthy()) {
            return Optional.of("the store accepts no changes until a restart");
        }
        return certificates.served().available() ? Optional.empty() : Optional.of("no certificate can be served");
    }

    private Configuration running() {
        return live.map(LiveConfiguration::running).orElse(configuration);
    }

    private Answer.Reloaded reload() {
        return live.orElseThrow(() -> new RequestRefused("this server has no configuration file to read again"))
                .reload(this::take);
    }

    /// Because the file changed.
    private void reloadUnasked() {
        try {
            Answer.Reloaded reloaded = reload();
            if (!reloaded.applied().isEmpty() || !reloaded.waiting().isEmpty()) { // else a command was first
                LOG.info(
                        "the configuration changed: {} applied, {} waits for a restart",
                        reloaded.applied(),
                        reloaded.waiting());
            }
        } catch (RequestRefused refused) {
            LOG.error("{}", refused.getMessage());
        }
    }

    /// What can fail comes first; then nothing can.
    private List<Answer.Closing> take(Configuration next) {
        List<CertificateKeeper.Kept> ready;
        List<ClientAuthority> authorities;
        Optional<NameServer.Prepared> zones = prepareZones(next);
        try {
            authorities = ClientCertificateLogins.read(next);
            ready = certificates.prepare(next);
            retiring.change(settings(next), leads());
        } catch (TlsConfigurationException unusable) {
            zones.ifPresent(NameServer.Prepared::discard);
            throw new RequestRefused("the running certificates stay: " + unusable.getMessage(), Main.CONFIGURATION);
        } catch (IOException e) {
            zones.ifPresent(NameServer.Prepared::discard);
            throw new RequestRefused("the running listeners stay: " + e.getMessage());
        } catch (RuntimeException fault) {
            zones.ifPresent(NameServer.Prepared::discard);
            throw fault;
        }
        nameServer.ifPresent(server -> zones.ifPresent(server::take));
        certificates.take(next, ready);
        clients.take(authorities);
        listeners.limit(next.connections());
        TlsOffer.of(next).compare(next.dataDirectory());
        Logging.level(next.logLevel());
        dns.take(next.dns());
        rollovers.refresh();
        return retiring.closing();
    }

    /// Ports that records lead to, and for how long a cache may have these.
    private Map<Integer, Duration> leads() {
        Duration longest = rollovers.longestTimeToLive();
        Map<Integer, Duration> leads = dns.leads();
        leads.replaceAll((_, timeToLive) -> timeToLive.compareTo(longest) < 0 ? longest : timeToLive);
        return leads;
    }

    private Optional<NameServer.Prepared> prepareZones(Configuration next) {
        if (nameServer.isEmpty() || next.nameServer().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(nameServer.get().prepare(next.nameServer().get().settings()));
        } catch (IOException | IllegalArgumentException unusable) {
            throw new RequestRefused("the running zones stay: " + unusable.getMessage(), Main.CONFIGURATION);
        }
    }

    /// With protocols of their own: sessions that are open go on with what they began with.
    private List<ListenerSettings> settings(Configuration configuration) {
        Map<Service.Kind, Protocol> protocols = protocols(configuration);
        return configuration.listeners().stream()
                .map(listener -> settings(configuration, listener, protocols))
                .toList();
    }

    private static ListenerSettings settings(
            Configuration configuration, Listener listener, Map<Service.Kind, Protocol> protocols) {
        return new ListenerSettings(
                listener.service().serviceName(),
                listener.endpoint(),
                listener.service().security,
                Objects.requireNonNull(protocols.get(listener.service().kind)),
                limits(configuration, listener.service().kind),
                listener.service().forClients() ? configuration.proxies() : List.of());
    }

    /// A POP3 client that is lost keeps its maildrop locked: its sessions wait less long (RFC 1939 §3).
    private static SessionLimits limits(Configuration configuration, Service.Kind kind) {
        return switch (kind) {
            case IMAP, SUBMISSION, LMTP -> configuration.sessions();
            case POP3 ->
                configuration.sessions().withAfterLogin(configuration.pop3().afterLogin());
        };
    }

    /// RFC 5321 §4.5.1: postmaster of each domain must be there.
    private void warnOfMissingPostmasters() {
        for (String domain : store.accounts().domains()) {
            if (!DomainManagement.hasPostmaster(store.deliveries(), domain)) {
                LOG.warn(
                        "nobody gets mail for postmaster@{}: postern alias add postmaster@{} <account>",
                        domain,
                        domain);
            }
        }
    }

    Management management() {
        return management;
    }

    AcmeRecords challenges() {
        return challenges;
    }

    DnsKeeper dns() {
        return dns;
    }

    PosternStore store() {
        return store;
    }

    Map<String, List<InetSocketAddress>> bound() {
        return listeners.bound();
    }

    /// Waits until its DNS records are published, a little while at most.
    void awaitRecords() {
        dns.awaitFirstLook();
        rollovers.awaitFirstLook();
    }

    /// Empty where there is none.
    Optional<NameServer> nameServer() {
        return nameServer;
    }

    /// Where metrics and health are told; empty where they are not.
    Optional<InetSocketAddress> metricsAddress() {
        return metrics.map(MetricsEndpoint::address);
    }

    Optional<Path> authorityFile() {
        return certificates.authorityFile();
    }

    /// Ends sessions with their protocol's farewell, then closes what was opened, last first. May be called
    /// twice.
    @Override
    public synchronized void close() {
        health.stopping();
        while (!open.isEmpty()) {
            AutoCloseable resource = open.pop();
            try {
                resource.close();
            } catch (Exception e) { // the others are closed all the same
                LOG.error("stopping: {} did not close", resource.getClass().getSimpleName(), e);
            }
        }
    }
}
