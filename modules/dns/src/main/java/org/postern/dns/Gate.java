package org.postern.dns;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.postern.resolver.DnsRecord;
import org.postern.resolver.DomainName;
import org.postern.resolver.Hop;
import org.postern.resolver.Lookup;
import org.postern.resolver.Resolver;

/// Lets TLSA records out only for zones that are proved secure: a lookup, validated from the root or another trust
/// anchor down, that proves what is at their owner now, or that nothing is (R8314-48). Blocking.
public final class Gate {
    private final Resolver resolver;
    private final Diagnosis diagnosis;

    /// @param diagnosis finds out what is missing
    public Gate(Resolver resolver, Diagnosis diagnosis) {
        this.resolver = resolver;
        this.diagnosis = diagnosis;
    }

    /// How a name stands.
    public sealed interface Verdict {
        record Open() implements Verdict {}

        /// The zone is proved not to be signed: TLSA records must not be there.
        ///
        /// @param missing what, in the operator's words
        record Closed(String missing) implements Verdict {}

        /// Nothing is proved: the zone is bogus, or nobody answers. What is published stays, nothing new comes.
        record Unknown(String reason) implements Verdict {}
    }

    /// A set that must not be published now, and why.
    ///
    /// @param proved whether the zone is proved to be insecure, and the set must not stay either
    public record Withheld(RecordSet set, boolean proved, String reason) {}

    /// What a gate let through, and what not.
    ///
    /// @param permitted all that may be published
    public record Passage(List<RecordSet> permitted, List<Withheld> withheld) {
        public Passage {
            permitted = List.copyOf(permitted);
            withheld = List.copyOf(withheld);
        }
    }

    public Verdict of(DomainName owner) {
        Lookup lookup = resolver.lookup(owner, DnsRecord.Type.TLSA);
        return switch (lookup) {
            case Lookup.Secure _ -> new Verdict.Open();
            case Lookup.Insecure _ -> new Verdict.Closed(missing(owner, lookup));
            case Lookup.Bogus bogus ->
                new Verdict.Unknown(
                        "its signatures do not validate: " + bogus.reason() + "; " + missing(owner, lookup));
            case Lookup.Indeterminate failed -> new Verdict.Unknown("no answer can be had: " + failed.reason());
        };
    }

    /// At the first name on the way that is not secure.
    private String missing(DomainName owner, Lookup lookup) {
        for (Hop hop : lookup.hops()) {
            if (hop.security() != Hop.Security.SECURE) {
                return diagnosis.of(hop.from());
            }
        }
        DomainName end = lookup.canonicalName();
        return (end.equals(owner) ? "" : "an alias leads to " + end + ": ") + diagnosis.of(end);
    }

    /// Sorts out what may not be published.
    ///
    /// @param standing TLSA sets that are published now: where nothing is proved, they may stay and change
    public Passage pass(List<RecordSet> wanted, Set<DomainName> standing) {
        List<RecordSet> permitted = new ArrayList<>();
        List<Withheld> withheld = new ArrayList<>();
        Map<DomainName, Verdict> verdicts = new HashMap<>();
        for (RecordSet set : wanted) {
            if (set.type() != RecordType.TLSA) {
                permitted.add(set);
                continue;
            }
            switch (verdicts.computeIfAbsent(set.owner(), this::of)) {
                case Verdict.Open() -> permitted.add(set);
                case Verdict.Closed(String missing) -> withheld.add(new Withheld(set, true, missing));
                case Verdict.Unknown(String reason) -> {
                    if (standing.contains(set.owner())) {
                        permitted.add(set);
                    } else {
                        withheld.add(new Withheld(set, false, reason));
                    }
                }
            }
        }
        return new Passage(permitted, withheld);
    }
}
