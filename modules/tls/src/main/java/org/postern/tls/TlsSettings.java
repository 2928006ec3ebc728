package org.postern.tls;

/// How TLS is spoken on every listener.
public record TlsSettings(TlsEngine engine, RetiredVersions retiredVersions) {
    public static final TlsSettings DEFAULT = new TlsSettings(TlsEngine.JDK, RetiredVersions.REFUSE);
}
