package org.postern.message;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.postern.message.HeaderBlock.Field;

/// Reads the MIME structure of one message in one pass (RFC 2045, RFC 2046), by recursive descent over its lines.
///
/// Nothing is an error. A multipart ends at its close-delimiter, at a delimiter of one around it, or with the message.
/// Where depth, number of parts or the room for BODYSTRUCTURE is used up, what follows is text.
final class StructureScanner {
    static final int DEPTH_LIMIT = 100;
    static final int PART_LIMIT = 10_000;

    /// Octets of BODYSTRUCTURE, all parts together, and thereby of what is held while reading.
    private static final int STRUCTURE_LIMIT = 990_000;

    /// Values of `ending` beside the index of an open boundary.
    private static final int NONE = OpenBoundaries.NONE;

    private static final int END_OF_MESSAGE = -2;

    private final LineScanner line;
    private final OpenBoundaries open = new OpenBoundaries();
    private int ending = NONE;
    private boolean closing;
    private int parts;
    private int structureRoom = STRUCTURE_LIMIT;
    private @Nullable String date;

    StructureScanner(InputStream message) {
        line = new LineScanner(message);
    }

    ScannedPart scan() throws IOException {
        return entity(MediaType.TEXT, true, 0);
    }

    /// The Date field of the message, once it is scanned.
    @Nullable
    String date() {
        return date;
    }

    /// entity = header, blank line, body. On return the current line is the one that ended it, as `ending` says.
    private ScannedPart entity(MediaType byDefault, boolean isMessage, int depth) throws IOException {
        ScannedPart part = header(byDefault, isMessage, depth);
        byte[] boundary = part.isMultipart() ? part.media.boundary() : null;
        if (boundary != null) {
            multipart(part, boundary, depth);
        } else if (part.isMessage()) {
            // The octets as they stand, even behind a Content-Transfer-Encoding, which RFC 2046 §5.2.1 forbids here:
            // decoded, they would have no offsets.
            part.children.add(ending == NONE ? entity(MediaType.TEXT, true, depth + 1) : nothing());
        } else if (ending == NONE) {
            skipToDelimiter();
        }
        finish(part);
        return part;
    }

    /// Reads an entity's header into the part that it describes; nothing else of it is kept, however deep the parts
    /// inside go.
    private ScannedPart header(MediaType byDefault, boolean isMessage, int depth) throws IOException {
        long headerOffset = line.nextStart();
        HeaderBlock header = new HeaderBlock(isMessage);
        readHeader(header, isMessage);
        long bodyOffset = ending == NONE ? line.nextStart() : line.start();
        long linesBefore = ending == NONE ? line.linesBeforeNext() : line.linesBefore();
        MediaType media = followable(MediaType.of(header.value(Field.CONTENT_TYPE), byDefault), depth);
        ScannedPart part = new ScannedPart(media, header, headerOffset, bodyOffset, linesBefore);
        if (isMessage) {
            part.envelope = Envelope.write(header);
        }
        if (depth == 0) {
            date = header.value(Field.DATE);
        }
        return afford(part, isMessage && depth > 0);
    }

    /// RFC 2045 §5.2: what cannot be followed is plain text: a multipart that names no boundary, or structure where
    /// none is to be read any more.
    private MediaType followable(MediaType media, int depth) {
        boolean isMultipart = media.type().equals("multipart");
        boolean holdsParts = isMultipart || media.isMessage();
        boolean noBoundary = isMultipart && media.boundary() == null;
        boolean noRoom = holdsParts && (depth >= DEPTH_LIMIT || isFull());
        return noBoundary || noRoom ? MediaType.OPAQUE : media;
    }

