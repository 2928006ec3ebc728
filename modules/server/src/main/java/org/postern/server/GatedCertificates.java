package org.postern.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;
import org.postern.server.CertificateKeeper.Kept;
import org.postern.tls.ActivationGate;
import org.postern.tls.Fingerprints;
import org.postern.tls.PemFiles;
import org.postern.tls.PemPair;
import org.postern.tls.ServedCertificate;
import org.postern.tls.ServedCertificates;
import org.postern.tls.TlsConfigurationException;
import org.postern.tls.UnknownServerName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has certificates wait at the [ActivationGate], whichever source they come from: as long as a new key may not be
/// shown, what was served is served on. For that, what guarded hosts show is kept as files of its own, since its
/// source may have the successor only.
final class GatedCertificates {
    private static final Logger LOG = LoggerFactory.getLogger(GatedCertificates.class);

    private final Path directory;
    private final ActivationGate gate;
    /// Names of files that are needed. Guarded by the keeper.
    private Set<String> kept = Set.of();

    /// @param directory for what is served at guarded hosts; made when it is needed
    GatedCertificates(Path directory, ActivationGate gate) {
        this.directory = directory;
        this.gate = gate;
    }

    /// One that may not be served yet.
    ///
    /// @param hosts whose records hold it back
    record Waiting(Kept candidate, Set<String> hosts) {}

    /// @param serving what may be served, retained ones included
    /// @param problems what operators have to do something about
    /// @param again when to choose again at the latest: a retained certificate ends
    record Choice(List<Kept> serving, List<Waiting> waiting, List<String> problems, Optional<Instant> again) {}

