package org.postern.nameserver;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.postern.dns.AuthoritativeServers;
import org.postern.dns.PublicationException;
import org.postern.dns.Publisher;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.dns.RolloverClock;
import org.postern.resolver.DomainName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Name;

/// The name server: the face of this module. It answers for its zones by UDP and TCP, keeps them signed, and tells
/// their secondaries.
///
/// A thread of its own looks every few seconds at what is due: files that changed, signatures to be made again, keys
/// to be moved on.
public final class NameServer implements AutoCloseable {
    /// The name of [#anchorFile], in the directory of zones.
    public static final String ANCHORS = "trust-anchors.zone";

    private static final Logger LOG = LoggerFactory.getLogger(NameServer.class);
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration ASK = Duration.ofMinutes(15);
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /// One of its zones, and who is told of its changes.
    private record Hosted(HostedZone zone, List<Notifier> notifiers) {
        Hosted {
            notifiers = List.copyOf(notifiers);
        }

        ZoneStatus status() {
            return zone.status(notifiers.stream().map(Notifier::status).toList());
        }

        void tell() {
            notifiers.forEach(Notifier::wake);
        }
    }

    /// What the zone above was asked about.
    ///
    /// @param at by System.nanoTime()
    private record Asked(ParentDelegation above, long at) {}

    /// Settings that can take the place of the running ones, by [#take], or come to nothing, by [#discard]; made by
    /// [#prepare].
    public static final class Prepared {
        private final NameServerSettings settings;
        private final Map<DomainName, HostedZone> opened = new LinkedHashMap<>();
        private final Map<DomainName, HostedZone.Prepared> changed = new LinkedHashMap<>();
        private final Map<Name, TransferKey> keys;
        /// Directories of zones that were never there before.
        private final List<Path> made = new ArrayList<>();

        private Prepared(NameServerSettings settings) {
            this.settings = settings;
            this.keys = keys(settings);
        }

        /// Nothing is left of it: nobody has seen the keys that were made.
        public void discard() {
            opened.values().forEach(HostedZone::close);
            made.forEach(place -> {
                try (Stream<Path> files = Files.list(place)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                    Files.delete(place);
                } catch (NoSuchFileException nothing) {
                    // it failed before it made any
                } catch (IOException e) {
                    LOG.warn("{} is of a zone that is not served, and cannot be removed: {}", place, e.getMessage());
                }
            });
        }
    }

    private final Path directory;
    private final ZoneClock clock;
    private volatile NameServerSettings settings;
    private volatile Map<DomainName, Hosted> zones = Map.of(); // in the order of the configuration
    private final Map<DomainName, Asked> asked = new HashMap<>(); // by the keeper's thread alone
    private final Map<DomainName, String> faults = new HashMap<>(); // told already; by the keeper's thread alone
    private String anchorsFault = ""; // told already; by the keeper's thread alone
    private final AnchorFiles anchors;
    private final Responder responder;
    private final Optional<AuthoritativeServers> parents;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<TcpServer> streams = new ArrayList<>();
    private final List<InetSocketAddress> bound = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition due = lock.newCondition();
    private boolean hurried; // to be looked at once more, at once
    private boolean stopped;

    /// Opens the zones, makes those that are new, and signs what has to be; no port yet.
    ///
    /// @param directory for keys and zones
    /// @param clocks both of them
    /// @param parents who is asked whether a DS record is there; empty: the operator says so
    /// @throws IOException in the operator's words
    /// @throws IllegalArgumentException in the operator's words
    public NameServer(
            NameServerSettings settings,
            Path directory,
            Supplier<RolloverClock.Reading> clocks,
            MeterRegistry registry,
            Optional<AuthoritativeServers> parents)
            throws IOException {
        this.settings = settings;
        this.directory = directory;
        this.parents = parents;
        this.clock = new ZoneClock(directory, clocks);
        Prepared first = prepare(settings);
        zones = hosted(first);
        anchors = new AnchorFiles(directory);
        anchors.write(hostedZones());
        byte[] secret = new byte[16]; // another with each start: clients learn new cookies by themselves
        new SecureRandom().nextBytes(secret);
        responder = new Responder(
                service(first),
                new Cookies(secret),
                limit(settings),
                () -> clocks.get().wall(),
                registry);
    }

