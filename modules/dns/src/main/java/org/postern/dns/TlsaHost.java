package org.postern.dns;

import java.time.Duration;
import java.util.List;
import org.postern.resolver.DomainName;

/// A host whose TLSA records are looked after.
///
/// @param place of its records, to which aliases lead, or the host itself: others at the same place have theirs beside
/// @param ports at which it speaks TLS, with STARTTLS too
/// @param forms in which its keys are published
/// @param timeToLive of the records
/// @param standing whether they may be published
/// @param byHand whether a person publishes them
public record TlsaHost(
        DomainName host,
        DomainName place,
        List<Integer> ports,
        List<TlsaParameters> forms,
        Duration timeToLive,
        Standing standing,
        boolean byHand) {
    /// Of the zone that the records are in.
    public enum Standing {
        /// proved to be signed
        SECURE,
        /// proved not to be: nothing may be published there
        INSECURE,
        /// nothing can be proved now: what is there stays
        UNKNOWN
    }

    public TlsaHost {
        ports = ports.stream().distinct().sorted().toList();
        forms = List.copyOf(forms);
    }
}
