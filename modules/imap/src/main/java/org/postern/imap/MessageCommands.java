package org.postern.imap;

import java.io.IOException;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import org.postern.auth.Principal;
import org.postern.imap.CommandRefused.Code;
import org.postern.session.Connection;
import org.postern.store.AppendResult;
import org.postern.store.CopyResult;
import org.postern.store.FlagUpdate;
import org.postern.store.InternalDate;
import org.postern.store.MailboxException;
import org.postern.store.MailboxName;
import org.postern.store.Mailboxes;
import org.postern.store.MessageSpool;
import org.postern.store.Store;

/// APPEND and the commands on the messages of the selected mailbox (RFC 3501 §6.3.11, §6.4). Each returns the text of
/// its tagged OK.
final class MessageCommands {
    private final Store store;
    private final ResponseWriter writer;
    private final Fetch fetch;
    private final Search search;

    MessageCommands(Connection connection, Store store, ResponseWriter writer, ExecutorService scans) {
        this.store = store;
        this.writer = writer;
        this.fetch = new Fetch(connection, writer);
        this.search = new Search(connection, scans);
    }

    /// RFC 3501 §6.3.11, RFC 4315 §3. Refused, where it can be, before the client is invited to send the message.
    String append(Principal principal, Command.Append command) throws IOException {
        MailboxName name = MailboxNames.parse(command.mailbox());
        try {
            store.mailboxes().status(principal.account(), name);
            if (command.message().tooLargeForMessage()) {
                throw CommandRefused.refused(Code.TOOBIG, "The message is larger than this server takes");
            }
            try (MessageSpool spool = store.newSpool()) {
                command.message().stream(spool::write);
                InternalDate date = command.date() == null ? now() : command.date();
                AppendResult result = store.mailboxes()
                        .append(
                                principal.account(),
                                name,
                                List.of(new Mailboxes.Appended(
                                        spool,
                                        command.flags().system(),
                                        command.flags().keywords(),
                                        date)));
                return "[APPENDUID " + result.uidValidity() + " " + SequenceSet.format(result.uids()) + "] Appended";
            }
        } catch (MailboxException refused) {
            throw CommandRefused.ofTarget(refused);
        }
    }

    private static InternalDate now() {
        OffsetDateTime now = OffsetDateTime.now(ZoneId.systemDefault());
        return new InternalDate(now.toInstant().toEpochMilli(), now.getOffset().getTotalSeconds() / 60);
    }

    /// RFC 3501 §6.4.1: everything acknowledged is on disk already.
    String check(SelectedMailbox mailbox) {
        mailbox.collect();
        return "Checked";
    }

    /// RFC 3501 §6.4.3.
    String expunge(SelectedMailbox mailbox) {
        requireWritable(mailbox);
        mailbox.mailbox().expunge(mailbox.all());
        return "Expunged";
    }

    /// RFC 4315 §2.1.
    String expunge(SelectedMailbox mailbox, Command.UidExpunge command) {
        requireWritable(mailbox);
        mailbox.mailbox().expunge(mailbox.resolve(command.messages(), true));
        return "Expunged";
    }

    private static void requireWritable(SelectedMailbox mailbox) {
        if (mailbox.readOnly()) {
            throw CommandRefused.refused(Code.READ_ONLY, "The mailbox is open for reading only");
        }
    }

    /// RFC 3501 §6.4.4.
    String search(SelectedMailbox mailbox, Command.Search command) throws IOException {
        writer.search(search.run(mailbox, command));
        return "Searched";
    }

    /// RFC 3501 §6.4.5.
    String fetch(SelectedMailbox mailbox, Command.Fetch command) throws IOException {
        boolean complete = fetch.run(mailbox, command);
        return complete ? "Fetched" : "[EXPUNGEISSUED] Some of the messages are gone";
    }

    /// RFC 3501 §6.4.6.
    String store(SelectedMailbox mailbox, Command.Store command) throws IOException {
        requireWritable(mailbox);
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        mailbox.mailbox()
                .updateFlags(
                        uids,
                        new FlagUpdate(
                                command.mode(),
                                command.flags().system(),
                                command.flags().keywords()),
                        OptionalLong.empty());
        boolean complete = true;
        if (!command.silent()) {
            complete = mailbox.writeFlags(uids, command.byUid(), writer);
        }
        return complete ? "Stored" : "[EXPUNGEISSUED] Some of the messages are gone";
    }

    /// RFC 3501 §6.4.7, RFC 4315 §3.
    String copy(SelectedMailbox mailbox, Command.Copy command) {
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        try {
            return copied(mailbox.mailbox().copy(uids, MailboxNames.parse(command.target())), "Copied");
        } catch (MailboxException refused) {
            throw CommandRefused.ofTarget(refused);
        }
    }

    /// RFC 6851 §4.3: COPYUID comes before the EXPUNGEs.
    String move(SelectedMailbox mailbox, Command.Move command) throws IOException {
        requireWritable(mailbox);
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        try {
            CopyResult result = mailbox.mailbox().move(uids, MailboxNames.parse(command.target()));
            if (result.source().length > 0) {
                writer.ok("*", copied(result, "Moved"));
            }
            return "Moved";
        } catch (MailboxException refused) {
            throw CommandRefused.ofTarget(refused);
        }
    }

    private static String copied(CopyResult result, String text) {
        return result.source().length == 0
                ? text
                : "[COPYUID " + result.uidValidity() + " " + SequenceSet.format(result.source()) + " "
                        + SequenceSet.format(result.target()) + "] " + text;
    }
}
