package org.postern.store;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.postern.auth.AccountId;

/// The way in for mail that another server or program kept. Unlike APPEND it can keep UIDs and UIDVALIDITY, and it
/// remembers what it has taken: an import that was cut off goes on where it was, and nothing comes twice.
public interface Imports {
    /// The highest UIDVALIDITY that is kept: an account needs numbers above it for its further mailboxes.
    long HIGHEST_UID_VALIDITY = 0xf000_0000L;

    /// Begins an import, or goes on with one. One at a time for each account.
    ///
    /// @param highestUidValidity the highest of those that are to be kept: from here on the account's own
    ///     numbers lie above it
    /// @param trial true to answer what would be done, and change nothing
    /// @throws MailboxException CANNOT where another one is under way
    Import begin(AccountId account, OptionalLong highestUidValidity, boolean trial);

    /// Begins to bring mail back from a backup, or goes on with it. An account that is not there is made, as it
    /// was. What clients know stays true: a mailbox gets its UIDVALIDITY and UIDs back where they have meant
    /// nothing else since, and goes on above all that was ever told.
    ///
    /// @throws MailboxException CANNOT where another import is under way
    /// @throws AccountException where the account cannot be made, telling why
    Restoration restore(SavedAccount account, RestoreOptions options);

    /// A restore that began.
    ///
    /// @param made true where the account was not there
    /// @param notes what of the account could not be brought back; fit for the operator
    record Restoration(Import mail, boolean made, List<String> notes) {}

    /// How mail is brought back.
    ///
    /// @param origin of the store that the backup was made of
    /// @param time of the backup
    /// @param beside true to make copies with new UIDs, whatever is there
    /// @param merge true to add what is missing to a mailbox that is there; and where another has its name, to
    ///     put it in its place, with that one's messages behind
    /// @param ignoreQuota true to bring back more than the account may hold
    /// @param trial true to answer what would be done, and change nothing
    record RestoreOptions(
            StoreOrigin origin, Instant time, boolean beside, boolean merge, boolean ignoreQuota, boolean trial) {}

    /// Forgets what was imported into an account, and takes away mailboxes whose import was not finished. A later
    /// import brings everything again.
    void forget(AccountId account);
}
