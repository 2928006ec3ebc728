package org.postern.interchange;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.postern.interchange.MailSource.Message;
import org.postern.interchange.MailSource.MessageUnreadable;
import org.postern.interchange.Wire.Kind;
import org.postern.store.MailboxName;

/// The side of an import that has the files: reads them, with the rights of whoever runs it, and hands the messages
/// over. It may end at any point; what was confirmed is not sent again by the next run.
public final class ImportSender {
    /// Where the import says how far it is.
    public interface Listener {
        void progress(String mailbox, long passed, long total, boolean octets);

        /// Something that the operator should know; the import goes on.
        void warning(String text);

        /// The server has said what becomes of a mailbox.
        ///
        /// @param newUids why its messages get new UIDs
        /// @param leftAlone why nothing is done with it
        default void begun(MailboxName mailbox, Optional<String> newUids, Optional<String> leftAlone) {
            newUids.ifPresent(why -> warning("mailbox " + mailbox + " gets new UIDs: " + why));
            leftAlone.ifPresent(why -> warning("mailbox " + mailbox + " is left alone: " + why));
        }

        /// A mailbox was looked through.
        default void mailbox(Outcome outcome) {}
    }

    /// What came of one mailbox; in a trial what would.
    ///
    /// @param newUids why its messages get new UIDs; empty where they keep theirs
    /// @param leftAlone why nothing was done with it
    /// @param octets of the messages that came
    public record Outcome(
            MailboxName mailbox,
            Optional<String> newUids,
            Optional<String> leftAlone,
            long imported,
            long known,
            long octets) {}

