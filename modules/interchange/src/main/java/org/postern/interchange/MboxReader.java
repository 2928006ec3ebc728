package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.Flags;
import org.postern.store.InternalDate;

/// Finds the messages of an mbox file, one after the other. Of the file a buffer is in memory, whatever its lines are.
///
/// A message ends before a line that begins with `From ` behind an empty line, or where its Content-Length says, if a
/// From_ line or the end of the file is there (mboxcl, mboxcl2). If the first From_ line of the file has a date, the
/// others must have one too: so a sentence that begins with "From" divides no message.
final class MboxReader {
    /// Of a line, what is looked at.
    private static final int PREFIX = 2048;

    private static final int MOST_DROPPED = 1000;

    /// A message in the file. Offsets are of octets.
    ///
    /// @param dropped header fields that the file's programs put in, as pairs of offsets
    /// @param quoted true where `>From ` stands for `From `
    record Found(
            long start,
            long end,
            List<Long> dropped,
            boolean quoted,
            long systemFlags,
            Set<String> keywords,
            Optional<InternalDate> date) {}

    private final SeekableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 * 1024).limit(0);
    private final byte[] prefix = new byte[PREFIX];
    private long position; // of the next octet that readLine takes
    private boolean dated;
    private @Nullable Line from; // the From_ line of the next message

    /// A line that was read.
    ///
    /// @param text its first octets, without the line end
    private record Line(long start, long end, String text, boolean ended) {
        boolean isEmpty() {
            return text.isEmpty();
        }
    }

    /// @throws IOException where the file is no mbox
    MboxReader(SeekableByteChannel channel) throws IOException {
        this.channel = channel;
        Line line = readLine();
        while (line != null && line.isEmpty() && line.ended()) {
            line = readLine();
        }
        if (line == null) {
            return; // an empty mailbox
        }
        if (!line.text().startsWith(FromLine.BEGINNING)) {
            throw new IOException("it is no mbox: it does not begin with a From_ line");
        }
        if (line.text().indexOf('\r') >= 0) {
            throw new IOException("its lines end with CR alone: convert it first");
        }
        dated = FromLine.date(line.text()).isPresent();
        from = line;
    }

    /// How far the file was read.
    long position() {
        return position;
    }

    /// The next message; null at the end.
    @Nullable
    Found next() throws IOException {
        Line begin = from;
        if (begin == null) {
            return null;
        }
        from = null;
        var header = new Header();
        long start = begin.end();
        Line line = readLine();
        while (line != null && !line.isEmpty()) { // the header
            header.add(line);
            line = readLine();
        }
        long bodyStart = line == null ? position : line.isEmpty() ? line.end() : line.start();
        OptionalLong byLength = line == null || !line.isEmpty() ? OptionalLong.empty() : end(bodyStart, header.length);
        long end;
        if (byLength.isPresent()) {
            end = byLength.getAsLong();
            seek(end);
            Line after = readLine();
            while (after != null && after.isEmpty()) {
                after = readLine();
            }
            from = after;
        } else {
            end = endByFromLine(line);
        }
        header.close(byLength.isPresent());
        return new Found(
                start,
                end,
                header.dropped,
                byLength.isEmpty(),
                header.flags,
                header.keywords,
                FromLine.date(begin.text()));
    }

    /// Reads up to the next From_ line. The empty line before it is not of the message, nor the last of the file.
    private long endByFromLine(@Nullable Line first) throws IOException {
        Line line = first;
        long emptyFrom = -1; // where the empty line began that was read last
        while (line != null) {
            if (line.isEmpty() && line.ended()) {
                emptyFrom = line.start();
            } else if (emptyFrom >= 0 && isFromLine(line)) {
                from = line;
                return emptyFrom;
            } else {
                emptyFrom = -1;
            }
            line = readLine();
        }
        return emptyFrom >= 0 ? emptyFrom : position;
    }

    private boolean isFromLine(Line line) {
        return line.text().startsWith(FromLine.BEGINNING)
                && (!dated || FromLine.date(line.text()).isPresent());
    }

    /// The end of a body of that length, where a message can end there.
    private OptionalLong end(long bodyStart, long length) throws IOException {
        long end = bodyStart + length;
        if (length < 0 || end > channel.size() || end < bodyStart) {
            return OptionalLong.empty();
        }
        seek(end);
        Line line = readLine();
        int empty = 0;
        while (line != null && line.isEmpty() && empty++ < 2) {
            line = readLine();
        }
        boolean fits = line == null || (isFromLine(line) && (empty > 0 || endsLine(end)));
        seek(bodyStart);
        return fits ? OptionalLong.of(end) : OptionalLong.empty();
    }

    private boolean endsLine(long end) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        channel.position(end - 1);
        boolean ends = end > 0 && channel.read(one) == 1 && one.get(0) == '\n';
        seek(end);
        return ends;
    }

    private void seek(long to) throws IOException {
        position = to;
        channel.position(to);
        buffer.limit(0);
    }

    private @Nullable Line readLine() throws IOException {
        long start = position;
        int kept = 0;
        while (true) {
            if (!buffer.hasRemaining()) {
                buffer.clear();
                int count = channel.read(buffer);
                buffer.flip();
                if (count <= 0) {
                    buffer.limit(0);
                    return position == start ? null : line(start, kept, false);
                }
            }
            byte octet = buffer.get();
            position++;
            if (octet == '\n') {
                return line(start, kept, true);
            }
            if (kept < PREFIX) {
                prefix[kept++] = octet;
            }
        }
    }

    private Line line(long start, int kept, boolean ended) {
        int length = ended && kept > 0 && kept < PREFIX && prefix[kept - 1] == '\r' ? kept - 1 : kept;
        return new Line(start, position, new String(prefix, 0, length, ISO_8859_1), ended);
    }

    /// The header of one message: what the programs of the mbox have put into it.
    private static final class Header {
        private final List<Long> dropped = new ArrayList<>();
        private final Set<String> keywords = new LinkedHashSet<>();
        private long flags;
        private long length = -1;
        private long lengthFrom;
        private long lengthTo;
        private long fieldStart;
        private boolean dropping;
        private boolean isLength;
        private int lines;

        void add(Line line) {
            lines++;
            boolean folded = line.text().startsWith(" ") || line.text().startsWith("\t");
            if (!folded || lines == 1) {
                fieldStart = line.start();
                int colon = line.text().indexOf(':');
                String name =
                        colon < 0 ? "" : line.text().substring(0, colon).strip().toLowerCase(Locale.ROOT);
                String value = colon < 0 ? "" : line.text().substring(colon + 1).strip();
                isLength = name.equals("content-length");
                dropping = take(name, value);
            }
            if (isLength) {
                lengthFrom = fieldStart;
                lengthTo = line.end();
            }
            if (dropping && dropped.size() < MOST_DROPPED) {
                dropped.add(line.start());
                dropped.add(line.end());
            }
        }

        private boolean take(String name, String value) {
            switch (name) {
                case "status" -> flags |= value.indexOf('R') >= 0 ? Flags.SEEN : 0;
                case "x-status" -> {
                    flags |= value.indexOf('A') >= 0 ? Flags.ANSWERED : 0;
                    flags |= value.indexOf('F') >= 0 ? Flags.FLAGGED : 0;
                    flags |= value.indexOf('D') >= 0 ? Flags.DELETED : 0;
                    flags |= value.indexOf('T') >= 0 ? Flags.DRAFT : 0;
                }
                case "x-keywords", "x-mozilla-keys" -> {
                    for (String keyword : value.split("[ ,\t]+", -1)) {
                        Names.addKeyword(keywords, keyword);
                    }
                }
                case "x-mozilla-status" -> mozilla(value);
                case "x-mozilla-status2", "x-uid", "x-imap", "x-imapbase" -> {}
                case "content-length" -> {
                    length = value.length() <= 12 && value.matches("\\d+") ? Long.parseLong(value) : -1;
                    return false; // decided by close
                }
                default -> {
                    return false;
                }
            }
            return true;
        }

        /// Thunderbird's flags, hexadecimal.
        private void mozilla(String value) {
            try {
                int bits = Integer.parseInt(value, 16);
                flags |= (bits & 0x0001) != 0 ? Flags.SEEN : 0;
                flags |= (bits & 0x0002) != 0 ? Flags.ANSWERED : 0;
                flags |= (bits & 0x0004) != 0 ? Flags.FLAGGED : 0;
                flags |= (bits & 0x0008) != 0 ? Flags.DELETED : 0;
                if ((bits & 0x1000) != 0) {
                    Names.addKeyword(keywords, Names.forwarded());
                }
            } catch (NumberFormatException e) {
                // somebody else's field
            }
        }

        /// A Content-Length that was right is the file's; another one is the message's own.
        void close(boolean byLength) {
            if (byLength) {
                int at = 0;
                while (at < dropped.size() && dropped.get(at) < lengthFrom) {
                    at += 2;
                }
                dropped.addAll(at, List.of(lengthFrom, lengthTo));
            }
        }
    }

    /// The octets of a message, with CRLF line ends. Independent of where the reader is.
    InputStream open(Found message) {
        InputStream raw = new BufferedInputStream(new Slice(message), 64 * 1024);
        return new CrlfInputStream(message.quoted() ? new FromUnquoting(raw) : raw);
    }

    /// The file between two places, without what was dropped.
    private final class Slice extends InputStream {
        private final Found message;
        private long at;
        private int gap;

        Slice(Found message) {
            this.message = message;
            this.at = message.start();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            List<Long> gaps = message.dropped();
            while (gap < gaps.size() && at >= gaps.get(gap)) {
                at = Math.max(at, gaps.get(gap + 1));
                gap += 2;
            }
            long until = gap < gaps.size() ? Math.min(gaps.get(gap), message.end()) : message.end();
            if (at >= until) {
                return -1;
            }
            long before = channel.position();
            channel.position(at);
            int count = channel.read(ByteBuffer.wrap(into, offset, (int) Math.min(length, until - at)));
            channel.position(before); // the reader's place
            if (count < 0) {
                throw new IOException("the file became shorter while it was read");
            }
            at += count;
            return count;
        }
    }
}
