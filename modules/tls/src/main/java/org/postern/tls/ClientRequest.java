package org.postern.tls;

import java.security.cert.X509Certificate;
import java.util.List;

/// Whether handshakes ask clients for a certificate. Asked for each handshake.
public interface ClientRequest {
    /// Nobody is asked.
    ClientRequest NONE = new ClientRequest() {
        @Override
        public boolean wanted() {
            return false;
        }

        @Override
        public List<X509Certificate> issuers() {
            return List.of();
        }
    };

    /// True only where a certificate could be somebody's (R8314-40).
    boolean wanted();

    /// Authorities that the client is told of, to choose by; empty for any.
    List<X509Certificate> issuers();
}
