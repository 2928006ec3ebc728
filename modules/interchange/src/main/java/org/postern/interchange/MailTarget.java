package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.postern.store.MailboxName;

/// Files that mail is exported to: the mailboxes of one account. What is there from an earlier run is brought up to
/// date. One thread.
public interface MailTarget extends AutoCloseable {
    /// A mailbox of the account.
    record Listed(MailboxName name, boolean subscribed) {}

    /// All that will come, before any is opened.
    ///
    /// @return what the operator should know: names that had to be changed
    List<String> begin(List<Listed> mailboxes) throws IOException;

    /// One mailbox.
    ///
    /// @throws IOException where what is there is not of an export
    Box open(Exported mailbox) throws IOException;

    @Override
    void close() throws IOException;

    /// A mailbox's files. Messages are named by their place in the [Exported].
    interface Box extends AutoCloseable {
        /// What the operator should know of this mailbox.
        default List<String> warnings() {
            return List.of();
        }

        /// Those that are not there yet, ascending.
        int[] missing() throws IOException;

        /// Writes a message; durable after the next [#flush].
        ///
        /// @param asItIs true to leave its line ends alone
        /// @return false where nothing was written because it must be left as it is: to be called again
        boolean write(int index, InputStream octets, boolean asItIs) throws IOException;

        /// The message went away meanwhile, or cannot be read.
        void leaveOut(int index);

        void flush() throws IOException;

        /// Everything is written: what goes with the messages.
        ///
        /// @return messages whose files were removed: they are in the account no more
        int finish() throws IOException;

        @Override
        void close() throws IOException;
    }
}