    private static ResponseRateLimit limit(NameServerSettings settings) {
        return new ResponseRateLimit(
                settings.responsesPerSecond(), () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    }

    /// @throws IllegalArgumentException in the operator's words
    private static Map<Name, TransferKey> keys(NameServerSettings settings) {
        Map<Name, TransferKey> keys = new HashMap<>();
        for (ZoneSettings zone : settings.zones()) {
            for (ZoneSettings.Secondary secondary : zone.secondaries()) {
                TransferKey before = keys.put(Names.of(secondary.key().name()), secondary.key());
                if (before != null && !before.same(secondary.key())) {
                    throw new IllegalArgumentException(
                            "the TSIG key " + before.name() + " is there twice, and not the same");
                }
            }
        }
        return keys;
    }

    // ---- other settings while it runs

    /// Whether it can go on with other settings: what fails, fails here, and nothing has changed then. Zones that
    /// are new are opened, and served by [#take]. Where it listens stays.
    ///
    /// @throws IOException in the operator's words
    /// @throws IllegalArgumentException in the operator's words
    public Prepared prepare(NameServerSettings next) throws IOException {
        Prepared prepared = new Prepared(settings.with(next));
        try {
            for (ZoneSettings zone : next.zones()) {
                prepare(zone, prepared);
            }
            return prepared;
        } catch (IOException | RuntimeException unusable) {
            prepared.discard();
            throw unusable;
        }
    }

    private void prepare(ZoneSettings zone, Prepared prepared) throws IOException {
        DomainName name = zone.origin();
        if (prepared.opened.containsKey(name) || prepared.changed.containsKey(name)) {
            throw new IllegalArgumentException("the zone " + name + " is there twice");
        }
        Hosted running = zones.get(name);
        if (running != null) {
            prepared.changed.put(name, running.zone.prepare(zone));
            return;
        }
        Path place = HostedZone.place(zone, directory);
        if (Files.notExists(place)) {
            prepared.made.add(place);
        }
        prepared.opened.put(name, new HostedZone(zone, directory, clock));
    }

    /// Goes on as prepared. Secondaries that stay keep what they have; the others are told, or told no more. What
    /// has to be signed anew is signed at once, in the background.
    public synchronized void take(Prepared prepared) {
        Map<DomainName, Hosted> before = zones;
        prepared.changed.forEach(
                (name, change) -> Objects.requireNonNull(before.get(name)).zone.take(change));
        Map<DomainName, Hosted> after = hosted(prepared);
        zones = after;
        boolean otherLimit = prepared.settings.responsesPerSecond() != settings.responsesPerSecond();
        settings = prepared.settings;
        responder.take(service(prepared));
        if (otherLimit) {
            responder.take(limit(settings));
        }
        streams.forEach(stream -> stream.take(prepared.settings));
        before.forEach((name, hosted) -> {
            Hosted now = after.get(name);
            hosted.notifiers.stream()
                    .filter(notifier -> now == null || !now.notifiers.contains(notifier))
                    .forEach(Notifier::close);
            if (now == null) {
                hosted.zone.close();
                LOG.info("{}: served no more; its keys and its content stay in {}", name, directory);
            }
        });
        after.forEach((name, hosted) -> {
            Hosted old = before.get(name);
            hosted.notifiers.stream()
                    .filter(notifier -> old == null || !old.notifiers.contains(notifier))
                    .forEach(Notifier::start);
            if (old == null) {
                LOG.info("{}: served from now on", name);
                tellDelegation(hosted.status());
            }
        });
        look();
    }

    /// The zones after a change; notifiers of secondaries that stay go on.
    private Map<DomainName, Hosted> hosted(Prepared prepared) {
        Map<DomainName, Hosted> next = new LinkedHashMap<>();
        for (ZoneSettings zone : prepared.settings.zones()) {
            Hosted before = zones.get(zone.origin());
            HostedZone hosted =
                    before == null ? Objects.requireNonNull(prepared.opened.get(zone.origin())) : before.zone;
            List<Notifier> told = new ArrayList<>();
            for (ZoneSettings.Secondary secondary : zone.secondaries()) {
                secondary
                        .address()
                        .ifPresent(address -> told.add((before == null ? List.<Notifier>of() : before.notifiers)
                                .stream()
                                        .filter(notifier -> notifier.tells(address, secondary.key()))
                                        .findFirst()
                                        .orElseGet(() -> new Notifier(hosted, address, secondary.key(), PATIENCE))));
            }
            next.put(zone.origin(), new Hosted(hosted, told));
        }
        return Collections.unmodifiableMap(next);
    }

    private Responder.Service service(Prepared prepared) {
        Map<Name, HostedZone> byName = new HashMap<>();
        zones.values().forEach(hosted -> byName.put(hosted.zone.origin(), hosted.zone));
        return new Responder.Service(byName, prepared.keys);
    }

    private List<HostedZone> hostedZones() {
        return zones.values().stream().map(Hosted::zone).toList();
    }

    /// Opens the ports and begins to keep the zones.
    ///
    /// @throws IOException naming the address
    public void listen() throws IOException {
        try {
            for (InetSocketAddress address : each(settings.addresses())) {
                TcpServer tcp = new TcpServer(address, settings, responder);
                open.push(tcp);
                streams.add(tcp);
                // port 0, for tests: the same for both
                UdpServer udp = new UdpServer(new InetSocketAddress(address.getAddress(), tcp.port()), responder);
                open.push(udp);
                bound.add(new InetSocketAddress(address.getAddress(), tcp.port()));
                tcp.start();
                udp.start();
            }
        } catch (IOException e) {
            close();
            throw e;
        }
        zones.values().forEach(hosted -> hosted.notifiers.forEach(Notifier::start));
        Thread.ofVirtual().name("dns-keeper").start(this::keep);
        LOG.info("the name server answers on {} for {}", bound, zones.keySet());
        zones().forEach(NameServer::tellDelegation);
    }

    private static void tellDelegation(ZoneStatus zone) {
        if (!zone.delegated()) {
            LOG.info(
                    "{}: the zone above is to have the DS record {}",
                    zone.zone(),
                    zone.delegation().getFirst());
        }
    }

    /// An answer has to come from the address that was asked, and Java cannot choose it on a socket for all addresses:
    /// so each address gets a socket.
    private static List<InetSocketAddress> each(List<InetSocketAddress> addresses) throws IOException {
        List<InetSocketAddress> all = new ArrayList<>();
        for (InetSocketAddress address : addresses) {
            if (!address.getAddress().isAnyLocalAddress()) {
                all.add(address);
                continue;
            }
            for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
                for (InetAddress own : each.inetAddresses().toList()) {
                    if (own.getClass() == address.getAddress().getClass() && !own.isLinkLocalAddress()) {
                        all.add(new InetSocketAddress(own, address.getPort()));
                    }
                }
            }
        }
        return all.stream().distinct().toList();
    }

