package org.postern.dns;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.postern.dns.LintFinding.Check;
import org.postern.dns.LintFinding.State;
import org.postern.resolver.DomainName;
import org.xbill.DNS.Message;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Looks at published records as their operator sees them: held against what is wanted, at every name server, with
/// signatures, times and sizes. What clients make of them is for `audit`. For one look, on one thread.
public final class RecordLint {
    /// RFC 7671 §13: after a key was lost, its record lives on in caches for so long.
    private static final Duration LONGEST_TIME_TO_LIVE = Duration.ofHours(1);
    /// Signatures are made anew well before.
    private static final Duration SOON = Duration.ofDays(2);
    /// RFC 7671 §13: an old record can be replayed for so long.
    private static final Duration LONGEST_SIGNATURE = Duration.ofDays(35);
    /// Octets that fit one packet on every sane path (DNS flag day 2020).
    private static final int LARGEST = 1232;

    private final Gate gate;
    private final DirectServers servers;
    private final Clock clock;
    private final List<LintFinding> findings = new ArrayList<>();

    public RecordLint(Gate gate, DirectServers servers, Clock clock) {
        this.gate = gate;
        this.servers = servers;
        this.clock = clock;
    }

    /// What one server answered.
    private record Seen(String server, int octets, List<RRSIGRecord> signatures) {}

    /// Looks. Blocking.
    ///
    /// @param wanted whether it may be published or not
    /// @param unwanted of which nothing should be left
    public List<LintFinding> of(List<RecordSet> wanted, List<Leftover> unwanted, List<FrontEnd> frontEnds) {
        Gate.Passage passage = gate.pass(wanted, Set.of());
        Set<Leftover> gone = new LinkedHashSet<>(unwanted);
        passage.withheld().forEach(each -> gone.add(new Leftover(each.set().key(), Set.of())));
        published(passage.permitted(), List.copyOf(gone));
        zones(wanted);
        passage.withheld().forEach(this::behindAnAlias);
        passage.permitted().stream()
                .filter(set -> set.type() == RecordType.TLSA)
                .forEach(this::timeToLive);
        frontEnds.forEach(this::wildcard);
        return List.copyOf(findings);
    }

    private void add(Check check, Object subject, State state, String text) {
        findings.add(new LintFinding(check, subject.toString(), state, text));
    }

    private void published(List<RecordSet> wanted, List<Leftover> unwanted) {
        RecordDifference.Comparison comparison = RecordDifference.compare(wanted, unwanted, servers);
        comparison.failures().forEach(failure -> add(Check.SERVERS, failure, State.WRONG, "gives no answer"));
        Set<RecordSet.Key> differing = new HashSet<>();
        for (RecordDifference difference : comparison.differences()) {
            differing.add(difference.key());
            add(Check.PUBLISHED, difference.key(), State.WRONG, difference.text());
        }
        wanted.stream()
                .filter(set -> !differing.contains(set.key()))
                .forEach(set -> add(Check.PUBLISHED, set.key(), State.OK, String.join("; ", set.data())));
    }

    // ---- zones and their signatures

    /// Names by zone: what holds for a zone is told once.
    private void zones(List<RecordSet> wanted) {
        Map<DomainName, List<RecordSet>> zones = new LinkedHashMap<>();
        Map<DomainName, Optional<DomainName>> known = new HashMap<>();
        for (RecordSet set : wanted) {
            known.computeIfAbsent(set.owner(), this::zone)
                    .ifPresent(zone ->
                            zones.computeIfAbsent(zone, _ -> new ArrayList<>()).add(set));
        }
        zones.forEach((zone, sets) -> {
            switch (gate.of(sets.getFirst().owner())) {
                case Gate.Verdict.Open() -> {
                    add(Check.DNSSEC, zone, State.OK, "is proved secure");
                    signatures(zone, sets);
                }
                case Gate.Verdict.Closed(String missing) ->
                    // R8314-46: where the zone above permits it
                    add(Check.DNSSEC, zone, signable(zone) ? State.WRONG : State.NOT_AVAILABLE, missing);
                case Gate.Verdict.Unknown(String reason) -> add(Check.DNSSEC, zone, State.WRONG, reason);
            }
        });
    }

