package org.postern.message;

import org.jspecify.annotations.Nullable;

/// One element of an address list as ENVELOPE shows it (RFC 3501 §7.4.2).
sealed interface Address {
    /// An address: something that receives mail.
    /// @param name display name as it stands, encoded words included, or null
    /// @param route the source route of RFC 5322 §4.4, or null
    record Mailbox(@Nullable String name, @Nullable String route, String localPart, String domain) implements Address {}

    record GroupStart(String name) implements Address {}

    record GroupEnd() implements Address {}
}
