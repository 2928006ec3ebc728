package org.postern.store;

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

    /// Forgets what was imported into an account, and takes away mailboxes whose import was not finished. A later
    /// import brings everything again.
    void forget(AccountId account);
}
