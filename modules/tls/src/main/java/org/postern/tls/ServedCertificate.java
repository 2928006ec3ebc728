package org.postern.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// A private key and the chain that is sent with it: leaf first, then intermediates.
public record ServedCertificate(PrivateKey key, List<X509Certificate> chain) {
    public ServedCertificate {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("a served certificate needs a chain");
        }
    }

    public X509Certificate leaf() {
        return chain.getFirst();
    }

    /// With a further certificate at the end of what is sent.
    public ServedCertificate followedBy(X509Certificate last) {
        List<X509Certificate> longer = new ArrayList<>(chain);
        longer.add(last);
        return new ServedCertificate(key, longer);
    }

    boolean validAt(Instant time) {
        return !time.isBefore(leaf().getNotBefore().toInstant())
                && !time.isAfter(leaf().getNotAfter().toInstant());
    }

    @Override
    public String toString() {
        return "ServedCertificate[" + leaf().getSubjectX500Principal() + "]"; // never the key
    }
}