    /// Counts a part; one whose header would not fit into BODYSTRUCTURE any more is shown as text without fields.
    ///
    /// @param showsEnvelope for a contained message; that of the message itself is no part of BODYSTRUCTURE
    private ScannedPart afford(ScannedPart part, boolean showsEnvelope) {
        parts++;
        int length = part.wireLength() + (showsEnvelope ? part.envelope.length : 0);
        if (length <= structureRoom) {
            structureRoom -= length;
            return part;
        }
        structureRoom = 0;
        ScannedPart plain = new ScannedPart(
                MediaType.OPAQUE, new HeaderBlock(false), part.headerOffset, part.bodyOffset, part.linesBeforeBody);
        plain.envelope = showsEnvelope ? Envelope.EMPTY : part.envelope;
        return plain;
    }

    private boolean isFull() {
        return parts >= PART_LIMIT || structureRoom <= 0;
    }

    private void readHeader(HeaderBlock header, boolean isMessage) throws IOException {
        ending = NONE;
        boolean first = true;
        while (line.nextInHeader(header.room())) {
            if (atDelimiter() || line.isBlank()) {
                return;
            }
            // A line that is no field: at the top the header is missing. Later, in a part, the blank line is missing;
            // in a message it is more often a field broken in two, and the fields behind it count.
            if (!header.take(line) && (first || !isMessage)) {
                line.again();
                return;
            }
            first = false;
        }
        ending = END_OF_MESSAGE;
    }

    /// multipart-body = [preamble CRLF] dash-boundary CRLF body-part *encapsulation close-delimiter [CRLF epilogue]
    private void multipart(ScannedPart part, byte[] boundary, int depth) throws IOException {
        MediaType byDefault = part.media.subtype().equals("digest") ? MediaType.MESSAGE : MediaType.TEXT;
        int own = open.size();
        open.push(boundary);
        if (ending == NONE) {
            skipToDelimiter();
        }
        boolean begun = ending == own;
        while (ending == own && !closing) {
            if (isFull()) {
                part.children.add(rest(own));
            } else {
                part.children.add(entity(byDefault, false, depth + 1));
            }
        }
        if (open.size() > own) {
            open.pop();
        }
        if (part.children.isEmpty()) {
            // RFC 3501 §9: BODYSTRUCTURE has no multipart without parts. If not even a delimiter came, its text is the
            // part, so that it can be read.
            ScannedPart only =
                    begun ? nothing() : ScannedPart.plain(MediaType.TEXT, part.bodyOffset, part.linesBeforeBody);
            parts++;
            part.children.add(only);
            finish(only);
        }
        if (ending == own) {
            ending = NONE;
            skipToDelimiter(); // the epilogue
        }
    }

    /// What is left of a multipart when no further part may be opened: one text, up to the end of the multipart.
    private ScannedPart rest(int own) throws IOException {
        while (open.size() > own) {
            open.pop();
        }
        ScannedPart rest = ScannedPart.plain(MediaType.OPAQUE, line.nextStart(), line.linesBeforeNext());
        skipToDelimiter();
        finish(rest);
        return rest;
    }

    /// An empty part before the current line.
    private ScannedPart nothing() {
        return ScannedPart.plain(MediaType.TEXT, line.start(), line.linesBefore());
    }

    private void skipToDelimiter() throws IOException {
        ending = NONE;
        while (line.nextInBody()) {
            if (atDelimiter()) {
                return;
            }
        }
        ending = END_OF_MESSAGE;
    }

    private boolean atDelimiter() {
        int match = open.match(line);
        if (match == NONE) {
            return false;
        }
        ending = match;
        closing = open.closing();
        return true;
    }

    /// The body ends before the current line; the line break before a delimiter is the delimiter's.
    private void finish(ScannedPart part) {
        long end = ending == END_OF_MESSAGE ? line.end() : line.start() - line.previousTerminator();
        part.bodyEnd = Math.max(part.bodyOffset, end);
        long lines = line.linesBefore() - part.linesBeforeBody;
        boolean lastBelongsToDelimiter = ending != END_OF_MESSAGE && line.start() > part.bodyEnd;
        part.lines = Math.max(0, lastBelongsToDelimiter ? lines - 1 : lines);
    }
}
