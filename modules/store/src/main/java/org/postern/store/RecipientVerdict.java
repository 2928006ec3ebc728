package org.postern.store;

import java.util.List;
import org.postern.auth.AccountId;

/// What the store says of a recipient address.
public sealed interface RecipientVerdict {
    /// `original` is the address as it was given; each target is an account with the address that leads to it.
    record Accepted(String original, List<Target> targets) implements RecipientVerdict {}

    record Target(AccountId account, String address) {}

    /// The domain is ours, the local part is not.
    record UnknownUser() implements RecipientVerdict {}

    /// The domain is not ours.
    record NotLocal() implements RecipientVerdict {}

    record Disabled() implements RecipientVerdict {}

    record OverQuota() implements RecipientVerdict {}
}
