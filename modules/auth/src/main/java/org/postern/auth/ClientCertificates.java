package org.postern.auth;

import java.security.cert.X509Certificate;
import java.util.List;

/// Whose a client's certificate is. What `auth` needs from whoever keeps the mappings; asked anew for each login, so
/// that a
/// right that was taken away is gone however old the TLS session is.
public interface ClientCertificates {
    /// Where no certificate is anybody's.
    ClientCertificates NONE = _ -> List.of();

    /// The addresses of accounts that the certificate's owner may log in to; they need not be there.
    ///
    /// @param chain the client's own certificate first; its possession was proved
    List<String> accounts(List<X509Certificate> chain);
}
