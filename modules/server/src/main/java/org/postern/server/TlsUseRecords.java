package org.postern.server;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.postern.session.SessionInformation;
import org.postern.session.SessionRecord;
import org.postern.session.SessionRecords;
import org.postern.session.TlsFacts;
import org.postern.store.TlsInventory;
import org.postern.store.TlsUse;
import org.postern.store.TlsWay;

/// Has the store keep how accounts were reached, beside who keeps the records themselves. (A session counts when it
/// ends: only then it is known what its client calls itself.)
record TlsUseRecords(SessionRecords records, TlsInventory inventory) implements SessionRecords {
    @Override
    public void ended(SessionRecord session) {
        records.ended(session);
        if (session.principal().isPresent() && session.tls().isPresent()) {
            inventory.record(
                    session.principal().get().account(),
                    way(session.listener(), session.tls().get(), session.mechanism(), session.client()),
                    session.started(),
                    session.started().plus(session.duration()));
        }
    }

    private static TlsWay way(String listener, TlsFacts tls, Optional<String> mechanism, Optional<String> client) {
        return new TlsWay(
                listener,
                tls.implicit(),
                tls.version(),
                tls.cipherSuite(),
                tls.serverName().isPresent(),
                mechanism.orElse("").toUpperCase(Locale.ROOT),
                client.orElse(""));
    }

    /// All of the last 90 days, with the sessions that are there now.
    static List<TlsUse> all(TlsInventory inventory, List<SessionInformation> live) {
        record Key(String address, TlsWay way) {}
        Map<Key, TlsUse> uses = new LinkedHashMap<>();
        inventory.uses().forEach(use -> uses.put(new Key(use.address(), use.way()), use));
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        for (SessionInformation session : live) {
            if (session.account().isEmpty() || session.tls().isEmpty()) {
                continue;
            }
            String address = session.account().get();
            TlsWay way = way(session.listener(), session.tls().get(), session.mechanism(), session.client());
            uses.merge(
                    new Key(address, way),
                    new TlsUse(address, way, day(session.started()), today, 1),
                    (known, now) -> new TlsUse(
                            address,
                            way,
                            known.firstDay().isBefore(now.firstDay()) ? known.firstDay() : now.firstDay(),
                            today,
                            known.sessions() + 1));
        }
        List<TlsUse> all = new ArrayList<>(uses.values());
        all.sort(Comparator.comparing(TlsUse::address)
                .thenComparing(TlsUse::lastDay, Comparator.reverseOrder())
                .thenComparing(TlsUse::sessions, Comparator.reverseOrder()));
        return all;
    }

    private static LocalDate day(Instant at) {
        return LocalDate.ofInstant(at, ZoneOffset.UTC);
    }
}
