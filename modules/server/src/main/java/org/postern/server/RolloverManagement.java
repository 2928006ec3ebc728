package org.postern.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.postern.dns.Rollovers;

/// How keys follow each other, and what to do when one is in the wrong hands.
final class RolloverManagement {
    private static final int SHORTEST = 8; // characters of a fingerprint

    private final Rollovers rollovers;
    private final CertificateKeeper certificates;

    RolloverManagement(Rollovers rollovers, CertificateKeeper certificates) {
        this.rollovers = rollovers;
        this.certificates = certificates;
    }

    Answer execute(Request.Rollover request) {
        return switch (request) {
            case Request.Rollover.List() -> list();
            case Request.Rollover.Force(String host, String reason) -> force(host, reason);
            case Request.Rollover.Outage(List<String> keys, boolean nextToo) -> {
                Set<String> all = keys(keys, nextToo);
                yield new Answer.Emergency(List.copyOf(all), outages(all), false);
            }
            case Request.Rollover.Compromised(List<String> keys, boolean nextToo, String reason) ->
                compromised(keys(keys, nextToo), reason);
        };
    }

    private Answer.Rollovers list() {
        return new Answer.Rollovers(rollovers.standings().stream()
                .map(each -> new Answer.Rollover(
                        each.host(),
                        each.phase().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                        List.copyOf(each.serving()),
                        List.copyOf(each.wanted()),
                        List.copyOf(each.announced()),
                        List.copyOf(each.published()),
                        each.settled(),
                        each.ripe(),
                        each.obstacles(),
                        each.compromised().stream().sorted().toList()))
                .toList());
    }

    private Answer force(String host, String reason) {
        required(reason);
        if (!rollovers.force(host.toLowerCase(Locale.ROOT), reason)) {
            throw new RequestRefused("no keys are rolled over at " + host + ": see dns rollover");
        }
        certificates.refresh();
        return list();
    }

    private static void required(String reason) {
        if (reason.isBlank()) {
            throw new RequestRefused("give a reason: it stands in the log");
        }
    }

    /// Of those that are served, wait or are announced: the ones whose fingerprint begins so.
    private Set<String> keys(List<String> beginnings, boolean nextToo) {
        Set<String> known = new TreeSet<>();
        Set<String> announced = new TreeSet<>();
        rollovers.standings().forEach(each -> {
            known.addAll(each.serving());
            known.addAll(each.wanted());
            announced.addAll(each.announced());
        });
        known.addAll(announced);
        Set<String> found = new TreeSet<>();
        for (String beginning : beginnings) {
            String wanted = beginning.toLowerCase(Locale.ROOT).replace(":", "");
            Set<String> matching = new TreeSet<>(known);
            matching.removeIf(key -> wanted.length() < SHORTEST || !key.startsWith(wanted));
            if (matching.isEmpty()) {
                throw new RequestRefused("no key that is served or announced has a fingerprint (SHA-256 of the key, at"
                        + " least " + SHORTEST + " characters) that begins with " + beginning
                        + ": see dns rollover");
            }
            found.addAll(matching);
        }
        if (nextToo) {
            found.addAll(announced);
        }
        return found;
    }

    private Map<String, Long> outages(Set<String> keys) {
        Map<String, Long> seconds = new LinkedHashMap<>();
        rollovers.outages(keys).forEach((host, outage) -> seconds.put(host, outage.toSeconds()));
        return seconds;
    }

    /// The new key comes first: the old one stays until there is something to put in its place.
    private Answer compromised(Set<String> keys, String reason) {
        required(reason);
        Map<String, Long> outages = outages(keys);
        rollovers.compromised(keys, reason);
        if (certificates.issues()) {
            certificates.issue();
        } else {
            certificates.refresh();
        }
        return new Answer.Emergency(List.copyOf(keys), outages, true);
    }
}
