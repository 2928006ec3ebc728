package org.postern.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.postern.dns.DirectServers;
import org.postern.dns.RecordType;
import org.postern.mua.Probe;
import org.postern.mua.Prober;
import org.postern.mua.Server;
import org.postern.mua.Service;
import org.postern.mua.Target;
import org.postern.resolver.DomainName;
import org.postern.resolver.Resolver;
import org.postern.resolver.ResolverSettings;
import org.postern.resolver.TrustAnchorFile;
import org.postern.resolver.Upstream;

/// Sees all that a cache could have: asks every authoritative server for the TLSA records of every port, over and over,
/// and makes handshakes with every port meanwhile. A set that a server gave may be in a cache until its time to live
/// has passed; each of those has to name the key that is shown.
final class RolloverWitness implements AutoCloseable {
    /// A set that a server had at an instant, by [System#nanoTime].
    private record Sighting(Set<String> data, long from, long until) {
        boolean heldThroughout(long begin, long end) {
            return from - begin <= 0 && end - until <= 0;
        }
    }

    private final DirectServers servers;
    private final Map<Integer, Target> targets = new LinkedHashMap<>();
    private final Map<Integer, List<Sighting>> sightings = new ConcurrentHashMap<>();
    private final Map<Integer, AtomicInteger> compared = new ConcurrentHashMap<>();
    private final Set<Set<String>> sets = Collections.synchronizedSet(new LinkedHashSet<>());
    private final List<String> refused = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private volatile boolean over;

    /// @param zone that the host is in
    /// @param anchor the zone's key
    /// @param authoritative all of its servers
    RolloverWitness(
            ConfiguredServer server, String zone, String host, Path anchor, List<InetSocketAddress> authoritative)
            throws IOException {
        List<Upstream> upstreams = List.of(new Upstream(
                InetAddress.ofLiteral("127.0.0.1"), authoritative.getFirst().getPort()));
        servers = new DirectServers(upstreams, Map.of(new DomainName(zone), authoritative));
        Resolver resolver = new Resolver(ResolverSettings.of(upstreams).withAnchors(TrustAnchorFile.of(anchor)));
        for (Configuration.Service each : Configuration.Service.values()) {
            if (each.forClients()) {
                int port = server.port(each);
                targets.put(
                        port,
                        Target.resolve(Server.configured(Service.valueOf(each.name()), host, port), resolver::lookup));
                sightings.put(port, new CopyOnWriteArrayList<>());
                compared.put(port, new AtomicInteger());
            }
        }
        DomainName name = new DomainName(host);
        inBackground(() -> targets.keySet().forEach(port -> ask(name, port)));
        inBackground(() -> targets.forEach(this::visit));
    }

    private void inBackground(Runnable work) {
        threads.execute(() -> {
            while (!over) {
                work.run();
                LockSupport.parkNanos(5_000_000);
            }
        });
    }

    private void ask(DomainName host, int port) {
        long asked = System.nanoTime(); // the server had it then or later
        servers.ask(host.child("_" + port + "._tcp"), RecordType.TLSA)
                .forEach(answer -> answer.found().ifPresent(set -> {
                    Set<String> data = new TreeSet<>(set.data());
                    sets.add(data);
                    Duration timeToLive = set.timeToLive();
                    sightings(port).add(new Sighting(data, asked, asked + timeToLive.toNanos()));
                }));
        sightings(port)
                .removeIf(each -> asked - each.until > Duration.ofMinutes(1).toNanos());
    }

    private List<Sighting> sightings(int port) {
        return sightings.getOrDefault(port, List.of());
    }

    private void visit(int port, Target target) {
        long begin = System.nanoTime();
        Probe probe = new Prober(Duration.ofSeconds(30))
                .probe(target, target.addresses().getFirst());
        long end = System.nanoTime();
        if (probe.tls().isEmpty()) {
            refused.add("no TLS at port " + port + ": " + probe.fault());
            return;
        }
        String shown = "3 1 1 " + digest(probe.tls().get().chain().getFirst());
        for (Sighting each : sightings(port)) {
            if (each.heldThroughout(begin, end)) {
                compared.getOrDefault(port, new AtomicInteger()).incrementAndGet();
                if (each.data.stream().map(RolloverWitness::plain).noneMatch(shown::equals)) {
                    refused.add("port " + port + " shows " + shown + ", and a cache may have " + each.data);
                }
            }
        }
    }

    private static String plain(String data) {
        String[] fields = data.split(" ", 4);
        return String.join(" ", fields[0], fields[1], fields[2]) + " "
                + fields[3].replace(" ", "").toLowerCase(Locale.ROOT);
    }

    private static String digest(X509Certificate leaf) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(leaf.getPublicKey().getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /// How many different sets there were.
    int sets() {
        return sets.size();
    }

    /// Every port has been visited again, with sets that a cache may have; and nobody was ever refused.
    void nobodyWasRefused() {
        Map<Integer, Integer> before = new LinkedHashMap<>();
        compared.forEach((port, count) -> before.put(port, count.get()));
        ConfiguredServer.await(() -> !refused.isEmpty()
                || compared.entrySet().stream()
                        .allMatch(each -> each.getValue().get() > before.getOrDefault(each.getKey(), 0)));
        assertThat(refused).isEmpty();
    }

    @Override
    public void close() {
        over = true;
        threads.close();
    }
}
