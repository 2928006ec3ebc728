package org.postern.dns;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.postern.resolver.DomainName;

/// A service that clients find by SRV records (RFC 6186 §3, RFC 8314 §5.1), with its priority. Priorities compare
/// across labels (RFC 6186 §3.4): implicit TLS before STARTTLS, IMAP before POP3. There is no `_smtps` (SEED-15).
public enum MailService {
    IMAPS(0),
    IMAP(10),
    POP3S(20),
    POP3(30),
    SUBMISSIONS(0),
    SUBMISSION(10);

    private final int priority;

    MailService(int priority) {
        this.priority = priority;
    }

    public int priority() {
        return priority;
    }

    /// As in RFC 6335: `imaps`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Below the mail domain, never below a host.
    public DomainName owner(DomainName mailDomain) {
        return mailDomain.child("_" + label() + "._tcp");
    }

    /// Of its name in RFC 6335; empty for a service that no SRV record names.
    public static Optional<MailService> named(String label) {
        return Arrays.stream(values())
                .filter(service -> service.label().equals(label))
                .findFirst();
    }
}
