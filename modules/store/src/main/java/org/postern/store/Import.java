package org.postern.store;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// An import into one account. For one thread.
public interface Import extends AutoCloseable {
    /// A mailbox to import into. Nothing is made before the first [Target#add] or [Target#finish].
    ///
    /// @param uidValidity to keep it and the UIDs. Then the mailbox is hidden until it is finished, and takes
    ///     the place of one of its name, whose messages follow behind the imported ones. One that an earlier run
    ///     finished takes further messages in sight.
    Target target(MailboxName name, OptionalLong uidValidity);

    @Override
    void close();

    /// One mailbox of an import.
    interface Target extends AutoCloseable {
        /// Why UIDs cannot be kept, though that was asked for; fit for the operator. Then messages get new ones.
        Optional<String> newUidsBecause();

        /// Which of these messages were imported before.
        ///
        /// @param identities what the source calls its messages, for this mailbox
        boolean[] known(List<byte[]> identities);

        /// Takes messages, all or nothing, together with the note that they were taken; durable on return. The spools
        /// are consumed. UIDs to keep must ascend, in this call and from call to call.
        Added add(List<Message> messages);

        /// The mailbox is whole, with or without messages.
        ///
        /// @param uidNext where the source's mailbox would go on; 0 where that is unknown
        /// @param specialUse taken away from any other mailbox that has it
        void finish(long uidNext, boolean subscribed, Optional<SpecialUse> specialUse);

        @Override
        void close();
    }

    /// A message, and what is known of it.
    ///
    /// @param identity what the source calls it: at most 64 octets
    /// @param uid to be kept; empty for a new one
    record Message(
            MessageSpool spool,
            byte[] identity,
            OptionalLong uid,
            long systemFlags,
            Set<String> keywords,
            InternalDate internalDate) {}

    /// What was taken.
    ///
    /// @param newUids messages that could not keep their UID, because the mailbox had gone beyond it
    /// @param droppedKeywords that found no room in the mailbox
    record Added(int newUids, int droppedKeywords) {}
}
