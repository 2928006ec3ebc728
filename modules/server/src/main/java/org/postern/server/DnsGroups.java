package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.postern.dns.MailService;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.identity.TrustAnchors;
import org.postern.recordgroups.GroupSettings;
import org.postern.recordgroups.Prospect;
import org.postern.recordgroups.Prospects;
import org.postern.recordgroups.Surroundings;
import org.postern.resolver.DomainName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/// The record groups of mail domains: asks what they lead to, at each change and every quarter of an hour, and keeps
/// in a file what was answered for. A set is as it was when what it leads to answered last: a server that is away for
/// an hour takes no record away, and a change waits until what it leads to is there.
final class DnsGroups implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsGroups.class);
    private static final Duration INTERVAL = Duration.ofMinutes(15);
    /// Domains that are asked for at a time.
    private static final int AT_ONCE = 16;

    private final Path file;
    private final Supplier<TrustAnchors> anchors;
    private final Predicate<String> mailboxes;
    private final DomainName host;
    private final Surroundings.Ports ports;
    private final AtomicBoolean due = new AtomicBoolean();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("dns-groups").factory());
    /// Data of the sets that were answered for. Guarded by this.
    private final Map<RecordSet.Key, List<String>> answered;
    /// As of the last look. Guarded by this.
    private Map<DomainName, List<Prospect>> seen = Map.of();

    private volatile Supplier<Situation> situation = () -> {
        throw new IllegalStateException("not started");
    };
    private volatile Runnable changed = () -> {};

    /// What records are made of now.
    record Situation(DnsSettings settings, List<DomainName> domains, Map<MailService, Integer> services) {
        Situation {
            domains = List.copyOf(domains);
            services = Map.copyOf(services);
        }

        private Set<DomainName> mailDomains() {
            return Set.copyOf(domains);
        }
    }

    /// A set that is not as it is wanted.
    ///
    /// @param standing what it is instead; empty where nothing is published
    record Waiting(Prospect prospect, Optional<RecordSet> standing) {
        String text() {
            String obstacle = prospect.obstacle().orElse("");
            if (standing.isEmpty()) {
                return prospect.key() + " waits: " + obstacle;
            }
            return prospect.key()
                    + (standing.equals(prospect.set()) ? " leads to what answers no more: " : " stays as it is: ")
                    + obstacle;
        }
    }

    /// As it stands in the file.
    record Kept(List<Entry> answered) {}

    record Entry(String owner, RecordType type, List<String> data) {}

    /// @param directory for what was answered for
    /// @param mailboxes whether mail to an address of this server arrives
    /// @param host this server's own name
    /// @throws StartException where the file cannot be read
    DnsGroups(
            Path directory,
            Predicate<String> mailboxes,
            Supplier<TrustAnchors> anchors,
            DomainName host,
            Surroundings.Ports ports) {
        this.file = directory.resolve("groups.json");
        this.mailboxes = mailboxes;
        this.anchors = anchors;
        this.host = host;
        this.ports = ports;
        this.answered = read(file);
    }

    private static Map<RecordSet.Key, List<String>> read(Path file) {
        try {
            Map<RecordSet.Key, List<String>> answered = new LinkedHashMap<>();
            if (Files.exists(file)) {
                Json.MAPPER
                        .readValue(Files.readString(file), Kept.class)
                        .answered()
                        .forEach(entry -> answered.put(
                                new RecordSet.Key(new DomainName(entry.owner()), entry.type()), entry.data()));
            }
            return answered;
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            throw new StartException(
                    file + " cannot be read: " + e.getMessage() + "; without it Postern asks anew what the records of"
                            + " dns.groups lead to, and starts",
                    e);
        }
    }

    /// Looks from now on by itself.
    ///
    /// @param changed told when other sets may be published than before
    void start(Supplier<Situation> now, Runnable changed) {
        this.situation = now;
        this.changed = changed;
        timer.scheduleWithFixedDelay(this::look, 0, INTERVAL.toSeconds(), TimeUnit.SECONDS);
    }

    /// Something changed that records are made of. Returns at once.
    void refresh() {
        if (!timer.isShutdown() && due.compareAndSet(false, true)) {
            timer.execute(this::look);
        }
    }

    private void look() {
        if (timer.isShutdown()) {
            return;
        }
        due.set(false);
        try {
            Situation now = situation.get();
            if (!now.settings().groups().isEmpty() && !now.settings().zones().isEmpty()) {
                look(now, now.domains());
                forget(now);
            }
        } catch (RuntimeException e) { // the next look may do better
            if (!timer.isShutdown()) {
                LOG.error("what the records of dns.groups lead to could not be asked", e);
            }
        }
    }

    // ---- what may be published

    /// The sets of all domains, as they were when what they lead to answered.
    synchronized List<RecordSet> permitted(Situation now) {
        List<RecordSet> sets = new ArrayList<>();
        keys(now).forEach(key -> standing(now, key).ifPresent(sets::add));
        return sets;
    }

    private static Collection<RecordSet.Key> keys(Situation now) {
        Set<RecordSet.Key> keys = new LinkedHashSet<>();
        now.domains()
                .forEach(domain ->
                        keys.addAll(Prospects.keys(domain, now.settings().groupsOf(domain), now.mailDomains())));
        return keys;
    }

    /// Guarded by this.
    private Optional<RecordSet> standing(Situation now, RecordSet.Key key) {
        return Optional.ofNullable(answered.get(key))
                .map(data ->
                        new RecordSet(key.owner(), key.type(), now.settings().timeToLive(), data));
    }

    /// What waits, or leads to something that answers no more, as of the last look.
    synchronized List<Waiting> waiting(Situation now) {
        Set<RecordSet.Key> wanted = new HashSet<>(keys(now));
        return seen.values().stream()
                .flatMap(List::stream)
                .filter(each -> each.obstacle().isPresent() && wanted.contains(each.key()))
                .map(each -> new Waiting(each, standing(now, each.key())))
                .toList();
    }

    /// What is known of one domain as of the last look.
    synchronized List<Prospect> of(DomainName domain) {
        return seen.getOrDefault(domain, List.of());
    }

    // ---- asking

    /// Asks for these domains now. Blocking.
    void look(Situation now, Collection<DomainName> domains) {
        Map<DomainName, GroupSettings> asked = new LinkedHashMap<>();
        domains.forEach(domain -> {
            GroupSettings settings = now.settings().groupsOf(domain);
            if (!settings.equals(GroupSettings.NONE)) {
                asked.put(domain, settings);
            }
        });
        if (asked.isEmpty()) {
            return;
        }
        Prospects prospects = new Prospects(
                new Surroundings(
                        host,
                        now.settings().resolver()::lookup,
                        now.mailDomains(),
                        mailboxes,
                        now.settings().frontEnds(),
                        now.services(),
                        anchors.get(),
                        ports),
                now.settings().timeToLive());
        Map<DomainName, CompletableFuture<List<Prospect>>> answers = new LinkedHashMap<>();
        Semaphore places = new Semaphore(AT_ONCE);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            asked.forEach((domain, settings) -> answers.put(
                    domain,
                    CompletableFuture.supplyAsync(
                            () -> {
                                places.acquireUninterruptibly();
                                try {
                                    return prospects.of(domain, settings);
                                } finally {
                                    places.release();
                                }
                            },
                            executor)));
        }
        Map<DomainName, List<Prospect>> found = new LinkedHashMap<>();
        answers.forEach((domain, answer) -> found.put(domain, answer.join()));
        if (take(found)) {
            changed.run();
        }
    }

    /// @return whether other sets may be published than before
    private synchronized boolean take(Map<DomainName, List<Prospect>> found) {
        Map<DomainName, List<Prospect>> next = new LinkedHashMap<>(seen);
        next.putAll(found);
        seen = next;
        boolean news = false;
        for (List<Prospect> prospects : found.values()) {
            for (Prospect each : prospects) {
                Optional<RecordSet> ready = each.ready();
                if (ready.isPresent()) {
                    news |= !ready.get()
                            .data()
                            .equals(answered.put(each.key(), ready.get().data()));
                }
            }
        }
        if (news) {
            keep();
        }
        return news;
    }

    /// Of what is wanted no more nothing is known either, when it comes back.
    private synchronized void forget(Situation now) {
        Map<DomainName, List<Prospect>> next = new LinkedHashMap<>(seen);
        next.keySet().retainAll(now.domains());
        seen = next;
        if (answered.keySet().retainAll(new HashSet<>(keys(now)))) {
            keep();
        }
    }

    /// Guarded by this.
    private void keep() {
        Kept kept = new Kept(answered.entrySet().stream()
                .map(each ->
                        new Entry(each.getKey().owner().text(), each.getKey().type(), each.getValue()))
                .sorted((one, other) -> one.toString().compareTo(other.toString()))
                .toList());
        try {
            Files.createDirectories(file.resolveSibling(""));
            Path made = file.resolveSibling("groups.json.new");
            Files.writeString(made, Json.MAPPER.writeValueAsString(kept) + "\n");
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