    /// What came of it.
    ///
    /// @param mailboxes that were looked through
    /// @param imported messages; in a trial those that would be
    /// @param known messages that earlier runs have imported
    /// @param failed messages and mailboxes that could not be read or kept; each was named
    /// @param keptUids mailboxes that keep UIDs and UIDVALIDITY
    /// @param newUids messages that should have kept their UID and did not
    /// @param droppedKeywords that a mailbox had no room for
    /// @param differentSizes messages whose size is not the one that their server has told clients
    /// @param leftAlone mailboxes that nothing was done with
    public record Summary(
            int mailboxes,
            long imported,
            long known,
            long failed,
            int keptUids,
            long newUids,
            long droppedKeywords,
            long differentSizes,
            int leftAlone) {
        public static final Summary NOTHING = new Summary(0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    /// The import ended before it was through.
    public static final class ImportStopped extends IOException {
        private static final long serialVersionUID = 1;

        ImportStopped(String reason) {
            super(reason);
        }
    }

    private final MailSource source;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Opening opening;
    private final boolean trial;
    private final boolean requireUids;
    private final Listener listener;

    private int mailboxes;
    private long imported;
    private long known;
    private long failed;
    private int keptUids;
    private long newUids;
    private long droppedKeywords;
    private long differentSizes;
    private int leftAlone;
    private long octets;

    /// @param trial true to ask only what would be done
    /// @param requireUids true to stop at a mailbox that cannot keep its UIDs
    public ImportSender(
            MailSource source,
            InputStream in,
            OutputStream out,
            boolean trial,
            boolean requireUids,
            Listener listener) {
        this(source, in, out, trial, requireUids, listener, (answer, begin) -> {
            Wire.writeKind(begin, Kind.BEGIN);
            begin.writeBoolean(trial);
            begin.writeLong(source.highestUidValidity().orElse(0));
            begin.flush();
            Wire.expect(answer, Kind.OK);
        });
    }

    /// What is said first.
    interface Opening {
        void say(DataInputStream in, DataOutputStream out) throws IOException;
    }

    ImportSender(
            MailSource source,
            InputStream in,
            OutputStream out,
            boolean trial,
            boolean requireUids,
            Listener listener,
            Opening opening) {
        this.source = source;
        this.opening = opening;
        this.in = new DataInputStream(new BufferedInputStream(in, 16 * 1024));
        this.out = new DataOutputStream(new BufferedOutputStream(out, 64 * 1024));
        this.trial = trial;
        this.requireUids = requireUids;
        this.listener = listener;
    }

    /// Runs the import to its end.
    ///
    /// @throws ImportStopped where the server takes nothing more
    /// @throws IOException where the server went away
    public Summary run() throws IOException {
        try {
            for (String problem : source.problems()) {
                fail(problem);
            }
            opening.say(in, out);
            for (MailSource.Mailbox mailbox : source.mailboxes()) {
                mailbox(mailbox);
            }
            Wire.writeKind(out, Kind.END);
            out.flush();
            Wire.expect(in, Kind.OK);
        } catch (Wire.Refused refused) {
            throw new ImportStopped(String.valueOf(refused.getMessage()));
        }
        return summary();
    }

    /// What has come of it so far.
    public Summary summary() {
        return new Summary(
                mailboxes, imported, known, failed, keptUids, newUids, droppedKeywords, differentSizes, leftAlone);
    }

    private void fail(String problem) {
        failed++;
        listener.warning(problem);
    }

    private void mailbox(MailSource.Mailbox mailbox) throws IOException {
        MailSource.Messages messages;
        try {
            messages = mailbox.open();
        } catch (IOException e) {
            fail(String.valueOf(e.getMessage()));
            return;
        }
        try (messages) {
            mailboxes++;
            messages.warnings().forEach(listener::warning);
            Begun begun = begin(mailbox, messages);
            long importedBefore = imported;
            long knownBefore = known;
            long octetsBefore = octets;
            if (begun.leftAlone().isEmpty()) {
                new Sending(mailbox, messages).run();
                Wire.writeKind(out, Kind.FINISH);
                out.writeBoolean(mailbox.subscribed());
                Wire.writeUse(out, mailbox.specialUse());
                out.writeBoolean(trial);
                out.flush();
                Wire.expect(in, Kind.OK);
                keptUids +=
                        messages.uidValidity().isPresent() && begun.newUids().isEmpty() ? 1 : 0;
            } else {
                leftAlone++;
            }
            listener.mailbox(new Outcome(
                    mailbox.name(),
                    begun.newUids(),
                    begun.leftAlone(),
                    imported - importedBefore,
                    known - knownBefore,
                    octets - octetsBefore));
        }
    }

    private record Begun(Optional<String> newUids, Optional<String> leftAlone) {}

    private Begun begin(MailSource.Mailbox mailbox, MailSource.Messages messages) throws IOException {
        Wire.writeKind(out, Kind.MAILBOX);
        out.writeUTF(mailbox.name().value());
        out.writeLong(messages.uidValidity().orElse(0));
        out.writeLong(messages.uidNext());
        out.writeLong(messages.modSeq());
        out.flush();
        Wire.expect(in, Kind.OK);
        Begun begun = new Begun(text(in.readUTF()), text(in.readUTF()));
        if (begun.newUids().isPresent() && requireUids) {
            throw new ImportStopped("mailbox " + mailbox.name() + " cannot keep its UIDs: "
                    + begun.newUids().get());
        }
        listener.begun(mailbox.name(), begun.newUids(), begun.leftAlone());
        return begun;
    }

    private static Optional<String> text(String because) {
        return because.isEmpty() ? Optional.empty() : Optional.of(because);
    }

    /// The messages of one mailbox, in batches.
    private final class Sending {
        private final MailSource.Mailbox mailbox;
        private final MailSource.Messages messages;

        Sending(MailSource.Mailbox mailbox, MailSource.Messages messages) {
            this.mailbox = mailbox;
            this.messages = messages;
        }

        void run() throws IOException {
            progress();
            while (true) {
                List<Message> batch = read();
                if (batch.isEmpty()) {
                    return;
                }
                transfer(batch);
                progress();
            }
        }

        private void progress() {
            listener.progress(mailbox.name().value(), messages.passed(), messages.total(), messages.countsOctets());
        }

        private List<Message> read() throws IOException {
            List<Message> batch = new ArrayList<>();
            while (batch.size() < Wire.BATCH) {
                try {
                    Message message = messages.next();
                    if (message == null) {
                        break;
                    }
                    batch.add(message);
                } catch (MessageUnreadable e) {
                    fail(String.valueOf(e.getMessage()));
                }
            }
            return batch;
        }

        /// Offers a batch, and sends what is wanted of it. What is refused together is tried one by one: only what is
        /// refused by itself has failed.
        private void transfer(List<Message> batch) throws IOException {
            boolean[] wanted = offer(batch);
            List<Message> refused = new ArrayList<>();
            List<Message> sent = new ArrayList<>();
            long waiting = 0;
            for (int number = 0; number < wanted.length; number++) {
                Message message = batch.get(number);
                if (!wanted[number]) {
                    known++;
                } else if (trial) {
                    imported++;
                    octets += message.expectedSize().orElse(0);
                } else {
                    long size = send(number, message);
                    if (size >= 0) {
                        waiting += size;
                        octets += size;
                        sent.add(message);
                    }
                    if (waiting > Wire.BATCH_OCTETS) {
                        commit(sent, refused);
                        waiting = 0;
                    }
                }
            }
            if (!trial) {
                commit(sent, refused);
            }
            for (Message message : refused) {
                transfer(List.of(message));
            }
        }

        private boolean[] offer(List<Message> batch) throws IOException {
            Wire.writeKind(out, Kind.OFFER);
            out.writeInt(batch.size());
            for (Message message : batch) {
                out.write(message.identity());
                out.writeLong(message.uid().orElse(0));
            }
            out.flush();
            Wire.expect(in, Kind.WANTED);
            boolean[] wanted = new boolean[batch.size()];
            for (int number = 0; number < wanted.length; number++) {
                wanted[number] = in.readBoolean();
            }
            return wanted;
        }

        /// @return the number of octets, or -1 where the message cannot be read
        private long send(int number, Message message) throws IOException {
            Wire.Label label;
            InputStream octets;
            try {
                label = new Wire.Label(
                        message.uid(), message.systemFlags(), message.keywords(), message.internalDate());
                octets = message.open();
            } catch (IOException e) {
                fail(MaildirSource.explanation(message.label(), e));
                return -1;
            }
            try (octets) {
                Wire.writeKind(out, Kind.MESSAGE);
                out.writeInt(number);
                label.write(out);
                long size = Wire.writeOctets(out, octets);
                if (message.expectedSize().isPresent() && message.expectedSize().getAsLong() != size) {
                    differentSizes++;
                    listener.warning(message.label() + ": has " + size + " octets; clients were told "
                            + message.expectedSize().getAsLong());
                }
                return size;
            } catch (Wire.SourceFailed e) {
                fail(MaildirSource.explanation(message.label(), e.problem()));
                return -1;
            }
        }

        private void commit(List<Message> sent, List<Message> refused) throws IOException {
            Wire.writeKind(out, Kind.COMMIT);
            out.flush();
            try {
                Wire.expect(in, Kind.COMMITTED);
                imported += in.readInt();
                newUids += in.readInt();
                droppedKeywords += in.readInt();
            } catch (Wire.Refused e) {
                if (e.forGood()) {
                    throw e;
                }
                if (sent.size() == 1) {
                    fail(sent.getFirst().label() + ": " + e.getMessage());
                } else {
                    refused.addAll(sent);
                }
            }
            sent.clear();
        }
    }
}
