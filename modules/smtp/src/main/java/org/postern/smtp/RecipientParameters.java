package org.postern.smtp;

import java.util.Optional;
import java.util.Set;

/// What RCPT says of a recipient beside its address (RFC 3461 §4.1, §4.2).
///
/// @param conditions of NOTIFY, when the sender wants a report: empty where it says nothing, no condition for NEVER
public record RecipientParameters(Optional<Set<Condition>> conditions, Optional<OriginalRecipient> original) {
    static final RecipientParameters NONE = new RecipientParameters(Optional.empty(), Optional.empty());

    public enum Condition {
        SUCCESS,
        FAILURE,
        DELAY
    }

    /// The recipient as the sender wrote it, decoded.
    ///
    /// @param type registered for addresses: `rfc822`, `utf-8` (RFC 6533 §3)
    /// @param address printable; ASCII unless the type is `utf-8`
    public record OriginalRecipient(String type, String address) {}

    public boolean wantsSuccess() {
        return conditions.map(wanted -> wanted.contains(Condition.SUCCESS)).orElse(false);
    }

    /// True if it can only be said with SMTPUTF8.
    boolean isInternational() {
        return original.map(recipient -> !MailAddress.isAscii(recipient.address()))
                .orElse(false);
    }
}
