package org.postern.interchange;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.postern.interchange.Wire.Kind;
import org.postern.store.BackupContents;
import org.postern.store.Imports;
import org.postern.store.MailboxName;
import org.postern.store.SavedAccount;

/// The side of a restore that has the backup: an account's mailboxes go over to a running server, and the account
/// itself where it is gone. Like an import it may end at any point, and goes on with the next run.
public final class RestoreSender {
    private final SavedAccount account;
    private final Imports.RestoreOptions options;
    private final BackupSource source;
    private final ImportSender mail;
    private boolean made;
    private List<String> notes = List.of();

    /// @param single one mailbox and those below it, instead of all
    /// @param as the name for it; without a single one, what all names are put below
    /// @throws IOException where the backup has no such mailbox
    public RestoreSender(
            BackupContents contents,
            SavedAccount account,
            Imports.RestoreOptions options,
            Optional<MailboxName> single,
            Optional<MailboxName> as,
            InputStream in,
            OutputStream out,
            ImportSender.Listener listener)
            throws IOException {
        this.account = account;
        this.options = options;
        this.source = new BackupSource(contents, account.address(), single, as);
        if (source.isEmpty()) {
            throw new IOException("the backup of " + contents.time() + " has no mailbox "
                    + single.map(MailboxName::value).orElse("") + " of " + account.address());
        }
        this.mail = new ImportSender(source, in, out, options.trial(), false, listener, this::begin);
    }

    private void begin(DataInputStream in, DataOutputStream out) throws IOException {
        Wire.writeKind(out, Kind.RESTORE);
        RestoreWire.writeOptions(out, options);
        RestoreWire.writeAccount(out, account);
        out.flush();
        Wire.expect(in, Kind.OK);
        made = in.readBoolean();
        notes = RestoreWire.readTexts(in);
    }

    /// Runs the restore to its end.
    ///
    /// @throws ImportSender.ImportStopped where the server takes nothing more
    /// @throws IOException where the server went away
    public ImportSender.Summary run() throws IOException {
        return mail.run();
    }

    /// What has come of it so far.
    public ImportSender.Summary summary() {
        return mail.summary();
    }

    /// True where the account was not there.
    public boolean made() {
        return made;
    }

    /// What of the account could not be brought back.
    public List<String> notes() {
        return notes;
    }
}
