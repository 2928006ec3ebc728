package org.postern.store;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// An import into one account, or a restore from a backup. For one thread.
public interface Import extends AutoCloseable {
    /// A mailbox to import into. Nothing is made before the first [Target#add] or [Target#finish].
    ///
    /// @param kept to keep UIDVALIDITY and UIDs. Then the mailbox is hidden until it is finished, and takes
    ///     the place of one of its name, whose messages follow behind the imported ones. One that an earlier run
    ///     finished takes further messages in sight.
    Target target(MailboxName name, Optional<Kept> kept);

    @Override
    void close();

    /// The numbers that a mailbox had where it comes from.
    ///
    /// @param uidNext where it would go on; 0 where that is unknown
    /// @param modSeq the highest that clients were told; 0 where that is unknown
    record Kept(long uidValidity, long uidNext, long modSeq) {}

    /// What a source says of a message before it is asked for.
    ///
    /// @param identity what it calls it, for this mailbox
    /// @param uid that it has; empty where it has none
    record Offered(byte[] identity, OptionalLong uid) {}

    /// One mailbox of an import.
    interface Target extends AutoCloseable {
        /// Why UIDs cannot be kept, though that was asked for; fit for the operator. Then messages get new ones.
        Optional<String> newUidsBecause();

        /// Why nothing is to be done with this mailbox; fit for the operator. Then none of the methods below may be
        /// called.
        Optional<String> leftAloneBecause();

        /// Which of these messages are there: imported before, or still there from before the backup.
        boolean[] known(List<Offered> offered);

        /// Takes messages, all or nothing, together with the note that they were taken; durable on return. The spools
        /// are consumed. UIDs to keep must ascend, in this call and from call to call.
        Added add(List<Message> messages);

        /// The mailbox is whole, with or without messages.
        ///
        /// @param specialUse an import takes it away from any other mailbox that has it
        void finish(boolean subscribed, Optional<SpecialUse> specialUse);

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
