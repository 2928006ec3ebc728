package org.postern.acme;

/// How an authority is shown that a name is ours.
public enum ChallengeKind {
    /// RFC 8555 §8.3: it asks port 80 of the name.
    HTTP_01("http-01"),
    /// RFC 8737: it asks port 443 of the name.
    TLS_ALPN_01("tls-alpn-01"),
    /// RFC 8555 §8.4: it looks for a TXT record.
    DNS_01("dns-01");

    private final String type;

    ChallengeKind(String type) {
        this.type = type;
    }

    /// Its name in IANA's registry.
    public String type() {
        return type;
    }
}
