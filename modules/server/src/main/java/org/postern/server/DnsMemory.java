package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postern.dns.Leftover;
import org.postern.dns.RecordDifference;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;

/// Which record sets are published as far as is known, over restarts too: what is wanted no more is looked for until it
/// is gone, and what is there may stay while nobody can prove anything of its zone.
final class DnsMemory {
    private final Path file;
    /// With the data of texts, beside which those of others may be. Guarded by this.
    private Map<RecordSet.Key, Leftover> standing;

    private DnsMemory(Path file, Map<RecordSet.Key, Leftover> standing) {
        this.file = file;
        this.standing = standing;
    }

    /// As it stands in the file.
    record Kept(List<Entry> published) {
        Kept {
            published = List.copyOf(published);
        }
    }

    /// @param data of TXT records; null for others, and in files of earlier versions
    record Entry(String owner, RecordType type, @Nullable List<String> data) {
        Entry {
            Objects.requireNonNull(owner);
            Objects.requireNonNull(type);
        }
    }

    /// @throws StartException where the file cannot be read
    static DnsMemory in(Path directory) {
        Path file = directory.resolve("published.json");
        try {
            Map<RecordSet.Key, Leftover> standing = new LinkedHashMap<>();
            Json.read(file, Kept.class)
                    .ifPresent(kept -> kept.published().stream()
                            .map(DnsMemory::leftover)
                            .forEach(each -> standing.put(each.key(), each)));
            return new DnsMemory(file, standing);
        } catch (IOException | IllegalArgumentException e) {
            throw new StartException(
                    file + " cannot be read: " + e.getMessage() + "; without it Postern forgets which records it has"
                            + " published, and starts",
                    e);
        }
    }

    private static Leftover leftover(Entry entry) {
        return new Leftover(
                new RecordSet.Key(new DomainName(entry.owner()), entry.type()),
                entry.data() == null ? Set.of() : Set.copyOf(entry.data()));
    }

    private static Leftover leftover(RecordSet set) {
        return new Leftover(set.key(), set.type() == RecordType.TXT ? Set.copyOf(set.data()) : Set.of());
    }

    synchronized List<Leftover> standing() {
        return List.copyOf(standing.values());
    }

    /// The owners of those of one type.
    synchronized Set<DomainName> standing(RecordType type) {
        return standing.keySet().stream()
                .filter(key -> key.type() == type)
                .map(RecordSet.Key::owner)
                .collect(Collectors.toSet());
    }

    /// These were sent to the servers.
    ///
    /// @return whether that is news
    synchronized boolean published(Collection<RecordSet> sets) {
        Map<RecordSet.Key, Leftover> next = new LinkedHashMap<>(standing);
        // what was there before may still be at a secondary server
        sets.forEach(set -> next.merge(set.key(), leftover(set), DnsMemory::both));
        return keep(next);
    }

    private static Leftover both(Leftover before, Leftover after) {
        Set<String> data = new LinkedHashSet<>(before.data());
        data.addAll(after.data());
        return new Leftover(after.key(), data);
    }

    /// What the servers said.
    ///
    /// @param left what was asked for though it is not wanted
    synchronized void remember(List<RecordSet> wanted, List<Leftover> left, RecordDifference.Comparison comparison) {
        if (!comparison.failures().isEmpty()) {
            return; // who did not answer may have it
        }
        Set<RecordSet.Key> missing = keys(comparison, false);
        Set<RecordSet.Key> there = keys(comparison, true);
        Map<RecordSet.Key, Leftover> next = new LinkedHashMap<>(standing);
        for (RecordSet set : wanted) {
            if (!missing.contains(set.key()) && !there.contains(set.key())) {
                next.put(set.key(), leftover(set));
            } else if (there.contains(set.key())) {
                next.merge(set.key(), leftover(set), DnsMemory::both);
            } else {
                next.remove(set.key());
            }
        }
        left.stream().map(Leftover::key).filter(key -> !there.contains(key)).forEach(next::remove);
        keep(next);
    }

    private static Set<RecordSet.Key> keys(RecordDifference.Comparison comparison, boolean there) {
        return comparison.differences().stream()
                .filter(difference -> difference.found().isPresent() == there)
                .map(RecordDifference::key)
                .collect(Collectors.toSet());
    }

    private boolean keep(Map<RecordSet.Key, Leftover> next) {
        if (next.equals(standing)) {
            return false;
        }
        Kept kept = new Kept(next.values().stream()
                .map(each -> new Entry(
                        each.key().owner().text(),
                        each.key().type(),
                        each.data().isEmpty()
                                ? null
                                : each.data().stream().sorted().toList()))
                .sorted((one, other) -> one.toString().compareTo(other.toString()))
                .toList());
        try {
            Json.replace(file, kept);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
        standing = next; // what could not be written is tried again
        return true;
    }
}
