package org.postern.imap;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.imap.CommandRefused.Code;
import org.postern.imap.FetchItem.Attribute;
import org.postern.imap.FetchItem.Body;
import org.postern.imap.FetchItem.Text;
import org.postern.message.HeaderFields;
import org.postern.message.MessageOutline;
import org.postern.message.Part;
import org.postern.message.Range;
import org.postern.message.SectionText;
import org.postern.message.TransferEncoding;
import org.postern.session.Connection;
import org.postern.store.FlagUpdate;
import org.postern.store.Flags;
import org.postern.store.MailboxException;
import org.postern.store.MessageContent;
import org.postern.store.MessageRows;

/// FETCH (RFC 3501 §6.4.5): metadata in batches out of the view, content by ranged reads, straight to the
/// client.
final class Fetch {
    private final Connection connection;
    private final ResponseWriter writer;
    private MessageRows rows = MessageRows.NONE; // of the command under way: an idle session holds none
    private @Nullable MailboxException damaged;

    Fetch(Connection connection, ResponseWriter writer) {
        this.connection = connection;
        this.writer = writer;
    }

    /// False if some of the messages are gone. Those that are damaged are left out, and told of at the end: the
    /// others are as good as ever.
    boolean run(SelectedMailbox mailbox, Command.Fetch command) throws IOException {
        int[] uids = mailbox.resolve(command.messages(), command.byUid());
        List<FetchItem> items = command.items();
        boolean marksSeen = !mailbox.readOnly() && items.stream().anyMatch(Fetch::marksSeen);
        boolean complete = true;
        damaged = null;
        rows = new MessageRows(Math.min(SelectedMailbox.BATCH, uids.length));
        try {
            for (int from = 0; from < uids.length && !connection.ended(); from += SelectedMailbox.BATCH) {
                int to = Math.min(uids.length, from + SelectedMailbox.BATCH);
                boolean[] marked = marksSeen ? markSeen(mailbox, uids, from, to) : new boolean[to - from];
                mailbox.mailbox().read(uids, from, to, rows);
                mailbox.announceKeywords(writer);
                for (int row = 0; row < to - from; row++) {
                    complete &= rows.present[row] && write(mailbox, row, items, command.byUid(), marked[row]);
                }
            }
        } finally {
            rows = MessageRows.NONE;
        }
        if (damaged != null) {
            throw damaged;
        }
        return complete;
    }

    /// RFC 3501 §6.4.5: reading a body sets `\Seen`.
    private static boolean marksSeen(FetchItem item) {
        return (item instanceof Body body && !body.peek())
                || (item instanceof FetchItem.Binary binary && !binary.peek()); // RFC 3516 §4.2
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
        if (items.stream().noneMatch(Fetch::needsContent)) {
            write(mailbox, row, items, byUid, markedSeen, null);
            return true;
        }
        try (var source = new Source(mailbox.mailbox().content(rows.message[row]))) {
            requireDecodable(items, source);
            source.openAll(items);
            write(mailbox, row, items, byUid, markedSeen, source);
            return true;
        } catch (MailboxException e) {
            if (e.reason() == MailboxException.Reason.CORRUPTION) {
                damaged = e;
                return true;
            }
            return false; // expunged since the batch was read
        }
    }

    private void write(
            SelectedMailbox mailbox,
            int row,
            List<FetchItem> items,
            boolean byUid,
            boolean markedSeen,
            @Nullable Source source)
            throws IOException {
        int uid = rows.uid[row];
        writer.fetchStart(mailbox.sequenceNumber(uid));
        if (byUid && !items.contains(Attribute.UID)) {
            writer.fetchUid(uid); // RFC 3501 §6.4.8
        }
        for (FetchItem item : items) {
            switch (item) {
                case Attribute attribute -> writeAttribute(mailbox, row, attribute, source);
                case Body body -> writeBody(body, required(source));
                case FetchItem.Binary binary -> writeBinary(binary, required(source));
                case FetchItem.BinarySize size ->
                    writer.fetchNumber(
                            "BINARY.SIZE[" + FetchReader.partNumber(size.part()) + "]",
                            required(source).binarySize(size.part()));
            }
        }
        if (markedSeen && !items.contains(Attribute.FLAGS)) {
            writer.fetchFlags(rows.flags[row], mailbox.isRecent(uid), mailbox.keywords());
        }
        writer.fetchEnd();
    }

