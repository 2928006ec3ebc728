package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
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

/// The record groups of mail domains: asks what they lead to, at each change and every quarter of an hour, and keeps
/// in a file what was answered for. A set is as it was when what it leads to answered last: a server that is away for
/// an hour takes no record away, and a change waits until what it leads to is there.
final class DnsGroups implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DnsGroups.class);
    private static final Duration INTERVAL = Duration.ofMinutes(15);
    /// Domains that are asked for at a time.
    private static final int AT_ONCE = 16;
    /// A first look that takes longer is not waited for.
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Path file;
    private final Supplier<TrustAnchors> publicAnchors;
    private final Supplier<TrustAnchors> anchors;
    private final Predicate<String> mailboxes;
    private final DomainName host;
    private final Surroundings.Ports ports;
    private final AtomicBoolean due = new AtomicBoolean();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("dns-groups").factory());
    private final CompletableFuture<Boolean> looked = new CompletableFuture<>();
    private final AtomicLong begun = new AtomicLong();
    /// Data of the sets that were answered for. Guarded by this.
    private Map<RecordSet.Key, List<String>> answered;
    /// As of the last look. Guarded by this.
    private Map<DomainName, Seen> seen = Map.of();
    /// Names in the settings that are no mail domains, as far as they were told of. On the timer's thread.
    private Set<DomainName> strange = Set.of();

    private volatile Supplier<Situation> situation = () -> {
        throw new IllegalStateException("nobody has said yet how things stand");
    };
    private volatile Runnable changed = () -> {};

    /// What one look at a domain found.
    ///
    /// @param look its number: a later one knows better
    private record Seen(long look, List<Prospect> prospects) {}

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
        State state() {
            if (standing.isEmpty()) {
                return State.WAITS;
            }
            return standing.equals(prospect.set()) ? State.UNANSWERED : State.STAYS;
        }

        String text() {
            return prospect.key() + " " + state().words + ": "
                    + prospect.obstacle().orElse("");
        }
    }

    /// How such a set stands.
    enum State {
        /// it is not published
        WAITS("waits"),
        /// it is published as it was
        STAYS("stays as it is"),
        /// it is published as it is wanted
        UNANSWERED("leads to what answers no more");

        final String words;

        State(String words) {
            this.words = words;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }
    }

    /// As it stands in the file.
    record Kept(List<Entry> answered) {
        Kept {
            answered = List.copyOf(answered);
        }
    }

    record Entry(String owner, RecordType type, List<String> data) {
        Entry {
            Objects.requireNonNull(owner);
            Objects.requireNonNull(type);
            data = List.copyOf(data);
        }
    }

    /// @param directory for what was answered for
    /// @param mailboxes whether mail to an address of this server arrives
    /// @param publicAnchors who vouches for servers that everybody goes to
    /// @param anchors who vouches for those that this server's clients go to
    /// @param host this server's own name
    /// @throws StartException where the file cannot be read
    DnsGroups(
            Path directory,
            Predicate<String> mailboxes,
            Supplier<TrustAnchors> publicAnchors,
            Supplier<TrustAnchors> anchors,
            DomainName host,
            Surroundings.Ports ports) {
        this.file = directory.resolve("groups.json");
        this.mailboxes = mailboxes;
        this.publicAnchors = publicAnchors;
        this.anchors = anchors;
        this.host = host;
        this.ports = ports;
        this.answered = read(file);
    }

    private static Map<RecordSet.Key, List<String>> read(Path file) {
        try {
            Map<RecordSet.Key, List<String>> answered = new LinkedHashMap<>();
            Json.read(file, Kept.class)
                    .ifPresent(kept -> kept.answered()
                            .forEach(entry -> answered.put(
                                    new RecordSet.Key(new DomainName(entry.owner()), entry.type()), entry.data())));
            return answered;
        } catch (IOException | IllegalArgumentException e) {
            throw new StartException(
                    file + " cannot be read: " + e.getMessage() + "; without it Postern starts, asks anew what the"
                            + " records of dns.groups lead to, and withdraws those that lead to what does not answer",
                    e);
        }
    }

    /// From now on there is somebody to ask how things stand.
    ///
    /// @param changed told when other sets may be published than before
    void follow(Supplier<Situation> now, Runnable changed) {
        this.situation = now;
        this.changed = changed;
    }

    /// Looks from now on by itself.
    void start() {
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
            if (!now.settings().zones().isEmpty()) {
                look(now, now.domains());
            }
            forget(situation.get());
            tellOfStrangers(now);
        } catch (RuntimeException e) { // the next look may do better
            if (!timer.isShutdown()) {
                LOG.error("what the records of dns.groups lead to could not be asked", e);
            }
        } finally {
            looked.complete(true);
        }
    }

    private void tellOfStrangers(Situation now) {
        Set<DomainName> found = new LinkedHashSet<>();
        now.settings().groups().forEach(each -> found.addAll(each.domains()));
        found.removeAll(now.domains());
        if (!found.isEmpty() && !found.equals(strange)) {
            LOG.warn("dns.groups names what is no mail domain here: {}", found);
        }
        strange = found;
    }

    /// Returns when every set that is wanted was asked for once, so that what is not known yet is not taken for what
    /// does not answer; or when that takes too long.
    void settle(Situation now) {
        boolean known;
        synchronized (this) {
            known = now.domains().stream()
                    .allMatch(domain -> seen.containsKey(domain)
                            || answered.keySet()
                                    .containsAll(Prospects.keys(
                                            domain, now.settings().groupsOf(domain), now.mailDomains())));
        }
        if (!known) {
            looked.completeOnTimeout(false, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    // ---- what may be published

    /// The sets of all domains, as they were when what they lead to answered.
    synchronized List<RecordSet> permitted(Situation now) {
        List<RecordSet> sets = new ArrayList<>();
        keys(now).forEach(key -> standing(now, key).ifPresent(sets::add));
        return sets;
    }

    /// A set, or until there is one what was there in its place: a key that was in a file and is now led to, or the
    /// other way round.
    ///
    /// Guarded by this.
    private Optional<RecordSet.Key> known(RecordSet.Key key) {
        if (answered.containsKey(key)) {
            return Optional.of(key);
        }
        RecordSet.Key before =
                new RecordSet.Key(key.owner(), key.type() == RecordType.CNAME ? RecordType.TXT : RecordType.CNAME);
        return Optional.of(before)
                .filter(_ -> key.owner().text().contains("._domainkey."))
                .filter(answered::containsKey);
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
        return known(key)
                .map(there -> new RecordSet(
                        there.owner(),
                        there.type(),
                        now.settings().timeToLive(),
                        answered.getOrDefault(there, List.of())));
    }

    /// What waits, or leads to something that answers no more, as of the last look.
    synchronized List<Waiting> waiting(Situation now) {
        Set<RecordSet.Key> wanted = new HashSet<>(keys(now));
        return seen.values().stream()
                .flatMap(each -> each.prospects().stream())
                .filter(each -> each.obstacle().isPresent() && wanted.contains(each.key()))
                .map(each -> new Waiting(each, standing(now, each.key())))
                .toList();
    }

    /// What is known of one domain as of the last look.
    synchronized List<Prospect> of(DomainName domain) {
        return Optional.ofNullable(seen.get(domain)).map(Seen::prospects).orElse(List.of());
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
        long look = begun.incrementAndGet();
        Prospects prospects = new Prospects(
                new Surroundings(
                        host,
                        now.settings().resolver()::lookup,
                        now.mailDomains(),
                        mailboxes,
                        now.settings().frontEnds(),
                        now.services(),
                        publicAnchors.get(),
                        anchors.get(),
                        ports),
                now.settings().timeToLive());
        Map<DomainName, CompletableFuture<Optional<List<Prospect>>>> answers = new LinkedHashMap<>();
        Semaphore places = new Semaphore(AT_ONCE);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            asked.forEach((domain, settings) -> answers.put(
                    domain,
                    CompletableFuture.supplyAsync(
                            () -> {
                                places.acquireUninterruptibly();
                                try {
                                    return Optional.of(prospects.of(domain, settings));
                                } catch (RuntimeException e) { // no other domain's business
                                    LOG.error("what the records of {} lead to could not be asked", domain, e);
                                    return Optional.empty();
                                } finally {
                                    places.release();
                                }
                            },
                            executor)));
        }
        Situation then = situation.get();
        Map<DomainName, Seen> found = new LinkedHashMap<>();
        answers.forEach((domain, answer) -> answer.join()
                .filter(_ -> then.domains().contains(domain)
                        && then.settings().groupsOf(domain).equals(asked.get(domain)))
                .ifPresent(list -> found.put(domain, new Seen(look, list))));
        if (take(found)) {
            changed.run();
        }
    }

    /// @return whether other sets may be published than before
    private synchronized boolean take(Map<DomainName, Seen> found) {
        Map<DomainName, Seen> next = new LinkedHashMap<>(seen);
        Map<RecordSet.Key, List<String>> known = new LinkedHashMap<>(answered);
        found.forEach((domain, now) -> {
            Seen before = next.get(domain);
            if (before == null || before.look() < now.look()) {
                next.put(domain, now);
                now.prospects().forEach(each -> each.ready().ifPresent(ready -> known.put(each.key(), ready.data())));
            }
        });
        boolean news = !known.equals(answered);
        if (news) {
            keep(known);
        }
        seen = next;
        return news;
    }

    /// Of what is wanted no more nothing is known either, when it comes back.
    private synchronized void forget(Situation now) {
        Map<DomainName, Seen> next = new LinkedHashMap<>(seen);
        next.keySet()
                .removeIf(domain -> !now.domains().contains(domain)
                        || now.settings().groupsOf(domain).equals(GroupSettings.NONE));
        seen = next;
        Set<RecordSet.Key> wanted = new HashSet<>();
        keys(now).forEach(key -> {
            wanted.add(key);
            known(key).ifPresent(wanted::add);
        });
        Map<RecordSet.Key, List<String>> known = new LinkedHashMap<>(answered);
        if (known.keySet().retainAll(wanted)) {
            keep(known);
        }
    }

    /// First in the file, then here: what could not be written is tried again with the next look. Guarded by this.
    private void keep(Map<RecordSet.Key, List<String>> next) {
        Kept kept = new Kept(next.entrySet().stream()
                .map(each ->
                        new Entry(each.getKey().owner().text(), each.getKey().type(), each.getValue()))
                .sorted((one, other) -> one.toString().compareTo(other.toString()))
                .toList());
        try {
            Json.replace(file, kept);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
        answered = next;
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
