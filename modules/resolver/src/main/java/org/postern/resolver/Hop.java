package org.postern.resolver;

import java.util.List;

/// One alias on the way from the name that was asked for to the records: a CNAME, or a DNAME above the name (RFC
/// 6672).
///
/// @param security of this alias alone
/// @param steps as in [Lookup#steps]
public record Hop(DomainName from, Kind kind, DomainName to, Security security, List<String> steps) {
    public enum Kind {
        CNAME,
        DNAME
    }

    /// The four states of RFC 4033 §5, in the sense of RFC 4035 §4.3, best first.
    public enum Security {
        SECURE,
        INSECURE,
        INDETERMINATE,
        BOGUS;

        Security worse(Security other) {
            return compareTo(other) >= 0 ? this : other;
        }
    }

    public Hop {
        steps = List.copyOf(steps);
    }
}
