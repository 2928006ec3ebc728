package org.postern.mua;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What an account has been set up with, as far as trust goes. A value: whoever changes it saves the new one.
///
/// @param name for reports
/// @param pins by host name, each of this account and this host only
/// @param signedBefore hosts whose signed TLSA records were seen
public record Account(String name, Minimum minimum, Map<String, Pin> pins, Set<String> signedBefore) {
    /// What a session has to be at least, before anything of the user goes through it (RFC 8314 §5.2).
    public enum Minimum {
        /// TLS 1.2 or later, and a server that PKIX, or DANE under [Policy#STANDARD], vouches for
        CONFIDENTIAL,
        /// TLS 1.2 or later, and a certificate that the user has pinned. To be chosen in setup only, after a
        /// warning.
        PINNED
    }

    public Account {
        pins = Map.copyOf(pins);
        signedBefore = Set.copyOf(signedBefore);
    }

    public static Account named(String name) {
        return new Account(name, Minimum.CONFIDENTIAL, Map.of(), Set.of());
    }

    public Account withMinimum(Minimum other) {
        return new Account(name, other, pins, signedBefore);
    }

    Account withPin(String host, Pin pin) {
        Map<String, Pin> more = new TreeMap<>(pins);
        more.put(host, pin);
        return new Account(name, minimum, more, signedBefore);
    }

    /// Takes a pin back.
    public Account withoutPin(String host) {
        Map<String, Pin> fewer = new TreeMap<>(pins);
        fewer.remove(host);
        return new Account(name, minimum, fewer, signedBefore);
    }

    /// Remembers that signed TLSA records were seen, so that their absence is noticed (DT-28).
    public Account remembering(Decision decision) {
        Target target = decision.evidence().target();
        if (target == null || target.tlsaRecords().isEmpty()) {
            return this;
        }
        Set<String> more = new TreeSet<>(signedBefore);
        more.add(target.server().host());
        return new Account(name, minimum, pins, more);
    }
}
