package org.postern.interchange;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postern.auth.AccountId;
import org.postern.interchange.Wire.Kind;
import org.postern.store.AccountException;
import org.postern.store.Import;
import org.postern.store.Imports;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxException;
import org.postern.store.MailboxName;
import org.postern.store.MessageSpool;
import org.postern.store.SavedAccount;
import org.postern.store.Store;
import org.postern.store.StoreFailure;

/// The server's side of an import: takes messages from the socket into the store. The server reads no file of the
/// source, so it needs no right to. One thread for each.
public final class ImportReceiver {
    private final Store store;
    private final Beginning beginning;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final BooleanSupplier stopping;
    private long imported;

    /// What the other side says first.
    private interface Beginning {
        Import read() throws IOException;
    }

    private ImportReceiver(
            Store store,
            Function<ImportReceiver, Beginning> beginning,
            InputStream in,
            OutputStream out,
            BooleanSupplier stopping) {
        this.store = store;
        this.in = new DataInputStream(new BufferedInputStream(in, 64 * 1024));
        this.out = new DataOutputStream(new BufferedOutputStream(out, 16 * 1024));
        this.stopping = stopping;
        this.beginning = beginning.apply(this);
    }

    /// @param stopping true once the server wants to end; asked between transactions
    public ImportReceiver(Store store, AccountId account, InputStream in, OutputStream out, BooleanSupplier stopping) {
        this(store, receiver -> () -> receiver.readImport(account), in, out, stopping);
    }

    /// For mail that comes back from a backup.
    ///
    /// @param address of the account; made again where it is not there
    public static ImportReceiver restoring(
            Store store, String address, InputStream in, OutputStream out, BooleanSupplier stopping) {
        return new ImportReceiver(store, receiver -> () -> receiver.readRestore(address), in, out, stopping);
    }

    private Import readImport(AccountId account) throws IOException {
        expect(Kind.BEGIN);
        boolean trial = in.readBoolean();
        Import running = store.imports().begin(account, Wire.readNumber(in), trial);
        ok();
        return running;
    }

    private Import readRestore(String address) throws IOException {
        expect(Kind.RESTORE);
        Imports.RestoreOptions options = RestoreWire.readOptions(in);
        SavedAccount account = RestoreWire.readAccount(in);
        if (!account.address().equals(address)) {
            throw new IOException("the client sends another account than it has named");
        }
        Imports.Restoration restoration = store.imports().restore(account, options);
        Wire.writeKind(out, Kind.OK);
        out.writeBoolean(restoration.made());
        RestoreWire.writeTexts(out, restoration.notes());
        out.flush();
        return restoration.mail();
    }

    /// Serves the other side until it ends.
    ///
    /// @return the number of messages that were taken
    /// @throws IOException where the other side went away; what was confirmed is there
    public long serve() throws IOException {
        try (Import running = beginning.read()) {
            for (Kind kind = Wire.readKind(in); kind != Kind.END; kind = Wire.readKind(in)) {
                require(kind, Kind.MAILBOX);
                mailbox(running);
            }
            ok();
        } catch (MailboxException | AccountException | StoreFailure e) {
            Wire.refuse(out, String.valueOf(e.getMessage()), true);
        } catch (Stopped e) {
            // the other side was told
        }
        return imported;
    }

    private void mailbox(Import running) throws IOException, Stopped {
        MailboxName name;
        try {
            name = MailboxName.of(in.readUTF());
        } catch (InvalidMailboxName e) {
            throw new IOException(e);
        }
        var kept = new Import.Kept(in.readLong(), in.readLong(), in.readLong());
        try (Import.Target target =
                running.target(name, kept.uidValidity() == 0 ? Optional.empty() : Optional.of(kept))) {
            Wire.writeKind(out, Kind.OK);
            out.writeUTF(target.newUidsBecause().orElse(""));
            out.writeUTF(target.leftAloneBecause().orElse(""));
            out.flush();
            if (target.leftAloneBecause().isPresent()) {
                return;
            }
            List<byte[]> wanted = List.of();
            while (true) {
                Kind kind = Wire.readKind(in);
                switch (kind) {
                    case OFFER -> wanted = offer(target);
                    case MESSAGE, COMMIT -> batch(target, kind, wanted);
                    case FINISH -> {
                        finish(target);
                        return;
                    }
                    case BEGIN, RESTORE, MAILBOX, END, OK, WANTED, COMMITTED, REFUSED, LIST, SELECT, FETCH, GONE ->
                        throw new IOException("the client says " + kind + " inside a mailbox");
                }
            }
        }
    }

