package org.postern.store;

import java.util.Optional;

/// One mailbox, or one subscribed name, of an account.
///
/// @param exists false for a name that is only a parent (`\NonExistent`) or only subscribed
public record MailboxListing(MailboxName name, boolean exists, boolean subscribed, Optional<SpecialUse> specialUse) {}
