package org.postern.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/// What becomes of a mailbox that comes from elsewhere.
sealed interface Placing {
    /// It keeps its UIDs: hidden until it is whole, then under its name, and behind it the messages of the one that has
    /// the name.
    record Kept(Import.Kept numbers) implements Placing {}

    /// Its messages get new UIDs, in the mailbox of its name.
    ///
    /// @param because empty where nobody wanted to keep any
    record NewUids(Optional<String> because) implements Placing {}

    /// It is there, perhaps under another name: what it lacks comes back to it, with new UIDs.
    record Into(long mailbox) implements Placing {}

    /// Nothing.
    record LeftAlone(String because) implements Placing {}

    /// Decides it. The mailbox's own past is in the rows.
    interface Rules {
        /// Where it is no trial, this also notes numbers that the account must not give any more.
        Placing place(Connection connection, MailboxName name, Optional<Import.Kept> kept) throws SQLException;

        boolean ignoresQuota();

        /// Whether a special use is taken away from another mailbox that has it.
        boolean takesSpecialUse();

        /// Whether what was taken counts as taken only while the mailbox it went to is there.
        boolean forgetsWithTheMailbox();
    }
}
