package org.postern.imap;

import java.io.IOException;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.postern.auth.Principal;
import org.postern.imap.Command.Search.Result;
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

/// APPEND and the commands on the messages of the selected mailbox (RFC 3501 §6.3.11, §6.4). Each returns
/// the text of its tagged OK.
final class MessageCommands {
    /// How many of the largest messages one APPEND may bring.
    private static final int TOGETHER = 4;

    private final Store store;
    private final long appendLimit;
    private final CommandReader reader;
    private final Revision revision;
    private final MailboxNames names;
    private final ResponseWriter writer;
    private final Fetch fetch;
    private final Search search;

    /// @param appendLimit octets of the largest message that APPEND takes
    MessageCommands(
            Connection connection,
            Store store,
            long appendLimit,
            CommandReader reader,
            Revision revision,
            ResponseWriter writer,
            ExecutorService scans) {
        this.store = store;
        this.appendLimit = appendLimit;
        this.reader = reader;
        this.revision = revision;
        this.names = new MailboxNames(revision);
        this.writer = writer;
        this.fetch = new Fetch(connection, writer);
        this.search = new Search(connection, scans);
    }

    /// RFC 3501 §6.3.11, RFC 4315 §3. Refused, where it can be, before the client is invited to send the
    /// message.
    String append(Principal principal, Command.Append command) throws IOException {
        MailboxName name = names.parse(command.mailbox());
        List<MessageSpool> spools = new ArrayList<>();
        try {
            store.mailboxes().status(principal.account(), name);
            AppendResult result =
                    store.mailboxes().append(principal.account(), name, received(command.first(), spools));
            return "[APPENDUID " + result.uidValidity() + " " + SequenceSet.format(result.uids()) + "] Appended";
        } catch (MailboxException refused) {
            throw CommandRefused.ofTarget(refused);
        } finally {
            spools.forEach(MessageSpool::close);
        }
    }

    /// Takes the messages from the wire (RFC 3502: one after the other, all or none is appended).
    private List<Mailboxes.Appended> received(Command.AppendedMessage first, List<MessageSpool> spools)
            throws IOException {
        List<Mailboxes.Appended> messages = new ArrayList<>();
        long octets = 0;
        Optional<Command.AppendedMessage> next = Optional.of(first);
        while (next.isPresent()) {
            Command.AppendedMessage message = next.get();
            octets += message.literal().size();
            if (message.literal().tooLargeForMessage()) {
                throw CommandRefused.refused(Code.TOOBIG, "The message is larger than this server takes");
            }
            if (octets > appendLimit * TOGETHER) {
                throw CommandRefused.refused(Code.LIMIT, "Too much for one command");
            }
            MessageSpool spool = store.newSpool();
            spools.add(spool);
            message.literal().stream(spool::write);
            messages.add(new Mailboxes.Appended(
                    spool,
                    message.flags().system(),
                    message.flags().keywords(),
                    message.date() == null ? now() : message.date()));
            next = reader.readAppendMessage();
        }
        return messages;
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

    /// RFC 3501 §6.4.4, RFC 4731, RFC 5182.
    String search(SelectedMailbox mailbox, Command.Search command, String tag) throws IOException {
        Set<Result> results = command.results().orElse(Set.of());
        int[] found = Uids.NONE;
        try {
            if (!command.charsetKnown()) {
                throw CommandRefused.badCharset();
            }
            found = search.run(mailbox, command);
        } finally {
            if (results.contains(Result.SAVE)) {
                mailbox.save(toSave(results, found)); // RFC 5182 §2.1: nothing where the SEARCH is refused
            }
        }
        int[] numbers = command.byUid()
                ? found
                : Arrays.stream(found).map(mailbox::sequenceNumber).toArray();
        if (command.results().isEmpty()) {
            if (revision.isSecond()) { // RFC 9051 §6.4.4
                writer.extendedSearch(tag, command.byUid(), Set.of(Result.ALL), numbers);
            } else {
                writer.search(numbers);
            }
        } else if (!results.equals(Set.of(Result.SAVE))) { // RFC 5182 §2.1: then there is nothing to tell
            writer.extendedSearch(tag, command.byUid(), results, numbers);
        }
        return "Searched";
    }

    /// RFC 5182 §2.4: MIN and MAX alone keep what they return, anything else all that was found.
    private static int[] toSave(Set<Result> results, int[] found) {
        boolean min = results.contains(Result.MIN);
        boolean max = results.contains(Result.MAX);
        if (found.length == 0 || results.contains(Result.ALL) || results.contains(Result.COUNT) || (!min && !max)) {
            return found;
        }
        int smallest = found[0];
        int largest = found[found.length - 1];
        return min && max && smallest != largest ? new int[] {smallest, largest} : new int[] {min ? smallest : largest};
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
            return copied(mailbox.mailbox().copy(uids, names.parse(command.target())), "Copied");
        } catch (MailboxException refused) {
            throw CommandRefused.ofTarget(refused);
        }
    }

    /// RFC 6851 §4.3: COPYUID comes before the EXPUNGEs.
    String move(SelectedMailbox mailbox, Command.Move command) throws IOException {
        requireWritable(mailbox);
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        try {
            CopyResult result = mailbox.mailbox().move(uids, names.parse(command.target()));
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
