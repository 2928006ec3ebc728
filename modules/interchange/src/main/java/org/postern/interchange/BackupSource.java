package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.BackupContents;
import org.postern.store.BackupContents.SavedMailbox;
import org.postern.store.BackupContents.SavedMessages;
import org.postern.store.Flags;
import org.postern.store.InternalDate;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.MessageRows;
import org.postern.store.SpecialUse;
import org.postern.store.StoreFailure;

/// Mailboxes of one account in a backup. A message is known again by the UIDVALIDITY and UID that it had.
final class BackupSource implements MailSource {
    private static final long SYSTEM = (1L << Flags.FIRST_KEYWORD) - 1;

    private final BackupContents contents;
    private final List<Mailbox> mailboxes = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    /// @param single one mailbox and those below it, instead of all; of INBOX only itself, as with RENAME
    /// @param as in place of its name; without a single one, before every name
    BackupSource(BackupContents contents, String address, Optional<MailboxName> single, Optional<MailboxName> as) {
        this.contents = contents;
        for (SavedMailbox saved : contents.mailboxes(address)) {
            MailboxName name = saved.name();
            boolean wanted = single.isEmpty()
                    || name.equals(single.get())
                    || (!single.get().isInbox() && single.get().isAbove(name));
            if (wanted) {
                try {
                    mailboxes.add(new Saved(saved, as.isEmpty() ? name : renamed(name, single, as.get())));
                } catch (InvalidMailboxName e) {
                    problems.add("mailbox " + name + ": " + e.getMessage());
                }
            }
        }
    }

    private static MailboxName renamed(MailboxName name, Optional<MailboxName> single, MailboxName as) {
        return single.isPresent()
                ? MailboxName.of(
                        as.value() + name.value().substring(single.get().value().length()))
                : MailboxName.of(as.value() + MailboxName.SEPARATOR + name.value());
    }

    boolean isEmpty() {
        return mailboxes.isEmpty() && problems.isEmpty();
    }

    @Override
    public Collection<Mailbox> mailboxes() {
        return List.copyOf(mailboxes);
    }

    @Override
    public OptionalLong highestUidValidity() {
        return OptionalLong.empty();
    }

    @Override
    public List<String> problems() {
        return List.copyOf(problems);
    }

    @Override
    public void close() {}

    private final class Saved implements Mailbox {
        private final SavedMailbox saved;
        private final MailboxName name;

        Saved(SavedMailbox saved, MailboxName name) {
            this.saved = saved;
            this.name = name;
        }

        @Override
        public MailboxName name() {
            return name;
        }

        @Override
        public String label() {
            return "mailbox " + saved.name() + " of the backup";
        }

        @Override
        public boolean subscribed() {
            return saved.subscribed();
        }

        @Override
        public Optional<SpecialUse> specialUse() {
            return saved.specialUse();
        }

        @Override
        public Messages open() throws IOException {
            try {
                return new InBackup(saved, label(), contents.messages(saved));
            } catch (StoreFailure e) {
                throw new IOException(label() + ": " + e.getMessage(), e);
            }
        }
    }

    private static final class InBackup implements Messages {
        private final SavedMailbox saved;
        private final String label;
        private final SavedMessages messages;
        private int passed;

        InBackup(SavedMailbox saved, String label, SavedMessages messages) {
            this.saved = saved;
            this.label = label;
            this.messages = messages;
        }

        @Override
        public OptionalLong uidValidity() {
            return OptionalLong.of(saved.uidValidity());
        }

        @Override
        public long uidNext() {
            return saved.uidNext();
        }

        @Override
        public long modSeq() {
            return saved.modSeq();
        }

        @Override
        public long total() {
            return messages.count();
        }

        @Override
        public long passed() {
            return passed;
        }

        @Override
        public @Nullable Message next() {
            if (passed == messages.count()) {
                return null;
            }
            MessageRows row = messages.row(passed++);
            return new InSegment(
                    Integer.toUnsignedLong(row.uid[0]),
                    row.flags[0],
                    new InternalDate(row.internalDate[0], row.zoneOffset[0]),
                    row.message[0],
                    Integer.toUnsignedLong(row.size[0]));
        }

        @Override
        public void close() {}

        private final class InSegment implements Message {
            private final long uid;
            private final long flags;
            private final InternalDate date;
            private final long message;
            private final long size;

            InSegment(long uid, long flags, InternalDate date, long message, long size) {
                this.uid = uid;
                this.flags = flags;
                this.date = date;
                this.message = message;
                this.size = size;
            }

            @Override
            public String label() {
                return label + ", UID " + uid;
            }

            @Override
            public byte[] identity() {
                return Identities.of(
                        "backup",
                        ByteBuffer.allocate(16)
                                .putLong(saved.uidValidity())
                                .putLong(uid)
                                .array());
            }

            @Override
            public OptionalLong uid() {
                return OptionalLong.of(uid);
            }

            @Override
            public long systemFlags() {
                return flags & SYSTEM;
            }

            @Override
            public Set<String> keywords() {
                Set<String> named = new LinkedHashSet<>();
                List<String> keywords = messages.keywords();
                for (int index = 0; index < keywords.size(); index++) {
                    if ((flags & 1L << (Flags.FIRST_KEYWORD + index)) != 0) {
                        named.add(keywords.get(index));
                    }
                }
                return named;
            }

            @Override
            public InternalDate internalDate() {
                return date;
            }

            @Override
            public InputStream open() throws IOException {
                try {
                    return messages.open(message);
                } catch (StoreFailure e) {
                    throw new IOException(e.getMessage(), e);
                }
            }

            @Override
            public OptionalLong expectedSize() {
                return OptionalLong.of(size);
            }
        }
    }
}
