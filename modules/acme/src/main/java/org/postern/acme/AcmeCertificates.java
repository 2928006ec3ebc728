package org.postern.acme;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postern.identity.PresentedIdentifier;
import org.postern.identity.PresentedIdentifiers;
import org.postern.tls.Fingerprints;
import org.postern.tls.KeyKind;
import org.postern.tls.PemFiles;
import org.postern.tls.PemPair;
import org.postern.tls.TlsConfigurationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has certificates whenever they are needed: at first, when names change, and when a third of a term is left. One
/// attempt at a time, on a thread of its own or on that of an operator's command; after a failure the next one
/// waits, each time twice as long, with jitter, and what was there is served on.
public final class AcmeCertificates implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AcmeCertificates.class);
    private static final Duration LOOK = Duration.ofMinutes(1);
    private static final Duration SHORTEST_WAIT = Duration.ofMinutes(1);
    private static final Duration LONGEST_WAIT = Duration.ofHours(12);
    /// Not all servers of the world at once: so much earlier at random, of the term.
    private static final double JITTER = 0.03;

    private record Wanted(AcmeSettings settings, List<String> names) {}

    /// How it goes.
    ///
    /// @param failures in a row
    /// @param failure the last one, in the operator's words; empty after a success
    /// @param nextAttempt not before then, after a failure
    /// @param nextKeys fingerprints of the keys that the next certificates will have
    public record Progress(
            String directory, int failures, Optional<String> failure, Instant nextAttempt, List<String> nextKeys) {}

    private final AcmeFiles files;
    private final Optional<DnsPublisher> dns;
    private final Runnable changed;
    private final double jitter = ThreadLocalRandom.current().nextDouble() * JITTER;
    private volatile @Nullable Wanted wanted;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("acme").factory());

    /// @param directory for keys and certificates
    /// @param dns who publishes records, where somebody does
    /// @param changed called after a certificate came
    public AcmeCertificates(Path directory, Optional<DnsPublisher> dns, Runnable changed) {
        this.files = new AcmeFiles(directory);
        this.dns = dns;
        this.changed = changed;
        timer.scheduleWithFixedDelay(this::look, LOOK.toSeconds(), LOOK.toSeconds(), TimeUnit.SECONDS);
    }

    /// Sees to it from now on that there are certificates for these names.
    public void want(AcmeSettings settings, List<String> names) {
        Wanted next = new Wanted(settings, List.copyOf(names));
        if (!next.equals(wanted)) {
            files.makeDirectory();
            wanted = next;
            timer.execute(this::look);
        }
    }

    /// Nobody wants any.
    public void rest() {
        wanted = null;
    }

    /// Where the certificate with a kind of key is, below the same directory.
    public static Path file(Path directory, KeyKind kind) {
        return directory.resolve("certificate-" + AcmeFiles.word(kind) + ".pem");
    }

    /// Those that are there.
    public List<PemPair> pairs(AcmeSettings settings) {
        return files.pairs(settings.keys());
    }

    /// Attempts in a row that brought no certificate; empty where nobody wants any. Cheap: for a meter.
    public OptionalInt failures() {
        return wanted == null
                ? OptionalInt.empty()
                : OptionalInt.of(files.state().failures());
    }

    /// The account at the authority that certificates are wanted from; empty before the first order.
    public Optional<AcmeAccount> account() {
        Wanted now = wanted;
        return now == null
                ? Optional.empty()
                : files.account().filter(account -> account.directory().equals(now.settings.directory()));
    }

    /// How it goes; empty where nobody wants any. Makes the next keys where there are none yet, to tell of them.
    public Optional<Progress> progress() {
        Wanted now = wanted;
        if (now == null) {
            return Optional.empty();
        }
        AcmeFiles.State state = files.state();
        return Optional.of(new Progress(
                now.settings.directory().toString(),
                state.failures(),
                state.failure(),
                state.nextAttempt(),
                nextKeys().stream().map(Fingerprints::sha256).toList()));
    }

    /// Keys that the next certificates will have; none where a renewal goes on with the present ones. Makes those
    /// that are not there yet.
    public List<PublicKey> nextKeys() {
        Wanted now = wanted;
        return now == null || now.settings.reuseKey()
                ? List.of()
                : now.settings.keys().stream()
                        .map(kind -> files.nextKey(kind).getPublic())
                        .toList();
    }

    /// Together with the order: what an operator has just ordered is not ordered again.
    private synchronized void look() {
        if (timer.isShutdown()) {
            return; // what was due in the moment of the end is due at the next start
        }
        Wanted now = wanted;
        try {
            if (now != null && !Instant.now().isBefore(files.state().nextAttempt())) {
                List<KeyKind> due = now.settings.keys().stream()
                        .filter(kind -> isDue(now, kind))
                        .toList();
                if (!due.isEmpty()) {
                    order(now, due);
                }
            }
        } catch (AcmeFailedException told) { // it was logged, and is remembered
            LOG.debug("the next attempt comes later", told);
        } catch (RuntimeException e) {
            LOG.error("ACME: an attempt failed", e);
        }
    }

    /// Has all of them renewed now.
    ///
    /// @throws AcmeFailedException in the operator's words; what was served is served on
    public void issue() throws AcmeFailedException {
        issue(_ -> false);
    }

    /// As above, and none with a key that was given up.
    public void issue(Predicate<PublicKey> givenUp) throws AcmeFailedException {
        Wanted now = wanted;
        if (now == null) {
            throw new AcmeFailedException("nobody wants certificates by ACME here");
        }
        synchronized (this) {
            for (KeyKind kind : now.settings.keys()) {
                if (givenUp.test(files.nextKey(kind).getPublic())) {
                    files.discardNextKey(kind);
                }
            }
            order(now, now.settings.keys(), givenUp);
        }
    }

    private boolean isDue(Wanted now, KeyKind kind) {
        Path file = files.certificate(kind);
        try {
            X509Certificate leaf = new PemPair(file, file).load().leaf();
            Instant begin = leaf.getNotBefore().toInstant();
            Instant end = leaf.getNotAfter().toInstant();
            Duration term = Duration.between(begin, end);
            Duration early = term.dividedBy(3).plusMillis((long) (term.toMillis() * jitter));
            return !names(leaf).equals(new HashSet<>(now.names))
                    || Instant.now().isAfter(end.minus(early));
        } catch (TlsConfigurationException none) {
            return true;
        }
    }

    private static Set<String> names(X509Certificate leaf) {
        return PresentedIdentifiers.of(leaf).all().stream()
                .filter(PresentedIdentifier.DnsId.class::isInstance)
                .map(identifier -> ((PresentedIdentifier.DnsId) identifier).pattern())
                .collect(Collectors.toSet());
    }

    private void order(Wanted now, List<KeyKind> kinds) throws AcmeFailedException {
        order(now, kinds, _ -> false);
    }

    private synchronized void order(Wanted now, List<KeyKind> kinds, Predicate<PublicKey> givenUp)
            throws AcmeFailedException {
        List<KeyKind> done = new ArrayList<>();
        try (AcmeClient client = new AcmeClient(now.settings, dns)) {
            for (KeyKind kind : kinds) {
                KeyPair key = key(now.settings, kind, givenUp);
                List<X509Certificate> chain = client.order(files.accountKey(), key, now.names);
                client.account().ifPresent(files::remember);
                files.keep(kind, key, chain);
                done.add(kind);
                LOG.info(
                        "ACME: a certificate for {} until {}",
                        now.names,
                        chain.getFirst().getNotAfter().toInstant());
            }
            files.remember(AcmeFiles.State.NONE);
        } catch (AcmeFailedException | TlsConfigurationException failure) {
            remember(failure);
            throw failure instanceof AcmeFailedException failed
                    ? failed
                    : new AcmeFailedException(String.valueOf(failure.getMessage()));
        } finally {
            if (!done.isEmpty()) {
                changed.run();
            }
        }
    }

    private KeyPair key(AcmeSettings settings, KeyKind kind, Predicate<PublicKey> givenUp) {
        Path present = files.certificate(kind);
        if (settings.reuseKey() && Files.exists(present)) {
            KeyPair pair = PemFiles.readKeyPair(present);
            if (!givenUp.test(pair.getPublic())) {
                return pair;
            }
        }
        return files.nextKey(kind);
    }

    private void remember(Exception failure) {
        int failures = files.state().failures() + 1;
        Duration doubled = SHORTEST_WAIT.multipliedBy(1L << Math.min(failures - 1, 12));
        Duration longest = doubled.compareTo(LONGEST_WAIT) < 0 ? doubled : LONGEST_WAIT;
        // between half and all of it, so that those who failed together do not come back together
        Duration wait =
                longest.dividedBy(2).plusMillis(ThreadLocalRandom.current().nextLong(longest.toMillis() / 2 + 1));
        Instant next = Instant.now().plus(wait);
        if (failure instanceof AcmeFailedException failed
                && failed.notBefore().filter(next::isBefore).isPresent()) {
            next = failed.notBefore().get();
        }
        String text = String.valueOf(failure.getMessage());
        files.remember(new AcmeFiles.State(failures, Optional.of(text), next));
        LOG.error("ACME: {}; what is served is served on, the next attempt is at {}", text, next);
    }

    @Override
    public void close() {
        timer.shutdown();
    }
}
