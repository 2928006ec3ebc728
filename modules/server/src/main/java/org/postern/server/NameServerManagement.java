package org.postern.server;

import java.io.IOException;
import java.net.IDN;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.postern.nameserver.NameServer;
import org.postern.nameserver.ZoneStatus;
import org.postern.resolver.DomainName;

/// The zones of Postern's own name server, and their keys.
final class NameServerManagement {
    /// Of keys and zones, below the data directory.
    static final String DIRECTORY = "nameserver";

    private final Optional<NameServer> server;

    /// @param server empty where there is none
    NameServerManagement(Optional<NameServer> server) {
        this.server = server;
    }

    Answer execute(Request.Zone request) {
        NameServer running = server.orElseThrow(() -> new RequestRefused(
                "this server has no name server of its own: nameserver.addresses and nameserver.zones are not set"));
        try {
            return switch (request) {
                case Request.Zone.Keys(Optional<String> zone) -> new Answer.Zones(shown(running, zone));
                case Request.Zone.RollKey(String zone, String key) -> {
                    running.roll(name(zone), key);
                    yield new Answer.Zones(shown(running, Optional.of(zone)));
                }
                case Request.Zone.ConfirmDelegation(String zone) -> {
                    running.confirmDelegation(name(zone));
                    yield new Answer.Zones(shown(running, Optional.of(zone)));
                }
            };
        } catch (IllegalStateException refused) {
            throw new RequestRefused(String.valueOf(refused.getMessage()));
        } catch (IOException e) {
            throw new RequestRefused("the zone stays as it is, it cannot be written: " + e.getMessage());
        }
    }

    private static DomainName name(String text) {
        try {
            return new DomainName(IDN.toASCII(text));
        } catch (IllegalArgumentException e) {
            throw new RequestRefused("'" + text + "' is not the name of a zone");
        }
    }

    private static List<Answer.Zone> shown(NameServer running, Optional<String> zone) {
        List<Answer.Zone> shown = running.zones().stream()
                .filter(each -> zone.isEmpty() || each.zone().equals(name(zone.get())))
                .map(NameServerManagement::answer)
                .toList();
        if (shown.isEmpty()) {
            throw new RequestRefused("the name server has no zone " + zone.orElse("") + "; it has "
                    + running.zones().stream().map(each -> each.zone().text()).toList());
        }
        return shown;
    }

    private static Answer.Zone answer(ZoneStatus zone) {
        return new Answer.Zone(
                zone.zone().text(),
                zone.serial(),
                zone.records(),
                zone.signaturesEnd(),
                zone.keys().stream()
                        .map(key -> new Answer.ZoneKey(
                                key.tag(), key.role(), key.algorithm(), key.state(), key.since(), key.delegation()))
                        .toList(),
                zone.delegation(),
                zone.delegated(),
                zone.change()
                        .map(change -> new Answer.ZoneChange(
                                change.from(),
                                change.to(),
                                change.step(),
                                change.steps(),
                                change.state(),
                                change.until())),
                zone.fault(),
                zone.secondaries().stream()
                        .map(each -> new Answer.Secondary(
                                each.address().getAddress().getHostAddress(),
                                each.address().getPort(),
                                each.confirmed().map(OptionalLong::of).orElseGet(OptionalLong::empty)))
                        .toList());
    }
}
