package org.postern.tls;

/// How TLS is spoken on every listener.
///
/// @param clientCertificatesInTls12 whether clients of TLS 1.2 are asked for certificates too: there everybody on the
///     way sees whose they are (R8314-66)
public record TlsSettings(TlsEngine engine, RetiredVersions retiredVersions, boolean clientCertificatesInTls12) {
    public static final TlsSettings DEFAULT = new TlsSettings(TlsEngine.JDK, RetiredVersions.REFUSE);

    public TlsSettings(TlsEngine engine, RetiredVersions retiredVersions) {
        this(engine, retiredVersions, false);
    }

    /// Whether a client may be asked for its certificate.
    ///
    /// @param tls13 whether it can do TLS 1.3, and so will
    public boolean mayAsk(boolean tls13) {
        return tls13 || clientCertificatesInTls12;
    }
}