    private static boolean needsContent(FetchItem item) {
        return switch (item) {
            case Attribute attribute ->
                switch (attribute) {
                    case BODY, BODYSTRUCTURE, ENVELOPE -> true;
                    case FLAGS, INTERNALDATE, RFC822_SIZE, UID -> false;
                };
            case Body _, FetchItem.Binary _, FetchItem.BinarySize _ -> true;
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

    /// RFC 3516 §4.3: told before the response has begun.
    private static void requireDecodable(List<FetchItem> items, @Nullable Source source) {
        for (FetchItem item : items) {
            List<Integer> part = switch (item) {
                case FetchItem.Binary binary -> binary.part();
                case FetchItem.BinarySize size -> size.part();
                case Attribute _, Body _ -> List.of();
            };
            if (!part.isEmpty() && !required(source).isDecodable(part)) {
                throw CommandRefused.refused(Code.UNKNOWN_CTE, "A part has an unknown transfer encoding");
            }
        }
    }

    private void writeBinary(FetchItem.Binary binary, Source source) throws IOException {
        String name = "BINARY[" + FetchReader.partNumber(binary.part()) + "]"
                + (binary.partial() == null ? "" : "<" + binary.partial().origin() + ">");
        if (!source.has(binary.part())) {
            writer.fetchNil(name);
            return;
        }
        Range whole = new Range(0, source.binarySize(binary.part()));
        Range chosen = binary.partial() == null
                ? whole
                : whole.partial(binary.partial().origin(), binary.partial().length());
        try (InputStream octets = source.openBinary(binary.part())) {
            octets.skipNBytes(chosen.offset());
            writer.fetchLiteral8(name, octets, chosen.length());
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
    private static final class Source implements AutoCloseable {
        private final MessageContent content;
        /// Opened before the response begins: what cannot be read is known by then.
        private final Map<Range, InputStream> opened = new HashMap<>();
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

        /// Opens what the items send.
        void openAll(List<FetchItem> items) {
            for (FetchItem item : items) {
                switch (item) {
                    case Body body -> {
                        int[] path = path(body.section().part());
                        outline()
                                .section(path, sectionText(body.section().text()))
                                .map(range -> body.section().text() instanceof Text.HeaderFields
                                        ? range
                                        : partial(range, body))
                                .ifPresent(range -> opened.computeIfAbsent(range, this::open));
                    }
                    case FetchItem.Binary binary -> {
                        if (has(binary.part())) {
                            binarySize(binary.part());
                        }
                    }
                    case FetchItem.BinarySize size -> binarySize(size.part());
                    case Attribute _ -> {}
                }
            }
        }

        @Override
        public void close() throws IOException {
            for (InputStream left : opened.values()) {
                left.close();
            }
        }

        /// A failure to read the store is a fault of ours, not of the connection.
        InputStream open(Range range) {
            InputStream ready = opened.remove(range);
            if (ready != null) {
                return ready;
            }
            try {
                return content.open(range.offset(), range.length());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        // ---- RFC 3516: a leaf is decoded, anything else is as it is (it may not be encoded, RFC 2045 §6.4)

        boolean has(List<Integer> part) {
            return section(part).isPresent();
        }

        boolean isDecodable(List<Integer> part) {
            return leaf(part)
                    .map(found -> TransferEncoding.isKnown(found.transferEncoding()))
                    .orElse(true);
        }

        /// Decodes once to count: the length of a literal comes before it.
        long binarySize(List<Integer> part) {
            if (!has(part)) {
                return 0;
            }
            try (InputStream octets = openBinary(part)) {
                return octets.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        InputStream openBinary(List<Integer> part) {
            InputStream octets = open(section(part).orElseThrow());
            return leaf(part)
                    .map(found -> TransferEncoding.decoded(found.transferEncoding(), octets))
                    .orElse(octets);
        }

        private Optional<Range> section(List<Integer> part) {
            return outline().section(path(part), SectionText.WHOLE);
        }

        /// Empty for the whole message too: its header is not encoded.
        private Optional<Part> leaf(List<Integer> part) {
            return part.isEmpty()
                    ? Optional.empty()
                    : outline().part(path(part)).filter(found -> !found.isMultipart() && !found.isMessage());
        }

        private static int[] path(List<Integer> part) {
            return part.stream().mapToInt(Integer::intValue).toArray();
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
