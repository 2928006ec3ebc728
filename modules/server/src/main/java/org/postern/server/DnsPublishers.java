package org.postern.server;

import java.util.Optional;
import org.postern.dns.Publisher;

/// Who publishes the records of a zone.
final class DnsPublishers {
    /// Empty where a person does. One for as long as the zone's settings stay as they are.
    Optional<Publisher> of(DnsSettings.Zone zone) {
        return switch (zone.by()) {
            case DnsSettings.Way.Text() -> Optional.empty();
        };
    }
}