    /// Where it listens, by UDP and TCP.
    public List<InetSocketAddress> addresses() {
        return List.copyOf(bound);
    }

    public boolean hasZone(DomainName name) {
        return zones.containsKey(name);
    }

    private Hosted zone(DomainName name) {
        Hosted zone = zones.get(name);
        if (zone == null) {
            throw new IllegalStateException("the name server has no zone " + name + "; it has " + zones.keySet());
        }
        return zone;
    }

    /// Publishes in a zone of this server; secondaries are told at once.
    ///
    /// @throws IllegalStateException if it has no such zone
    public Publisher publisher(DomainName name) {
        zone(name);
        return new Publisher() {
            @Override
            public DomainName zone() {
                return name;
            }

            @Override
            public void publish(List<RecordSet> wanted) throws PublicationException {
                Hosted hosted = zones.get(name);
                if (hosted == null) {
                    throw new PublicationException("the name server has no zone " + name + " any more");
                }
                long before = hosted.zone.zone().serial();
                try {
                    hosted.zone.publish(wanted);
                } finally {
                    if (hosted.zone.zone().serial() != before) { // also where a part of it is refused
                        tell(name);
                    }
                }
            }
        };
    }

    private void tell(DomainName zone) {
        Hosted hosted = zones.get(zone);
        if (hosted != null) {
            hosted.tell();
        }
    }

    /// Every zone as it stands.
    public List<ZoneStatus> zones() {
        return zones.values().stream().map(Hosted::status).toList();
    }

