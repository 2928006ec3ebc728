package org.postern.mua;

import java.util.Locale;
import org.postern.resolver.DomainName;

/// A service that SRV records name (RFC 6186 §3, RFC 8314 §5.1) and the way into TLS that comes with it. `smtps` is
/// none and never was (SEED-15).
public enum Service {
    IMAPS(Protocol.IMAP, true, 993),
    IMAP(Protocol.IMAP, false, 143),
    POP3S(Protocol.POP3, true, 995),
    POP3(Protocol.POP3, false, 110),
    SUBMISSIONS(Protocol.SUBMISSION, true, 465),
    SUBMISSION(Protocol.SUBMISSION, false, 587),
    /// submission to an SMTP server, where a domain has nothing better; it is held to the rules of submission
    /// (SEED-7)
    SMTP(Protocol.SUBMISSION, false, 25);

    private final Protocol protocol;
    private final boolean implicitTls;
    private final int port;

    Service(Protocol protocol, boolean implicitTls, int port) {
        this.protocol = protocol;
        this.implicitTls = implicitTls;
        this.port = port;
    }

    public Protocol protocol() {
        return protocol;
    }

    /// Whether TLS comes first (RFC 8314 §3). Otherwise it comes by STARTTLS or STLS, or the client goes away.
    public boolean implicitTls() {
        return implicitTls;
    }

    /// The registered port. A client that was told of no other uses it; one that was told `.` uses none.
    public int port() {
        return port;
    }

    /// The name in SRV records and SRV-IDs, without underscore: `imaps`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The owner of its SRV records: `_imaps._tcp.example.org`, below the mail domain, never below a host.
    public DomainName owner(DomainName mailDomain) {
        return mailDomain.child("_" + label() + "._tcp");
    }
}
