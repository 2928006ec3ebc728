package org.postern.imap;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.imap.FetchItem.Attribute;
import org.postern.imap.FetchItem.Body;
import org.postern.imap.FetchItem.Text;
import org.postern.message.HeaderFields;
import org.postern.message.MessageOutline;
import org.postern.message.Range;
import org.postern.message.SectionText;
import org.postern.session.Connection;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.MailboxException;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;

/// FETCH (RFC 3501 §6.4.5): metadata in batches out of the view, content by ranged reads, straight to the client.
final class Fetch {
    private final Connection connection;
    private final ResponseWriter writer;
    private final MessageRows rows = new MessageRows(SelectedMailbox.BATCH);

    Fetch(Connection connection, ResponseWriter writer) {
        this.connection = connection;
        this.writer = writer;
    }

    /// False if some of the messages are gone.
    boolean run(SelectedMailbox mailbox, Command.Fetch command) throws IOException {
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        List<FetchItem> items = command.items();
        boolean marksSeen = !mailbox.readOnly() && items.stream().anyMatch(Fetch::marksSeen);
        boolean complete = true;
        for (int from = 0; from < uids.length && !connection.ended(); from += SelectedMailbox.BATCH) {
            int to = Math.min(uids.length, from + SelectedMailbox.BATCH);
            boolean[] marked = marksSeen ? markSeen(mailbox, uids, from, to) : new boolean[to - from];
            mailbox.mailbox().read(uids, from, to, rows);
            mailbox.announceKeywords(writer);
            for (int row = 0; row < to - from; row++) {
                complete &= rows.present[row] && write(mailbox, row, items, command.byUid(), marked[row]);
            }
        }
        return complete;
    }

    /// RFC 3501 §6.4.5: reading a body sets `\Seen`.
    private static boolean marksSeen(FetchItem item) {
        return item instanceof Body body && !body.peek();
    }

    /// Marks the messages of a batch as seen; tells which were not.
    private boolean[] markSeen(SelectedMailbox mailbox, int[] uids, int from, int to) {
        mailbox.mailbox().read(uids, from, to, rows);
        boolean[] marked = new boolean[to - from];
        int[] unseen = new int[to - from];
        int count = 0;
        for (int row = 0; row < to - from; row++) {
            if (rows.present[row] && (rows.flags[row] & Flags.SEEN) == 0) {
                marked[row] = true;
                unseen[count++] = rows.uid[row];
            }
        }
        if (count > 0) {
            mailbox.mailbox()
                    .updateFlags(
                            java.util.Arrays.copyOf(unseen, count),
                            new FlagUpdate(FlagUpdate.Mode.ADD, Flags.SEEN, Set.of()),
                            OptionalLong.empty());
        }
        return marked;
    }

    private boolean write(SelectedMailbox mailbox, int row, List<FetchItem> items, boolean byUid, boolean markedSeen)
            throws IOException {
        int uid = rows.uid[row];
        Source source = null;
        if (items.stream().anyMatch(Fetch::needsContent)) {
            try {
                source = new Source(mailbox.mailbox().content(rows.message[row]));
            } catch (MailboxException gone) {
                return false; // expunged since the batch was read
            }
        }
        writer.fetchStart(mailbox.sequenceNumber(uid));
        if (byUid && !items.contains(Attribute.UID)) {
            writer.fetchUid(uid); // RFC 3501 §6.4.8
        }
        for (FetchItem item : items) {
            switch (item) {
                case Attribute attribute -> writeAttribute(mailbox, row, attribute, source);
                case Body body -> writeBody(body, required(source));
            }
        }
        if (markedSeen && !items.contains(Attribute.FLAGS)) {
            writer.fetchFlags(rows.flags[row], mailbox.isRecent(uid), mailbox.keywords());
        }
        writer.fetchEnd();
        return true;
    }

    private static boolean needsContent(FetchItem item) {
        return switch (item) {
            case Attribute attribute ->
                switch (attribute) {
                    case BODY, BODYSTRUCTURE, ENVELOPE -> true;
                    case FLAGS, INTERNALDATE, RFC822_SIZE, UID -> false;
                };
            case Body _ -> true;
        };
    }

    private void writeAttribute(SelectedMailbox mailbox, int row, Attribute attribute, @Nullable Source source)
            throws IOException {
        switch (attribute) {
            case UID -> writer.fetchUid(rows.uid[row]);
            case FLAGS -> writer.fetchFlags(rows.flags[row], mailbox.isRecent(rows.uid[row]), mailbox.keywords());
            case RFC822_SIZE -> writer.fetchSize(Integer.toUnsignedLong(rows.size[row]));
            case INTERNALDATE -> writer.fetchInternalDate(rows.internalDate[row], rows.zoneOffset[row]);
            case ENVELOPE ->
                writer.fetchPrepared(
                        "ENVELOPE", required(source).content.extract().envelope());
            case BODY ->
                writer.fetchPrepared("BODY", required(source).content.extract().body());
            case BODYSTRUCTURE ->
                writer.fetchPrepared(
                        "BODYSTRUCTURE", required(source).content.extract().bodyStructure());
        }
    }

    private void writeBody(Body body, Source source) throws IOException {
        String name = body.partial() == null
                ? body.label()
                : body.label() + "<" + body.partial().origin() + ">";
        int[] path = body.section().part().stream().mapToInt(Integer::intValue).toArray();
        Optional<Range> range =
                source.outline().section(path, sectionText(body.section().text()));
        if (range.isEmpty()) {
            writer.fetchNil(name);
        } else if (body.section().text() instanceof Text.HeaderFields fields) {
            byte[] chosen = source.select(range.get(), fields);
            Range part = partial(new Range(0, chosen.length), body);
            writer.fetchLiteral(
                    name, new ByteArrayInputStream(chosen, (int) part.offset(), (int) part.length()), part.length());
        } else {
            Range part = partial(range.get(), body);
            try (InputStream octets = source.open(part)) {
                writer.fetchLiteral(name, octets, part.length());
            }
        }
    }

    private static Range partial(Range range, Body body) {
        return body.partial() == null
                ? range
                : range.partial(body.partial().origin(), body.partial().length());
    }

    private static SectionText sectionText(Text text) {
        return switch (text) {
            case Text.Whole _ -> SectionText.WHOLE;
            case Text.Header _, Text.HeaderFields _ -> SectionText.HEADER;
            case Text.Body _ -> SectionText.TEXT;
            case Text.Mime _ -> SectionText.MIME;
        };
    }

    private static Source required(@Nullable Source source) {
        if (source == null) {
            throw new IllegalStateException("an item needs content that was not loaded");
        }
        return source;
    }

    /// A message's content while one response is written.
    private static final class Source {
        private final MessageContent content;
        private @Nullable MessageOutline outline;

        Source(MessageContent content) {
            this.content = content;
        }

        MessageOutline outline() {
            if (outline == null) {
                outline = MessageOutline.decode(content.extract().outline());
            }
            return outline;
        }

        /// A failure to read the store is a fault of ours, not of the connection.
        InputStream open(Range range) {
            try {
                return content.open(range.offset(), range.length());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        byte[] select(Range header, Text.HeaderFields fields) {
            try (InputStream octets = open(header)) {
                return HeaderFields.select(
                        octets,
                        fields.names(),
                        fields.not() ? HeaderFields.Choice.NOT_LISTED : HeaderFields.Choice.LISTED);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
