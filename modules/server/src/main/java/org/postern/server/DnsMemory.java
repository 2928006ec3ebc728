package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.postern.dns.RecordDifference;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;
import tools.jackson.core.JacksonException;

/// Which record sets are published as far as is known, over restarts too: what is wanted no more is looked for until it
/// is gone, and what is there may stay while nobody can prove anything of its zone.
final class DnsMemory {
    private final Path file;
    /// Guarded by this.
    private Set<RecordSet.Key> standing;

    private DnsMemory(Path file, Set<RecordSet.Key> standing) {
        this.file = file;
        this.standing = standing;
    }

    /// As it stands in the file.
    record Kept(List<Entry> published) {}

    record Entry(String owner, RecordType type) {}

    /// @throws StartException where the file cannot be read
    static DnsMemory in(Path directory) {
        Path file = directory.resolve("published.json");
        try {
            Set<RecordSet.Key> standing = new LinkedHashSet<>();
            if (Files.exists(file)) {
                Json.MAPPER
                        .readValue(Files.readString(file), Kept.class)
                        .published()
                        .forEach(entry -> standing.add(new RecordSet.Key(new DomainName(entry.owner()), entry.type())));
            }
            return new DnsMemory(file, standing);
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            throw new StartException(
                    file + " cannot be read: " + e.getMessage() + "; without it Postern forgets which records it has"
                            + " published, and starts",
                    e);
        }
    }

    synchronized Set<RecordSet.Key> standing() {
        return Set.copyOf(standing);
    }

    /// The owners of those of one type.
    synchronized Set<DomainName> standing(RecordType type) {
        return standing.stream()
                .filter(key -> key.type() == type)
                .map(RecordSet.Key::owner)
                .collect(Collectors.toSet());
    }

    /// These were sent to the servers.
    synchronized void published(Collection<RecordSet> sets) {
        Set<RecordSet.Key> next = new LinkedHashSet<>(standing);
        sets.forEach(set -> next.add(set.key()));
        keep(next);
    }

    /// What the servers said.
    ///
    /// @param left what was asked for though it is not wanted
    synchronized void remember(
            List<RecordSet> wanted, List<RecordSet.Key> left, RecordDifference.Comparison comparison) {
        if (!comparison.failures().isEmpty()) {
            return; // who did not answer may have it
        }
        Set<RecordSet.Key> missing = keys(comparison, false);
        Set<RecordSet.Key> there = keys(comparison, true);
        Set<RecordSet.Key> next = new LinkedHashSet<>(standing);
        for (RecordSet set : wanted) {
            if (missing.contains(set.key()) && !there.contains(set.key())) {
                next.remove(set.key());
            } else {
                next.add(set.key());
            }
        }
        left.stream().filter(key -> !there.contains(key)).forEach(next::remove);
        keep(next);
    }

    private static Set<RecordSet.Key> keys(RecordDifference.Comparison comparison, boolean there) {
        return comparison.differences().stream()
                .filter(difference -> difference.found().isPresent() == there)
                .map(RecordDifference::key)
                .collect(Collectors.toSet());
    }

    private void keep(Set<RecordSet.Key> next) {
        if (next.equals(standing)) {
            return;
        }
        standing = next;
        Kept kept = new Kept(next.stream()
                .map(key -> new Entry(key.owner().text(), key.type()))
                .sorted((one, other) -> one.toString().compareTo(other.toString()))
                .toList());
        try {
            Files.createDirectories(file.resolveSibling(""));
            Path made = file.resolveSibling("published.json.new");
            Files.writeString(made, Json.MAPPER.writeValueAsString(kept) + "\n");
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }
}
