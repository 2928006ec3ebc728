package org.postern.server;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.postern.dns.Gate;
import org.postern.dns.RecordDifference;
import org.postern.resolver.DomainName;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is wrong with what is published: counted in a metric at once, told in the log when it stays so for a minute (a
/// secondary server may need that), and then each day. Looks are made on one thread.
final class DnsWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DnsWatch.class);
    /// Less than the keeper waits until it looks again.
    private static final Duration ENOUGH = Duration.ofSeconds(50);
    private static final Duration REMINDER = Duration.ofDays(1);

    /// Ways in which what is published can be wrong.
    enum Check {
        /// a set is not there
        MISSING,
        /// a set says something else, or for another time
        DIFFERENT,
        /// a set is there that should not be
        LEFT,
        /// a server that does not answer, or a zone whose servers are not found
        UNANSWERED,
        /// TLSA records whose zone is not proved secure
        WITHHELD,
        /// records that lead to something which does not answer
        WAITING,
        /// a publication that failed
        FAILED
    }

    private volatile Map<Check, Integer> counts = Map.of();
    /// When each was seen first.
    private Map<String, Instant> since = Map.of();
    private final Set<String> told = new HashSet<>();
    private Instant reminded = Instant.now();

    int count(Check check) {
        return counts.getOrDefault(check, 0);
    }

    Look begin() {
        return new Look();
    }

    /// No zone is looked after.
    void nothing() {
        counts = Map.of();
        since = Map.of();
    }

    /// One look at all zones.
    final class Look {
        private final Map<Check, Set<String>> found = new EnumMap<>(Check.class);

        private void add(Check check, String line) {
            found.computeIfAbsent(check, _ -> new LinkedHashSet<>()).add(line);
        }

        void withheld(List<Gate.Withheld> sets) {
            sets.forEach(each -> add(Check.WITHHELD, each.set().key() + " is withheld: " + each.reason()));
        }

        void waiting(List<DnsGroups.Waiting> sets) {
            sets.forEach(each -> add(Check.WAITING, each.text()));
        }

        void failed(DomainName zone, String reason) {
            add(Check.FAILED, "the zone " + zone + " could not be changed: " + reason);
        }

        void compared(RecordDifference.Comparison comparison) {
            comparison.failures().forEach(line -> add(Check.UNANSWERED, line));
            comparison.differences().forEach(each -> add(check(each), each.key() + " " + each.text()));
        }

        /// Tells what there is to tell.
        ///
        /// @return whether something was found that was not there at the look before
        boolean end() {
            Instant now = Instant.now();
            if (Duration.between(reminded, now).compareTo(REMINDER) >= 0) {
                told.clear();
                reminded = now;
            }
            Map<String, Instant> seen = new HashMap<>();
            found.forEach((check, lines) -> {
                lines.forEach(line -> seen.put(line, since.getOrDefault(line, now)));
                List<String> news = lines.stream()
                        .filter(line -> Duration.between(seen.get(line), now).compareTo(ENOUGH) >= 0)
                        .filter(told::add)
                        .toList();
                if (!news.isEmpty()) {
                    LOG.warn("DNS: {}: {}", word(check), String.join("; ", news));
                }
            });
            told.retainAll(seen.keySet());
            boolean news = !since.keySet().containsAll(seen.keySet());
            since = seen;
            Map<Check, Integer> sizes = new EnumMap<>(Check.class);
            found.forEach((check, lines) -> sizes.put(check, lines.size()));
            counts = sizes;
            return news;
        }
    }

    static String word(Check check) {
        return check.name().toLowerCase(Locale.ROOT);
    }

    static Check check(RecordDifference difference) {
        if (difference.wanted().isEmpty()) {
            return Check.LEFT;
        }
        return difference.found().isEmpty() ? Check.MISSING : Check.DIFFERENT;
    }
}
