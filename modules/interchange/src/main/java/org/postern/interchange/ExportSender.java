package org.postern.interchange;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;
import org.postern.interchange.Wire.Kind;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxException;
import org.postern.store.MailboxListing;
import org.postern.store.MailboxName;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;
import org.postern.store.Store;

/// The server's side of an export: tells what there is and sends what it is asked for, beside the account's clients.
/// It writes no file. One thread for each.
public final class ExportSender implements AutoCloseable {
    private final Store store;
    private final AccountId account;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final BooleanSupplier stopping;
    private @Nullable OpenMailbox selected;
    private long sent;

    /// @param stopping true once the server wants to end; asked between messages
    public ExportSender(Store store, AccountId account, InputStream in, OutputStream out, BooleanSupplier stopping) {
        this.store = store;
        this.account = account;
        this.in = new DataInputStream(new BufferedInputStream(in, 16 * 1024));
        this.out = new DataOutputStream(new BufferedOutputStream(out, 64 * 1024));
        this.stopping = stopping;
    }

    /// Serves the other side until it ends.
    ///
    /// @return the number of messages that were sent
    /// @throws IOException where the other side went away
    public long serve() throws IOException {
        for (Kind kind = Wire.readKind(in); kind != Kind.END; kind = Wire.readKind(in)) {
            if (stopping.getAsBoolean()) {
                Wire.refuse(out, "the server stops; what was written is there: run the command again", true);
                return sent;
            }
            switch (kind) {
                case LIST -> list();
                case SELECT -> select();
                case FETCH -> fetch();
                case BEGIN,
                        RESTORE,
                        MAILBOX,
                        OFFER,
                        MESSAGE,
                        COMMIT,
                        FINISH,
                        END,
                        OK,
                        WANTED,
                        COMMITTED,
                        REFUSED,
                        GONE -> throw new IOException("the client says " + kind + " in an export");
            }
            out.flush();
        }
        return sent;
    }

    private void list() throws IOException {
        List<MailboxListing> mailboxes = store.mailboxes().list(account).stream()
                .filter(MailboxListing::exists)
                .toList();
        Wire.writeKind(out, Kind.OK);
        out.writeInt(mailboxes.size());
        for (MailboxListing each : mailboxes) {
            out.writeUTF(each.name().value());
            out.writeBoolean(each.subscribed());
        }
    }

    private void select() throws IOException {
        try {
            MailboxName name = MailboxName.of(in.readUTF());
            close();
            OpenMailbox opened = store.mailboxes().open(account, name, true, () -> {});
            selected = opened;
            Wire.writeKind(out, Kind.OK);
            Exported.write(out, opened);
        } catch (MailboxException | InvalidMailboxName e) {
            Wire.refuse(out, String.valueOf(e.getMessage()), false); // deleted meanwhile
        }
    }

    private void fetch() throws IOException {
        OpenMailbox mailbox = selected;
        int count = in.readInt();
        if (mailbox == null || count < 0 || count > Wire.BATCH) {
            throw new IOException("the client asks for " + count + " messages at once, or of no mailbox");
        }
        int[] uids = new int[count];
        for (int index = 0; index < count; index++) {
            uids[index] = in.readInt();
        }
        var rows = new MessageRows(1);
        for (int index = 0; index < count; index++) {
            mailbox.read(uids, index, index + 1, rows);
            if (rows.present[0]) {
                message(mailbox, rows.message[0]);
            } else {
                Wire.writeKind(out, Kind.GONE);
            }
        }
    }

    private void message(OpenMailbox mailbox, long message) throws IOException {
        InputStream opened;
        try {
            MessageContent content = mailbox.content(message);
            opened = content.open(0, content.size());
        } catch (MailboxException e) {
            if (e.reason() == MailboxException.Reason.GONE) {
                Wire.writeKind(out, Kind.GONE);
            } else {
                Wire.refuse(out, String.valueOf(e.getMessage()), false);
            }
            return;
        }
        try (InputStream octets = opened) {
            Wire.writeKind(out, Kind.MESSAGE);
            Wire.writeOctets(out, octets);
            sent++;
        } catch (Wire.SourceFailed damaged) {
            // the other side knows
        }
    }

    @Override
    public void close() {
        OpenMailbox open = selected;
        selected = null;
        if (open != null) {
            open.close();
        }
    }
}
