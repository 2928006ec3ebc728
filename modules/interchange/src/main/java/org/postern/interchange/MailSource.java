package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.InternalDate;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;

/// Mail outside of Postern: some mailboxes, to be read one after the other, by one thread.
public interface MailSource extends AutoCloseable {
    /// They ascend in no order; each name is there once.
    Collection<Mailbox> mailboxes();

    /// The highest UIDVALIDITY that was ever given here; empty where there are none.
    OptionalLong highestUidValidity();

    /// What could not be understood, and is left out: for the operator.
    List<String> problems();

    @Override
    void close() throws IOException;

    /// A mailbox of the source. Nothing is read before it is opened.
    interface Mailbox {
        MailboxName name();

        /// Where it is, for the operator.
        String label();

        boolean subscribed();

        Optional<SpecialUse> specialUse();

        Messages open() throws IOException;
    }

    /// An open mailbox, with its messages in the order of arrival.
    interface Messages extends AutoCloseable {
        /// Empty where the source has no UIDs.
        default OptionalLong uidValidity() {
            return OptionalLong.empty();
        }

        /// 0 where the source has no UIDs.
        default long uidNext() {
            return 0;
        }

        /// The highest MODSEQ that clients were told; 0 where nobody knows.
        default long modSeq() {
            return 0;
        }

        /// What is known of the amount: messages, or octets of the file; 0 where nothing is.
        long total();

        /// How much of the total was passed.
        long passed();

        /// True where octets are counted, false for messages.
        default boolean countsOctets() {
            return false;
        }

        /// What the operator should know of this mailbox.
        default List<String> warnings() {
            return List.of();
        }

        /// The next message, null after the last one.
        /// @throws MessageUnreadable for one that is left out; the next call goes on behind it
        @Nullable
        Message next() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// A message of the source, with its octets still there.
    interface Message {
        /// Its file or place, for the operator.
        String label();

        byte[] identity();

        OptionalLong uid();

        long systemFlags();

        Set<String> keywords();

        InternalDate internalDate() throws IOException;

        /// The octets with CRLF line ends.
        InputStream open() throws IOException;

        /// As its size was told to clients, where that is known.
        OptionalLong expectedSize();
    }

    /// A message that cannot be read; the others can.
    final class MessageUnreadable extends IOException {
        private static final long serialVersionUID = 1;

        public MessageUnreadable(String label, String why) {
            super(label + ": " + why);
        }
    }
}