    /// Answers which of the offered messages are new.
    private List<byte[]> offer(Import.Target target) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > Wire.BATCH) {
            throw new IOException("the client offers " + count + " messages at once");
        }
        List<Import.Offered> offered = new ArrayList<>();
        for (int index = 0; index < count; index++) {
            offered.add(new Import.Offered(in.readNBytes(Wire.IDENTITY), Wire.readNumber(in)));
        }
        boolean[] known = target.known(offered);
        Wire.writeKind(out, Kind.WANTED);
        for (boolean each : known) {
            out.writeBoolean(!each);
        }
        out.flush();
        return offered.stream().map(Import.Offered::identity).toList();
    }

    /// Messages up to their COMMIT. All of it is read whatever happens to it: the other side listens only then.
    private void batch(Import.Target target, Kind first, List<byte[]> offered) throws IOException, Stopped {
        List<Import.Message> messages = new ArrayList<>();
        IOException failure = null;
        try {
            for (Kind kind = first; kind != Kind.COMMIT; kind = Wire.readKind(in)) {
                require(kind, Kind.MESSAGE);
                int number = in.readInt();
                if (number < 0 || number >= offered.size()) {
                    throw new IOException("the client sends a message that it has not offered");
                }
                Wire.Label label = Wire.Label.read(in);
                MessageSpool spool = store.newSpool();
                var sink = new Spooling(spool);
                boolean whole;
                try {
                    whole = Wire.readOctets(in, sink);
                } catch (IOException e) {
                    spool.close();
                    throw e;
                }
                if (sink.failure != null) {
                    failure = sink.failure;
                }
                if (whole && sink.failure == null) {
                    messages.add(new Import.Message(
                            spool,
                            offered.get(number),
                            label.uid(),
                            label.systemFlags(),
                            label.keywords(),
                            label.internalDate()));
                } else {
                    spool.close();
                }
            }
        } catch (IOException e) {
            messages.forEach(message -> message.spool().close());
            throw e;
        }
        if (failure != null) {
            messages.forEach(message -> message.spool().close());
            stop("the server cannot keep what it gets: " + failure.getMessage());
        }
        if (stopping.getAsBoolean()) {
            messages.forEach(message -> message.spool().close());
            stop("the server stops; what it has confirmed is there: run the command again");
        }
        commit(target, messages);
    }

    private void commit(Import.Target target, List<Import.Message> messages) throws IOException, Stopped {
        Import.Added added = new Import.Added(0, 0);
        int count = messages.size();
        try {
            if (count > 0) {
                added = target.add(messages);
            }
        } catch (MailboxException e) {
            if (e.reason() == MailboxException.Reason.LIMIT) { // perhaps one message's fault
                Wire.refuse(out, String.valueOf(e.getMessage()), false);
                return;
            }
            stop(String.valueOf(e.getMessage()));
        } catch (StoreFailure | UncheckedIOException e) {
            stop("the server cannot keep what it gets: " + e.getMessage());
        }
        imported += count;
        Wire.writeKind(out, Kind.COMMITTED);
        out.writeInt(count);
        out.writeInt(added.newUids());
        out.writeInt(added.droppedKeywords());
        out.flush();
    }

    private void finish(Import.Target target) throws IOException, Stopped {
        boolean subscribed = in.readBoolean();
        var use = Wire.readUse(in);
        boolean nothing = in.readBoolean();
        try {
            if (!nothing) {
                target.finish(subscribed, use);
            }
            ok();
        } catch (MailboxException | StoreFailure e) {
            stop(String.valueOf(e.getMessage()));
        }
    }

    private void ok() throws IOException {
        Wire.writeKind(out, Kind.OK);
        out.flush();
    }

    private void stop(String reason) throws IOException, Stopped {
        Wire.refuse(out, reason, true);
        throw new Stopped();
    }

    private void expect(Kind kind) throws IOException {
        require(Wire.readKind(in), kind);
    }

    private static void require(Kind kind, Kind due) throws IOException {
        if (kind != due) {
            throw new IOException("the client says " + kind + " where " + due + " is due");
        }
    }

    /// Reads on where the disk is full: the rest is thrown away.
    private static final class Spooling implements Wire.Octets {
        private final MessageSpool spool;
        private @Nullable IOException failure;

        Spooling(MessageSpool spool) {
            this.spool = spool;
        }

        @Override
        public void write(byte[] octets, int offset, int length) {
            if (failure == null) {
                try {
                    spool.write(octets, offset, length);
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
    }

    /// The import ends early, and the other side knows why.
    private static final class Stopped extends Exception {
        private static final long serialVersionUID = 1;
    }
}
