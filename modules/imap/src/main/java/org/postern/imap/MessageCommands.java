package org.postern.imap;

import java.io.IOException;
import java.io.UncheckedIOException;
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
import org.postern.imap.Command.AppendedMessage.Form;
import org.postern.imap.Command.Search.Result;
import org.postern.imap.CommandRefused.Code;
import org.postern.message.BinaryParts;
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
    /// US-ASCII is read as the subset of UTF-8 that it is.
    private static final Set<String> KNOWN_CHARSETS = Set.of("UTF-8", "US-ASCII");

    private final Store store;
    private final ImapSettings settings;
    private final CommandReader reader;
    private final Enabled enabled;
    private final MailboxNames names;
    private final MailboxLists lists;
    private final ResponseWriter writer;
    private final Fetch fetch;
    private final Search search;

    MessageCommands(
            Connection connection,
            Store store,
            ImapSettings settings,
            CommandReader reader,
            Enabled enabled,
            MailboxNames names,
            MailboxLists lists,
            ResponseWriter writer,
            ExecutorService scans) {
        this.store = store;
        this.settings = settings;
        this.reader = reader;
        this.enabled = enabled;
        this.names = names;
        this.lists = lists;
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
            lists.announceDenormalized(principal, command.mailbox()); // RFC 9051 §6.3.12
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
            if (message.literal().size() == 0) { // RFC 3502 §6.3.11
                throw CommandRefused.refused(Code.CANNOT, "A message is not empty: nothing was appended");
            }
            if (message.literal().tooLargeForMessage()) {
                throw CommandRefused.refused(Code.TOOBIG, "The message is larger than this server takes");
            }
            if (octets > settings.messageOctets() * TOGETHER) {
                throw CommandRefused.refused(Code.LIMIT, "Too much for one command");
            }
            MessageSpool spool = store.newSpool();
            spools.add(spool);
            var check = new AppendedOctets(spool::write);
            message.literal().stream(check);
            requireAllowed(message, check);
            if (check.nul()) {
                spool = encoded(spool);
                spools.add(spool);
            }
            messages.add(new Mailboxes.Appended(
                    spool,
                    message.flags().system(),
                    message.flags().keywords(),
                    message.date() == null ? now() : message.date()));
            next = reader.readAppendMessage(message);
        }
        return messages;
    }

    /// RFC 9051 §4.3.1: no literal of an answer may hold a NUL, so that binary parts are kept in base64; BINARY gives
    /// them back as they were.
    private MessageSpool encoded(MessageSpool binary) {
        try {
            return store.encodeBinary(binary);
        } catch (BinaryParts.NotEncodable e) {
            throw CommandRefused.refused(Code.UNKNOWN_CTE, "The message cannot be kept: " + e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException("a message could not be encoded", e); // of the disk, not of the client
        }
    }

    private void requireAllowed(Command.AppendedMessage message, AppendedOctets octets) {
        if (message.form() == Form.LITERAL && octets.nul()) {
            throw BadCommand.syntax("A literal holds no NUL"); // RFC 3501 §9: CHAR8; RFC 3516 §4.4 has ~{…} for it
        }
        if (octets.eightBitHeader()
                && !enabled.takesUtf8()
                && settings.eightBitHeaders() == ImapSettings.EightBitHeaders.REFUSE) { // RFC 6855 §4
            throw CommandRefused.refused(
                    Code.CANNOT, "The header holds octets above 127: ENABLE UTF8=ACCEPT or IMAP4rev2 first");
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

    /// RFC 3501 §6.4.4, RFC 4731, RFC 5182.
    String search(SelectedMailbox mailbox, Command.Search command, String tag) throws IOException {
        Set<Result> results = command.results().orElse(Set.of());
        if (command.charset().isPresent() && enabled.isUtf8()) {
            throw BadCommand.syntax("SEARCH has no CHARSET after ENABLE UTF8=ACCEPT"); // RFC 6855 §3
        }
        int[] found;
        try {
            if (!command.charset().map(KNOWN_CHARSETS::contains).orElse(true)) {
                throw CommandRefused.badCharset();
            }
            found = search.run(mailbox, command);
        } catch (CommandRefused refused) {
            if (results.contains(Result.SAVE)) {
                mailbox.save(Uids.NONE); // RFC 5182 §2.1; what is malformed leaves what there was
            }
            throw refused;
        }
        if (results.contains(Result.SAVE)) {
            mailbox.save(toSave(results, found));
        }
        int[] numbers = command.byUid()
                ? found
                : Arrays.stream(found).map(mailbox::sequenceNumber).toArray();
        if (command.results().isEmpty()) {
            if (enabled.isRevision2()) { // RFC 9051 §6.4.4
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