    /// What was served before this process, as far as it matters.
    List<Kept> before() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        List<Kept> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".pem"))
                    .sorted()
                    .toList()) {
                try {
                    found.add(new Kept(new PemPair(file, file).load(), file.toString()));
                } catch (TlsConfigurationException over) {
                    LOG.debug("not served on: {}", over.getMessage());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be read", e);
        }
        return found;
    }

    /// @param candidates what the sources have, in the order in which it counts
    /// @param current what is served now
    Choice choose(List<Kept> candidates, List<Kept> current, UnknownServerName unknown, Instant now) {
        Set<String> guarded = new TreeSet<>(gate.guarded());
        if (guarded.isEmpty()) {
            return new Choice(candidates, List.of(), List.of(), Optional.empty());
        }
        List<Kept> valid = current.stream()
                .filter(kept -> kept.served().leaf().getNotAfter().toInstant().isAfter(now))
                .toList();
        Map<ServedCertificate, Set<String>> barred = new LinkedHashMap<>();
        Set<ServedCertificate> retained = new LinkedHashSet<>();
        for (String host : guarded) {
            List<ServedCertificate> old = shown(host, valid, unknown);
            for (ServedCertificate wanted : shown(host, candidates, unknown)) {
                if (old.isEmpty() || gate.mayServe(host, wanted)) {
                    continue; // the first one has nobody to wait for
                }
                old.stream().filter(each -> sameKind(each, wanted)).forEach(retained::add);
                if (!contains(valid, wanted)) { // it may be right for another host, where it is served
                    barred.computeIfAbsent(wanted, _ -> new TreeSet<>()).add(host);
                }
            }
        }
        // who waits at one host leaves its other names to those who had them
        for (ServedCertificate each : barred.keySet()) {
            valid.stream()
                    .map(Kept::served)
                    .filter(old -> sameKind(old, each) && sharesName(old, each))
                    .forEach(retained::add);
        }
        List<Kept> held = valid.stream()
                .filter(kept -> retained.contains(kept.served()) && !contains(candidates, kept.served()))
                .toList();
        List<Kept> serving = new ArrayList<>();
        if (!retained.isEmpty()) {
            // in the order in which they were served: who waits at one host takes no other's place meanwhile
            valid.stream()
                    .filter(kept -> retained.contains(kept.served()) || contains(candidates, kept.served()))
                    .forEach(serving::add);
        }
        candidates.stream()
                .filter(kept -> !barred.containsKey(kept.served()) && !contains(serving, kept.served()))
                .forEach(serving::add);
        List<Waiting> waiting = candidates.stream()
                .filter(kept -> barred.containsKey(kept.served()))
                .map(kept -> new Waiting(kept, Set.copyOf(barred.getOrDefault(kept.served(), Set.of()))))
                .toList();
        return new Choice(
                serving,
                waiting,
                problems(waiting, held),
                held.stream()
                        .map(kept -> kept.served().leaf().getNotAfter().toInstant())
                        .min(Instant::compareTo));
    }

    private static List<String> problems(List<Waiting> waiting, List<Kept> held) {
        List<String> problems = new ArrayList<>();
        for (Waiting each : waiting) {
            Instant end = held.stream()
                    .filter(kept -> sharesName(kept.served(), each.candidate().served()))
                    .map(kept -> kept.served().leaf().getNotAfter().toInstant())
                    .min(Instant::compareTo)
                    .orElse(Instant.MAX);
            problems.add("the key "
                    + Fingerprints.sha256(each.candidate().served().leaf().getPublicKey())
                    + " waits until caches cannot hold TLSA records without it ("
                    + String.join(" ", new TreeSet<>(each.hosts()))
                    + "): what was served before is served on"
                    + (end.equals(Instant.MAX) ? "" : ", until it ends at " + end + ", and then the new one at once")
                    + "; see postern dns rollover");
        }
        return problems;
    }

    /// Where a handshake would lead.
    private static List<ServedCertificate> shown(String host, List<Kept> set, UnknownServerName unknown) {
        return ServedCertificates.servedFor(host, set.stream().map(Kept::served).toList(), unknown);
    }

    private static boolean contains(List<Kept> set, ServedCertificate certificate) {
        return set.stream().anyMatch(kept -> kept.served().chain().equals(certificate.chain()));
    }

    private static boolean sameKind(ServedCertificate one, ServedCertificate other) {
        return one.leaf()
                .getPublicKey()
                .getAlgorithm()
                .equals(other.leaf().getPublicKey().getAlgorithm());
    }

    private static boolean sharesName(ServedCertificate one, ServedCertificate other) {
        Set<PresentedIdentifier> names =
                new HashSet<>(PresentedIdentifiers.of(one.leaf()).all());
        names.retainAll(PresentedIdentifiers.of(other.leaf()).all());
        return names.stream().anyMatch(PresentedIdentifier.DnsId.class::isInstance);
    }

    /// Writes what guarded hosts are about to show, before they show it: after a crash it is still there.
    void keep(List<Kept> serving, UnknownServerName unknown) {
        Set<String> guarded = gate.guarded();
        if (guarded.isEmpty() && !Files.isDirectory(directory)) {
            return;
        }
        Set<String> names = new HashSet<>();
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            for (String host : guarded) {
                for (ServedCertificate certificate : shown(host, serving, unknown)) {
                    Path file = directory.resolve(Fingerprints.sha256(certificate.leaf()) + ".pem");
                    if (names.add(String.valueOf(file.getFileName())) && !Files.exists(file)) {
                        PemFiles.writePair(file, certificate.key(), certificate.chain());
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be written", e);
        }
        kept = Set.copyOf(names);
    }

    /// Removes what is shown no more, and tells the gate what is.
    ///
    /// @param announced for a host, keys that are to come later
    void served(
            List<Kept> candidates,
            List<Kept> serving,
            UnknownServerName unknown,
            Function<String, List<PublicKey>> announced) {
        for (String host : gate.guarded()) {
            gate.told(new ActivationGate.Shown(
                    host, shown(host, serving, unknown), shown(host, candidates, unknown), announced.apply(host)));
        }
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                if (!kept.contains(String.valueOf(file.getFileName()))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be cleared", e);
        }
    }
}
