package org.postern.smtp;

import java.util.Optional;

/// What MAIL says of the message beside its sender.
///
/// @param smtpUtf8 addresses and header may be UTF-8 (RFC 6531 §3.4)
/// @param binary parts of the message may be any octets (RFC 3030 §3)
/// @param returned what a report of a failure is to hold (RFC 3461 §4.3)
/// @param envelopeId the sender's own name for this transaction, decoded: printable ASCII (RFC 3461 §4.4)
public record MailParameters(
        boolean smtpUtf8, boolean binary, Optional<Returned> returned, Optional<String> envelopeId) {
    static final MailParameters NONE = new MailParameters(false, false, Optional.empty(), Optional.empty());

    public enum Returned {
        FULL,
        HDRS
    }
}
