package org.postern.nameserver;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.postern.dns.AuthoritativeServers;
import org.postern.dns.PublicationException;
import org.postern.dns.Publisher;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
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

    private final NameServerSettings settings;
    private final Map<DomainName, HostedZone> zones = new LinkedHashMap<>();
    private final Map<DomainName, List<Notifier>> notifiers = new LinkedHashMap<>();
    private final Map<DomainName, Instant> asked = new HashMap<>(); // by the keeper's thread alone
    private final Map<DomainName, String> faults = new HashMap<>(); // told already; by the keeper's thread alone
    private final AnchorFiles anchors;
    private final Responder responder;
    private final Clock clock;
    private final Optional<AuthoritativeServers> parents;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final List<InetSocketAddress> bound = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition due = lock.newCondition();
    private boolean stopped;

    /// Opens the zones, makes those that are new, and signs what has to be; no port yet.
    ///
    /// @param directory for keys and zones
    /// @param parents who is asked whether a DS record is there; empty: the operator says so
    /// @throws IOException in the operator's words
    /// @throws IllegalArgumentException in the operator's words
    public NameServer(
            NameServerSettings settings,
            Path directory,
            Clock clock,
            MeterRegistry registry,
            Optional<AuthoritativeServers> parents)
            throws IOException {
        this.settings = settings;
        this.clock = clock;
        this.parents = parents;
        Map<Name, HostedZone> byName = new HashMap<>();
        Map<Name, TransferKey> keys = new HashMap<>();
        for (ZoneSettings zone : settings.zones()) {
            HostedZone hosted = new HostedZone(zone, directory, clock);
            if (zones.put(zone.origin(), hosted) != null) {
                throw new IllegalArgumentException("the zone " + zone.origin() + " is there twice");
            }
            byName.put(hosted.origin(), hosted);
            List<Notifier> told = new ArrayList<>();
            for (ZoneSettings.Secondary secondary : zone.secondaries()) {
                TransferKey before = keys.put(Names.of(secondary.key().name()), secondary.key());
                if (before != null && !before.same(secondary.key())) {
                    throw new IllegalArgumentException(
                            "the TSIG key " + before.name() + " is there twice, and not the same");
                }
                secondary
                        .address()
                        .ifPresent(address -> told.add(new Notifier(hosted, address, secondary.key(), PATIENCE)));
            }
            notifiers.put(zone.origin(), told);
        }
        anchors = new AnchorFiles(directory);
        anchors.write(zones.values());
        byte[] secret = new byte[16]; // another with each start: clients learn new cookies by themselves
        new SecureRandom().nextBytes(secret);
        responder = new Responder(
                byName,
                keys,
                new Cookies(secret),
                new ResponseRateLimit(
                        settings.responsesPerSecond(), () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime())),
                clock,
                registry);
    }

    /// Opens the ports and begins to keep the zones.
    ///
    /// @throws IOException naming the address
    public void listen() throws IOException {
        try {
            for (InetSocketAddress address : each(settings.addresses())) {
                TcpServer tcp = new TcpServer(address, settings, responder);
                open.push(tcp);
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
        notifiers
                .values()
                .forEach(told -> told.forEach(notifier -> {
                    open.push(notifier);
                    notifier.start();
                }));
        Thread.ofVirtual().name("dns-keeper").start(this::keep);
        LOG.info("the name server answers on {} for {}", bound, zones.keySet());
        zones().stream()
                .filter(zone -> !zone.delegated())
                .forEach(zone -> LOG.info(
                        "{}: the zone above is to have the DS record {}",
                        zone.zone(),
                        zone.delegation().getFirst()));
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

    private HostedZone zone(DomainName name) {
        HostedZone zone = zones.get(name);
        if (zone == null) {
            throw new IllegalStateException("the name server has no zone " + name + "; it has " + zones.keySet());
        }
        return zone;
    }

    /// Publishes in a zone of this server; secondaries are told at once.
    ///
    /// @throws IllegalStateException if it has no such zone
    public Publisher publisher(DomainName name) {
        HostedZone zone = zone(name);
        return new Publisher() {
            @Override
            public DomainName zone() {
                return name;
            }

            @Override
            public void publish(List<RecordSet> wanted) throws PublicationException {
                if (zone.publish(wanted)) {
                    tell(name);
                }
            }
        };
    }

    private void tell(DomainName zone) {
        notifiers.getOrDefault(zone, List.of()).forEach(Notifier::wake);
    }

    /// Every zone as it stands.
    public List<ZoneStatus> zones() {
        return zones.values().stream()
                .map(zone -> zone.status(notifiers.getOrDefault(zone.settings().origin(), List.of()).stream()
                        .map(Notifier::status)
                        .toList()))
                .toList();
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
        return zone(zone).anchors().stream().map(DNSKEYRecord::toString).toList();
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
        boolean changed = zone(zone).roll(wanted);
        anchors.write(zones.values());
        if (changed) {
            tell(zone);
        }
    }

    /// The operator says that the parent has the DS record that is waited for, and no other.
    ///
    /// @throws IllegalStateException in the operator's words
    public void confirmDelegation(DomainName zone) throws IOException {
        HostedZone hosted = zone(zone);
        boolean changed = hosted.delegated(hosted.settings().timing().delegation());
        anchors.write(zones.values());
        if (changed) {
            tell(zone);
        }
    }

    private void keep() {
        try {
            while (awaitLook()) {
                for (HostedZone zone : zones.values()) {
                    keep(zone);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    private boolean awaitLook() throws InterruptedException {
        lock.lock();
        try {
            long left = LOOK.toNanos();
            while (!stopped && left > 0) {
                left = due.awaitNanos(left);
            }
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
                anchors.write(zones.values());
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

    private void askParent(HostedZone zone) throws IOException {
        DomainName name = zone.settings().origin();
        Optional<ZoneKey> awaited = zone.awaited();
        Instant now = clock.instant();
        if (parents.isEmpty() || awaited.isEmpty() || now.isBefore(asked.getOrDefault(name, Instant.MIN))) {
            return;
        }
        asked.put(name, now.plus(ASK));
        Optional<Duration> timeToLive =
                ParentDelegation.seen(parents.get().ask(name, RecordType.DS), zone.origin(), awaited.get());
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
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) { // the others are closed all the same
                LOG.error("stopping the name server", e);
            }
        }
    }
}