    /// Where the DNSKEY records of all zones stand, for validators that begin with them, in zone file form.
    public Path anchorFile() {
        return anchors.zoneForm();
    }

    /// The same for delv.
    public Path delvAnchorFile() {
        return anchors.delvForm();
    }

    /// DNSKEY records that a validator may begin with, in zone file form.
    public List<String> anchors(DomainName zone) {
        return zone(zone).zone.anchors().stream().map(DNSKEYRecord::toString).toList();
    }

    /// Begins to replace a key by a new one.
    ///
    /// @param role `csk`, `ksk` or `zsk`
    /// @throws IllegalStateException in the operator's words
    public void roll(DomainName zone, String role) throws IOException {
        ZoneKey.Role wanted = switch (role) {
            case "csk" -> ZoneKey.Role.CSK;
            case "ksk" -> ZoneKey.Role.KSK;
            case "zsk" -> ZoneKey.Role.ZSK;
            default -> throw new IllegalStateException("not a kind of key: " + role + " (csk, ksk or zsk)");
        };
        boolean changed = zone(zone).zone.roll(wanted);
        anchors.write(hostedZones());
        if (changed) {
            tell(zone);
        }
    }

    /// The operator says that the parent has the DS record that is waited for, and no other.
    ///
    /// @throws IllegalStateException in the operator's words
    public void confirmDelegation(DomainName zone) throws IOException {
        HostedZone hosted = zone(zone).zone;
        boolean changed = hosted.delegated(hosted.settings().timing().delegation());
        anchors.write(hostedZones());
        if (changed) {
            tell(zone);
        }
    }

    private void keep() {
        try {
            while (awaitLook()) {
                List<HostedZone> present = hostedZones();
                present.forEach(this::keep);
                keepAnchors();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    private boolean awaitLook() throws InterruptedException {
        lock.lock();
        try {
            long left = LOOK.toNanos();
            while (!stopped && !hurried && left > 0) {
                left = due.awaitNanos(left);
            }
            hurried = false;
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    private void keep(HostedZone zone) {
        DomainName name = zone.settings().origin();
        try {
            askParent(zone);
            if (zone.tick()) {
                tell(name);
            }
            faults.remove(name);
        } catch (IOException | RuntimeException e) { // the other zones go on
            if (!String.valueOf(e.getMessage()).equals(faults.put(name, String.valueOf(e.getMessage())))) {
                LOG.error(
                        "the zone {} cannot be kept: its signatures are good until {}: {}",
                        name,
                        zone.status(List.of()).signaturesEnd(),
                        e.getMessage(),
                        e);
            }
        }
    }

    /// A look that is due now.
    private void look() {
        lock.lock();
        try {
            hurried = true;
            due.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void keepAnchors() {
        try {
            anchors.write(hostedZones());
            anchorsFault = "";
        } catch (IOException e) {
            if (!anchorsFault.equals(String.valueOf(e.getMessage()))) {
                anchorsFault = String.valueOf(e.getMessage());
                LOG.error("the trust anchors of the zones cannot be written: {}", e.getMessage());
            }
        }
    }

    private void askParent(HostedZone zone) throws IOException {
        DomainName name = zone.settings().origin();
        Optional<ZoneKey> awaited = zone.awaited();
        if (parents.isEmpty() || awaited.isEmpty()) {
            return;
        }
        Asked last = asked.get(name);
        ParentDelegation above =
                last != null && last.above.isOf(awaited.get()) ? last.above : new ParentDelegation(awaited.get());
        long now = System.nanoTime();
        if (last != null && last.above == above && now - last.at < ASK.toNanos()) {
            return;
        }
        asked.put(name, new Asked(above, now));
        Optional<Duration> timeToLive = above.seen(
                parents.get().ask(name, RecordType.DS),
                zone.origin(),
                zone.settings().timing().delegation());
        if (timeToLive.isPresent()) {
            LOG.info("{}: every server of the zone above has the DS record of the new key", name);
            if (zone.delegated(timeToLive.get())) {
                tell(name);
            }
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            stopped = true;
            due.signalAll();
        } finally {
            lock.unlock();
        }
        zones.values().forEach(hosted -> hosted.notifiers.forEach(Notifier::close));
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) { // the others are closed all the same
                LOG.error("stopping the name server", e);
            }
        }
    }
}
