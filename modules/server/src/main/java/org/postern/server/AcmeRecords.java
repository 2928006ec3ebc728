package org.postern.server;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postern.acme.DnsPublisher;
import org.postern.dns.AuthoritativeServers.ServerAnswer;
import org.postern.dns.PublicationException;
import org.postern.dns.RecordSet;
import org.postern.dns.RecordType;
import org.postern.resolver.DomainName;

/// The TXT records of dns-01 (RFC 8555 §8.4), published the way all records are.
final class AcmeRecords implements DnsPublisher {
    private static final Duration TIME_TO_LIVE = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private volatile @Nullable DnsKeeper dns;
    /// By name. Guarded by this.
    private final Map<DomainName, List<String>> texts =
            new TreeMap<>((one, other) -> one.text().compareTo(other.text()));

    /// From now on there is somebody who publishes.
    void by(DnsKeeper keeper) {
        dns = keeper;
    }

    /// What is to be published just now.
    synchronized List<RecordSet> sets() {
        return texts.entrySet().stream()
                .map(entry -> new RecordSet(entry.getKey(), RecordType.TXT, TIME_TO_LIVE, entry.getValue()))
                .toList();
    }

    @Override
    public AutoCloseable publish(String name, String text) throws IOException {
        DnsKeeper keeper = dns;
        DomainName owner = new DomainName(name);
        if (keeper == null) {
            throw new IOException("the server is still starting");
        }
        if (!keeper.publishes(owner)) {
            throw new IOException(
                    owner + " is in no zone of dns.zones that Postern can change: dns-01 needs one that is"
                            + " published by update or by own-server");
        }
        String data = "\"" + text + "\"";
        change(owner, data, true);
        AutoCloseable remedy = () -> {
            change(owner, data, false);
            publish(keeper, owner);
        };
        try {
            publish(keeper, owner);
            await(keeper, owner, data);
        } catch (IOException e) {
            change(owner, data, false);
            throw e;
        }
        return remedy;
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
