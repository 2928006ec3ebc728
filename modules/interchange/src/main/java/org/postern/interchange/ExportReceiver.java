package org.postern.interchange;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.postern.interchange.Wire.Kind;
import org.postern.store.MailboxName;

/// The side of an export that has the files: asks for what they lack, and writes it, with the rights of whoever runs
/// it. It may end at any point, and goes on with the next run.
public final class ExportReceiver {
    /// Where the export says how far it is.
    public interface Listener {
        void progress(String mailbox, long passed, long total);

        /// Something that the operator should know; the export goes on.
        void warning(String text);
    }

    /// What came of it.
    ///
    /// @param exported messages
    /// @param alreadyThere messages that an earlier run has written
    /// @param removed messages whose files were removed, since the account has them no more
    /// @param failed messages and mailboxes that could not be read or written; each was named
    public record Summary(int mailboxes, long exported, long alreadyThere, long removed, long failed) {
        public static final Summary NOTHING = new Summary(0, 0, 0, 0, 0);
    }

    private final MailTarget target;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Listener listener;
    private int mailboxes;
    private long exported;
    private long alreadyThere;
    private long removed;
    private long failed;

    public ExportReceiver(MailTarget target, InputStream in, OutputStream out, Listener listener) {
        this.target = target;
        this.in = new DataInputStream(new BufferedInputStream(in, 64 * 1024));
        this.out = new DataOutputStream(new BufferedOutputStream(out, 16 * 1024));
        this.listener = listener;
    }

    /// Runs the export to its end.
    ///
    /// @throws IOException where the server went away, or the files cannot be written
    public Summary run() throws IOException {
        List<MailTarget.Listed> listed = list();
        target.begin(listed).forEach(listener::warning);
        for (MailTarget.Listed each : listed) {
            mailbox(each.name());
        }
        Wire.writeKind(out, Kind.END);
        out.flush();
        return summary();
    }

    /// What has come of it so far.
    public Summary summary() {
        return new Summary(mailboxes, exported, alreadyThere, removed, failed);
    }

    private List<MailTarget.Listed> list() throws IOException {
        Wire.writeKind(out, Kind.LIST);
        out.flush();
        Wire.expect(in, Kind.OK);
        List<MailTarget.Listed> listed = new ArrayList<>();
        int count = in.readInt();
        for (int index = 0; index < count; index++) {
            listed.add(new MailTarget.Listed(MailboxName.of(in.readUTF()), in.readBoolean()));
        }
        return listed;
    }

    private void fail(String problem) {
        failed++;
        listener.warning(problem);
    }

    private void mailbox(MailboxName name) throws IOException {
        Wire.writeKind(out, Kind.SELECT);
        out.writeUTF(name.value());
        out.flush();
        Exported mailbox;
        try {
            Wire.expect(in, Kind.OK);
            mailbox = Exported.read(in, name);
        } catch (Wire.Refused gone) {
            if (gone.forGood()) {
                throw gone;
            }
            fail("mailbox " + name + ": " + gone.getMessage());
            return;
        }
        mailboxes++;
        try (MailTarget.Box box = target.open(mailbox)) {
            box.warnings().forEach(listener::warning);
            int[] missing = box.missing();
            alreadyThere += mailbox.count() - missing.length;
            listener.progress(name.value(), mailbox.count() - missing.length, mailbox.count());
            for (int from = 0; from < missing.length; ) {
                int to = batch(mailbox, missing, from);
                from += transfer(mailbox, box, Arrays.copyOfRange(missing, from, to), false);
                if (from < to) {
                    from += transfer(mailbox, box, new int[] {missing[from]}, true);
                }
                box.flush();
                listener.progress(name.value(), mailbox.count() - missing.length + from, mailbox.count());
            }
            removed += box.finish();
        }
    }

    /// The end of a batch that begins at `from`: bounded in messages and in octets.
    private static int batch(Exported mailbox, int[] missing, int from) {
        long octets = 0;
        int to = from;
        while (to < missing.length && to - from < Wire.BATCH && octets < Wire.BATCH_OCTETS) {
            octets += mailbox.size(missing[to++]);
        }
        return to;
    }

    /// Asks for messages, and has them written in their order.
    ///
    /// @return how many were dealt with: all before one that must be left as it is
    private int transfer(Exported mailbox, MailTarget.Box box, int[] wanted, boolean asItIs) throws IOException {
        Wire.writeKind(out, Kind.FETCH);
        out.writeInt(wanted.length);
        for (int index : wanted) {
            out.writeInt(mailbox.uids[index]);
        }
        out.flush();
        int done = wanted.length;
        for (int place = 0; place < wanted.length; place++) {
            if (place > done) {
                passOver(); // what was asked for comes, and is asked for again
            } else if (!message(mailbox, box, wanted[place], asItIs)) {
                done = place;
            }
        }
        return done;
    }

    private void passOver() throws IOException {
        try {
            if (Wire.arrives(in)) {
                new Wire.OctetsInput(in).close();
            }
        } catch (Wire.SourceFailed again) {
            // it is named when it is asked for again
        } catch (Wire.Refused again) {
            if (again.forGood()) {
                throw again;
            }
        }
    }

    /// @return false where it must be left as it is, and was not written
    private boolean message(Exported mailbox, MailTarget.Box box, int index, boolean asItIs) throws IOException {
        String label = "mailbox " + mailbox.name + ", UID " + mailbox.uid(index);
        try {
            if (Wire.arrives(in)) {
                try (Wire.OctetsInput octets = new Wire.OctetsInput(in)) {
                    boolean written = box.write(index, octets, asItIs);
                    exported += written ? 1 : 0;
                    return written;
                }
            }
            box.leaveOut(index); // expunged meanwhile
        } catch (Wire.SourceFailed damaged) {
            box.leaveOut(index);
            fail(label + ": it is damaged in the mail store");
        } catch (Wire.Refused refused) {
            if (refused.forGood()) {
                throw refused;
            }
            box.leaveOut(index);
            fail(label + ": " + refused.getMessage());
        }
        return true;
    }
}
