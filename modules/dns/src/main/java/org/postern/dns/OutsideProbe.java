package org.postern.dns;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.resolver.DomainName;

/// Makes handshakes as a client from anywhere would: by name, through DNS, to every address.
@FunctionalInterface
public interface OutsideProbe {
    /// What was seen.
    ///
    /// @param keys SHA-256 of the public keys that were shown, hexadecimal
    /// @param failure why an address could not be looked at, or does not do TLS; empty where all did
    record Outcome(Set<String> keys, Optional<String> failure) {
        public Outcome {
            keys = Set.copyOf(keys);
        }
    }

    /// Blocking; never throws for what the network does.
    Outcome look(DomainName host, List<Integer> ports);
}