    /// TLSA records that readers do not find securely, though the zone in which they ask is secure.
    private void behindAnAlias(Gate.Withheld each) {
        zone(each.set().owner())
                .filter(zone -> gate.of(zone) instanceof Gate.Verdict.Open)
                .ifPresent(_ -> add(Check.DNSSEC, each.set().key(), State.WRONG, each.reason()));
    }

    private Optional<DomainName> zone(DomainName owner) {
        try {
            return Optional.of(servers.questions().zoneOf(owner));
        } catch (IOException e) {
            add(Check.SERVERS, owner, State.WRONG, "its zone cannot be found: " + Questions.reason(e));
            return Optional.empty();
        }
    }

    private boolean signable(DomainName zone) {
        return !zone.isRoot() && gate.of(Questions.parent(zone)) instanceof Gate.Verdict.Open;
    }

    private void signatures(DomainName zone, List<RecordSet> sets) {
        List<RRSIGRecord> signatures = new ArrayList<>();
        for (RecordSet set : sets) {
            for (Seen seen : look(set)) {
                signatures.addAll(seen.signatures());
                if (seen.octets() > LARGEST) {
                    add(
                            Check.SIZE,
                            set.key(),
                            State.WRONG,
                            "the answer of " + seen.server() + " has " + seen.octets()
                                    + " octets, more than one packet takes everywhere");
                }
            }
        }
        Optional<RRSIGRecord> first = signatures.stream().min(Comparator.comparing(RRSIGRecord::getExpire));
        if (first.isEmpty()) {
            return; // nothing of it is published
        }
        Instant end = first.get().getExpire();
        Duration longest = signatures.stream()
                .map(each -> Duration.between(each.getTimeSigned(), each.getExpire()))
                .max(Comparator.naturalOrder())
                .orElseThrow();
        if (end.isBefore(clock.instant().plus(SOON))) {
            add(Check.SIGNATURES, zone, State.WRONG, "the first ends at " + end + ": the zone has to be signed again");
        } else if (longest.compareTo(LONGEST_SIGNATURE) > 0) {
            add(
                    Check.SIGNATURES,
                    zone,
                    State.WRONG,
                    "they are made for " + longest.toDays() + " days: for so long an old record can be replayed");
        } else {
            add(Check.SIGNATURES, zone, State.OK, "the first ends at " + end);
        }
    }

    private List<Seen> look(RecordSet set) {
        int type = Wire.number(set.type());
        return servers
                .askAll(set.owner(), server -> {
                    try {
                        Message answer = servers.questions().ask(server, set.owner(), type);
                        return Optional.of(new Seen(
                                server.toString(),
                                answer.numBytes(),
                                answer.getSection(Section.ANSWER).stream()
                                        .filter(RRSIGRecord.class::isInstance)
                                        .map(RRSIGRecord.class::cast)
                                        .filter(signature -> signature.getTypeCovered() == type
                                                || signature.getTypeCovered() == Type.CNAME)
                                        .toList()));
                    } catch (IOException e) {
                        return Optional.<Seen>empty(); // told of already
                    }
                })
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    // ---- TLSA

    private void timeToLive(RecordSet set) {
        servers.ask(set.owner(), set.type()).stream()
                .flatMap(answer -> answer.found().stream())
                .map(RecordSet::timeToLive)
                .max(Comparator.naturalOrder())
                .filter(time -> time.compareTo(LONGEST_TIME_TO_LIVE) > 0)
                .ifPresent(time -> add(
                        Check.TIME_TO_LIVE,
                        set.key(),
                        State.WRONG,
                        "caches keep it for " + time.toSeconds() + " s, also when the key was lost; "
                                + LONGEST_TIME_TO_LIVE.toSeconds() + " s are enough"));
    }

    private void wildcard(FrontEnd target) {
        DomainName owner = target.host().child("*._tcp");
        String found = servers.ask(owner, RecordType.TLSA).stream()
                .flatMap(answer -> answer.found().stream())
                .flatMap(set -> set.data().stream())
                .distinct()
                .collect(Collectors.joining("; "));
        if (!found.isEmpty()) {
            add(Check.WILDCARD, owner, State.WRONG, "promises TLS on every port, those without it included: " + found);
        }
    }
}
