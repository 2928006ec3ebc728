package org.postern.tls;

/// What a client gets that asks, by SNI, for a name that no certificate has (K4). Who asks for none gets the default.
public enum UnknownServerName {
    /// RFC 7671 §3: clients that come by another name may still find the certificate to be the right one.
    DEFAULT_CERTIFICATE,
    /// RFC 9325 §3.7: the alert `unrecognized_name`.
    REFUSE
}
