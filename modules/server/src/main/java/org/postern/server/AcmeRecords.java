package org.postern.server;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.postern.acme.DnsPublisher;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The TXT records of dns-01 (RFC 8555 §8.4), published the way all records are.
final class AcmeRecords implements DnsPublisher {
    private static final Logger LOG = LoggerFactory.getLogger(AcmeRecords.class);
    /// Of the next order there is another record, perhaps a moment later: nobody is to keep this one.
    private static final Duration TIME_TO_LIVE = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration AGAIN = Duration.ofMillis(500);

    private final CompletableFuture<DnsKeeper> keeper = new CompletableFuture<>();
    /// By name. Guarded by this.
    private final Map<DomainName, List<String>> texts =
            new TreeMap<>((one, other) -> one.text().compareTo(other.text()));

    /// Where an authority looks for the proof that a name is ours.
    static DomainName owner(String name) {
        return new DomainName("_acme-challenge." + name);
    }

    /// From now on there is somebody who publishes, and whose name servers answer.
    void by(DnsKeeper dns) {
        keeper.complete(dns);
    }

    /// What is to be published just now.
    synchronized List<RecordSet> sets() {
        return texts.entrySet().stream()
                .map(entry -> new RecordSet(entry.getKey(), RecordType.TXT, TIME_TO_LIVE, entry.getValue()))
                .toList();
    }

    @Override
    public AutoCloseable publish(String name, String text) throws IOException {
        DomainName owner = new DomainName(name);
        DnsKeeper dns = started();
        if (!dns.publishes(owner)) {
            throw new IOException(
                    owner + " is in no zone of dns.zones that Postern can change: dns-01 needs one that is"
                            + " published by update or by own-server");
        }
        String data = "\"" + text + "\"";
        change(owner, data, true);
        try {
            publish(dns, owner);
            await(dns, owner, data);
        } catch (IOException | RuntimeException e) {
            withdraw(dns, owner, data);
            throw e;
        }
        return () -> withdraw(dns, owner, data);
    }

    /// Certificates are ordered while the server still starts.
    private DnsKeeper started() throws IOException {
        try {
            return keeper.copy()
                    .orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            throw new IOException("the server did not start", e);
        }
    }

    /// What cannot be taken away now is with the next look at the zone, for nobody wants it any more.
    private void withdraw(DnsKeeper dns, DomainName owner, String data) {
        change(owner, data, false);
        try {
            publish(dns, owner);
        } catch (IOException e) {
            LOG.warn("the TXT record of {} stays for now: {}", owner, e.getMessage());
            dns.refresh();
        }
    }

    private synchronized void change(DomainName owner, String data, boolean there) {
        List<String> all = new ArrayList<>(texts.getOrDefault(owner, List.of()));
        all.remove(data);
        if (there) {
            all.add(data);
        }
        if (all.isEmpty()) {
            texts.remove(owner);
        } else {
            texts.put(owner, all);
        }
    }

    private static void publish(DnsKeeper keeper, DomainName owner) throws IOException {
        try {
            keeper.publishAt(owner);
        } catch (PublicationException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// An authority may ask any of them.
    private static void await(DnsKeeper keeper, DomainName owner, String data) throws IOException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            List<ServerAnswer> answers = keeper.servers().ask(owner, RecordType.TXT);
            Optional<ServerAnswer> behind = answers.stream()
                    .filter(answer -> answer.found()
                            .filter(set -> set.data().contains(data))
                            .isEmpty())
                    .findFirst();
            if (!answers.isEmpty() && behind.isEmpty()) {
                return;
            }
            if (System.nanoTime() - end >= 0) {
                throw new IOException(behind.map(answer -> answer.server() + " has not got the record of " + owner
                                + answer.failure()
                                        .map(failure -> ": " + failure)
                                        .orElse(""))
                        .orElse("the name servers of " + owner + " cannot be found"));
            }
            LockSupport.parkNanos(AGAIN.toNanos());
        }
    }
}
