package org.postern.server;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.postern.dns.PublicationException;
import org.postern.dns.Publisher;
import org.postern.dns.RecordSet;
import org.postern.dns.UpdatePublisher;
import org.postern.dns.UpdateSettings;
import org.postern.nameserver.NameServer;
import org.postern.resolver.DomainName;

/// Who publishes the records of a zone.
final class DnsPublishers implements AutoCloseable {
    /// In the data directory.
    static final String JOURNALS = "dns/updates";

    /// One that is open, as long as the zone's settings stay as they are: it alone writes its journal.
    private record Updating(DnsSettings.Way.Update by, UpdatePublisher publisher) {}

    private final Optional<NameServer> own;
    private final Path directory;
    /// Guarded by this.
    private final Map<DomainName, Updating> updating = new HashMap<>();

    /// Guarded by this.
    private boolean closed;

    /// @param own Postern's own name server; empty where there is none
    /// @param directory for journals of what was sent
    DnsPublishers(Optional<NameServer> own, Path directory) {
        this.own = own;
        this.directory = directory;
    }

    /// Empty where a person does. One for as long as the zone's settings stay as they are.
    Optional<Publisher> of(DnsSettings.Zone zone) {
        return switch (zone.by()) {
            case DnsSettings.Way.Text() -> Optional.empty();
            case DnsSettings.Way.OwnServer() -> Optional.of(ownServer(zone.name()));
            case DnsSettings.Way.Update by -> Optional.of(opened(zone.name(), by));
        };
    }

    /// Empty where the zone is published in another way.
    Optional<UpdatePublisher> updates(DnsSettings.Zone zone) throws PublicationException {
        return zone.by() instanceof DnsSettings.Way.Update by ? Optional.of(update(zone.name(), by)) : Optional.empty();
    }

    private Publisher opened(DomainName zone, DnsSettings.Way.Update by) {
        try {
            return update(zone, by);
        } catch (PublicationException e) { // told at each attempt, until it can be
            return new Impossible(zone, String.valueOf(e.getMessage()));
        }
    }

    private synchronized UpdatePublisher update(DomainName zone, DnsSettings.Way.Update by)
            throws PublicationException {
        if (closed) {
            throw new PublicationException("Postern stops");
        }
        Updating before = updating.get(zone);
        if (before != null && before.by.equals(by)) {
            return before.publisher;
        }
        if (before != null) {
            updating.remove(zone);
            before.publisher.close();
        }
        String file = zone.text().replaceAll("[^a-z0-9._-]", "+") + ".journal";
        UpdatePublisher publisher =
                new UpdatePublisher(UpdateSettings.of(by.host(), by.port(), zone, by.key(), directory.resolve(file)));
        updating.put(zone, new Updating(by, publisher));
        return publisher;
    }

    private Publisher ownServer(DomainName zone) {
        return own.filter(server -> server.hasZone(zone))
                .map(server -> server.publisher(zone))
                // the configuration got a name server while there was none
                .orElseGet(() -> new Impossible(zone, "the name server has it after a restart"));
    }

    /// A zone that nothing can be published in for now.
    private record Impossible(DomainName zone, String reason) implements Publisher {
        @Override
        public void publish(List<RecordSet> wanted) throws PublicationException {
            throw new PublicationException(reason);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        updating.values().forEach(each -> each.publisher.close());
        updating.clear();
    }
}
