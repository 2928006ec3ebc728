package org.postern.identity;

import java.util.List;

/// Whether a certificate is for the server that was looked for, and why.
public sealed interface NameMatch {
    /// One presented identifier held against one reference identifier.
    record Comparison(ReferenceIdentifier reference, PresentedIdentifier presented, Rule rule) {
        @Override
        public String toString() {
            return presented + " for " + reference + ": " + rule;
        }
    }

    /// The rule and the two names that decided.
    record Matched(ReferenceIdentifier reference, PresentedIdentifier presented, Rule rule) implements NameMatch {}

    /// Every comparison that was made, at most [#MAXIMUM_EVIDENCE] of them; `rule` is the reason of the nearest
    /// miss.
    record Unmatched(Rule rule, List<Comparison> comparisons) implements NameMatch {
        public Unmatched {
            comparisons = List.copyOf(comparisons);
        }
    }

    /// Evidence is bounded: a certificate may present thousands of names.
    int MAXIMUM_EVIDENCE = 100;

    Rule rule();

    /// Holds what is presented against the references, the preferred reference first (RFC 9525 §6).
    static NameMatch of(ReferenceIdentifiers references, PresentedIdentifiers presented) {
        return NameMatcher.match(references, presented);
    }
}
