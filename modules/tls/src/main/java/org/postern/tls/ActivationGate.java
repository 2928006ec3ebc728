package org.postern.tls;

import java.security.PublicKey;
import java.util.List;
import java.util.Set;

/// Says whether what clients were told of a host's keys in DNS lets a certificate be served. Whoever announces keys
/// implements it; safe for use by all threads.
public interface ActivationGate {
    /// Nobody announces keys.
    ActivationGate OPEN = new ActivationGate() {
        @Override
        public Set<String> guarded() {
            return Set.of();
        }

        @Override
        public boolean mayServe(String host, ServedCertificate candidate) {
            return true;
        }

        @Override
        public boolean isGivenUp(PublicKey key) {
            return false;
        }

        @Override
        public void told(Shown shown) {}
    };

    /// What a host shows.
    ///
    /// @param serving what a handshake gets now; several where clients may choose a kind of key
    /// @param wanted what it is to get as soon as that may be served
    /// @param announced keys that are to come later
    record Shown(
            String host, List<ServedCertificate> serving, List<ServedCertificate> wanted, List<PublicKey> announced) {
        public Shown {
            serving = List.copyOf(serving);
            wanted = List.copyOf(wanted);
            announced = List.copyOf(announced);
        }
    }

    /// Hosts whose keys are announced, or may be known to somebody's cache.
    Set<String> guarded();

    /// Whether every client that asks for the host will take it, whatever its cache holds.
    boolean mayServe(String host, ServedCertificate candidate);

    /// Whether a key is in the wrong hands, and no certificate is to have it any more.
    boolean isGivenUp(PublicKey key);

    /// Called whenever what is shown may have changed, after it is so.
    void told(Shown shown);
}
