package org.postern.mua;

/// What is spoken inside of TLS.
public enum Protocol {
    IMAP("imap"),
    POP3("pop3"),
    /// by SMTP; it has no name of its own in ALPN
    SUBMISSION("");

    private final String applicationProtocol;

    Protocol(String applicationProtocol) {
        this.applicationProtocol = applicationProtocol;
    }

    /// The name in ALPN (RFC 7301 §6), empty where none is registered.
    String applicationProtocol() {
        return applicationProtocol;
    }
}
