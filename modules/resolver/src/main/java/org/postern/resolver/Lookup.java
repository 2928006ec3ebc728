package org.postern.resolver;

import java.time.Duration;
import java.util.List;

/// What became of a lookup. Records come with the two answers that may be used; "no such record" is an answer too,
/// with no records, and where it is [Secure] its absence is proved.
///
/// | | use it for |
/// | --- | --- |
/// | [Secure] | anything, TLSA records and names to trust included |
/// | [Insecure] | what DNS was always good for; never to choose whom to trust |
/// | [Bogus], [Indeterminate] | nothing: no server, no fall back (RFC 7672 §2.1.1, RFC 7673 §3.4) |
public sealed interface Lookup {
    /// The name at the end of the aliases; the one that was asked for where there are none.
    DomainName canonicalName();

    /// Aliases on the way, in order, each with its own security.
    List<Hop> hops();

    /// Why, in words: what was fetched, who signed it, until when. For a person; not to be parsed.
    List<String> steps();

    /// Why there are no records, or [Absence#NONE].
    enum Absence {
        /// there are records
        NONE,
        /// the name is there, records of this type are not
        NO_DATA,
        /// the name is not there
        NO_NAME
    }

    /// Every step from a trust anchor to the records, or to the proof that there are none, was validated.
    ///
    /// @param timeToLive how long it may be kept
    record Secure(
            DomainName canonicalName,
            List<DnsRecord> records,
            Absence absence,
            Duration timeToLive,
            List<Hop> hops,
            List<String> steps)
            implements Lookup {
        public Secure {
            records = List.copyOf(records);
            hops = List.copyOf(hops);
            steps = List.copyOf(steps);
        }
    }

    /// A zone on the way is provably not signed, or no trust anchor covers it.
    record Insecure(
            DomainName canonicalName,
            List<DnsRecord> records,
            Absence absence,
            Duration timeToLive,
            List<Hop> hops,
            List<String> steps)
            implements Lookup {
        public Insecure {
            records = List.copyOf(records);
            hops = List.copyOf(hops);
            steps = List.copyOf(steps);
        }
    }

    /// It ought to be signed, and is not, or wrongly: an attack or a broken zone.
    record Bogus(DomainName canonicalName, String reason, List<Hop> hops, List<String> steps) implements Lookup {
        public Bogus {
            hops = List.copyOf(hops);
            steps = List.copyOf(steps);
        }
    }

    /// No answer: time-out, server failure, a loop of aliases. Or the answer is there, and what its validation
    /// needs is not.
    record Indeterminate(DomainName canonicalName, String reason, List<Hop> hops, List<String> steps)
            implements Lookup {
        public Indeterminate {
            hops = List.copyOf(hops);
            steps = List.copyOf(steps);
        }
    }

    default Hop.Security security() {
        return switch (this) {
            case Secure _ -> Hop.Security.SECURE;
            case Insecure _ -> Hop.Security.INSECURE;
            case Bogus _ -> Hop.Security.BOGUS;
            case Indeterminate _ -> Hop.Security.INDETERMINATE;
        };
    }

    /// The records of one kind; none where the answer must not be used.
    default <T extends DnsRecord> List<T> records(Class<T> kind) {
        List<DnsRecord> all = switch (this) {
            case Secure secure -> secure.records();
            case Insecure insecure -> insecure.records();
            case Bogus _, Indeterminate _ -> List.of();
        };
        return all.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
