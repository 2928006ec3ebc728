package org.postern.smtp;

/// Where a message is to go (RFC 5321 §4.1.1.3).
public sealed interface ForwardPath {
    /// True if it can only be said with SMTPUTF8.
    default boolean isInternational() {
        return this instanceof To to && to.address().isInternational();
    }

    record To(MailAddress address) implements ForwardPath {}

    /// `<Postmaster>` without a domain: whoever runs this server (RFC 5321 §4.5.1).
    record Postmaster() implements ForwardPath {}
}
