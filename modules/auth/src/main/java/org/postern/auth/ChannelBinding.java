package org.postern.auth;

/// The types of channel binding that a SASL exchange may be tied to: what client and server know of one TLS connection,
/// and nobody between them.
public enum ChannelBinding {
    /// RFC 9266: exported key material of this one connection.
    TLS_EXPORTER("tls-exporter"),
    /// RFC 5929 §4: the hash of the certificate that the server showed.
    TLS_SERVER_END_POINT("tls-server-end-point");

    private final String uniquePrefix;

    ChannelBinding(String uniquePrefix) {
        this.uniquePrefix = uniquePrefix;
    }

    /// Its name in IANA's registry, as in the `p=` of SCRAM (RFC 5802 §7).
    public String uniquePrefix() {
        return uniquePrefix;
    }
}
