package org.postern.server;

import java.util.List;
import java.util.Optional;
import org.postern.dns.PublicationException;
import org.postern.dns.Publisher;
import org.postern.dns.RecordSet;
import org.postern.nameserver.NameServer;
import org.postern.resolver.DomainName;

/// Who publishes the records of a zone.
final class DnsPublishers {
    private final Optional<NameServer> own;

    /// @param own Postern's own name server; empty where there is none
    DnsPublishers(Optional<NameServer> own) {
        this.own = own;
    }

    /// Empty where a person does. One for as long as the zone's settings stay as they are.
    Optional<Publisher> of(DnsSettings.Zone zone) {
        return switch (zone.by()) {
            case DnsSettings.Way.Text() -> Optional.empty();
            case DnsSettings.Way.OwnServer() -> Optional.of(ownServer(zone.name()));
        };
    }

    private Publisher ownServer(DomainName zone) {
        return own.filter(server -> server.hasZone(zone))
                .map(server -> server.publisher(zone))
                .orElseGet(() -> new Waiting(zone));
    }

    /// A zone that the configuration got while the server ran.
    private record Waiting(DomainName zone) implements Publisher {
        @Override
        public void publish(List<RecordSet> wanted) throws PublicationException {
            throw new PublicationException("the name server has it after a restart");
        }
    }
}
