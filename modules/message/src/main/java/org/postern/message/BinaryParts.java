package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.Locale;

/// Makes of a message with parts of `Content-Transfer-Encoding: binary` (RFC 3030) one that every client can be
/// served: those parts in base64, at any nesting (RFC 2045 §6.3: whoever gives a message to a transport that is not
/// binary has to encode it). All else stays octet for octet, and has to be lines: no NUL, no CR or LF alone.
///
/// Reads the message twice, front to back, in bounded memory.
public final class BinaryParts {
    private static final String TRANSFER_ENCODING = "content-transfer-encoding";
    /// Octets that make one line of base64 (RFC 2045 §6.8: at most 76 characters).
    private static final int LINE = 57;
    private static final int HEADER_OCTETS = HeaderBlock.LIMIT;

    /// Reads the message from its beginning.
    public interface Source {
        InputStream open() throws IOException;
    }

    public interface Sink {
        void write(byte[] octets, int offset, int length) throws IOException;
    }

    private final InputStream in;
    private final Sink out;
    private long position;
    private byte last;

    private BinaryParts(InputStream in, Sink out) {
        this.in = in;
        this.out = out;
    }

    /// Writes the message with its binary parts encoded.
    ///
    /// @throws NotEncodable where octets that are no lines stand outside of such parts, or a signature covers one
    public static void encode(Source source, Sink out) throws IOException, NotEncodable {
        Part root;
        try (InputStream first = source.open()) {
            root = new StructureScanner(first).scan().toPart();
        }
        try (InputStream second = new BufferedInputStream(source.open(), 64 * 1024)) {
            var parts = new BinaryParts(second, out);
            parts.entity(root, false);
            parts.lines(Long.MAX_VALUE); // nothing is left, but for a scanner that has given up
            parts.requireLineEnded();
        }
    }

    /// @param signed whether a signature covers this part: then it must not change (RFC 1847 §2.1)
    private void entity(Part part, boolean signed) throws IOException, NotEncodable {
        lines(part.headerOffset() - position);
        boolean binary = part.transferEncoding().equals("BINARY");
        if (binary && signed) {
            throw new NotEncodable("a signed part is binary, and would be another one if it was encoded");
        }
        boolean leaf = part.children().isEmpty();
        header(part.headerLength(), binary ? (leaf ? "base64" : "8bit") : "");
        if (leaf && binary) {
            base64(part.bodyLength());
            return;
        }
        boolean covered =
                signed || (part.type().equals("multipart") && part.subtype().equals("signed"));
        for (Part child : part.children()) {
            entity(child, covered);
        }
        lines(part.body().end() - position);
    }

    /// Copies a header; with `encoding` for what it says of its body, where that is not empty.
    private void header(long length, String encoding) throws IOException, NotEncodable {
        if (encoding.isEmpty()) {
            lines(length);
            return;
        }
        if (length > HEADER_OCTETS) {
            throw new NotEncodable("the header of a binary part is too large");
        }
        byte[] original = read((int) length);
        check(original, 0, original.length);
        String header = new String(original, ISO_8859_1);
        StringBuilder edited = new StringBuilder();
        boolean found = false;
        int at = 0;
        while (at < header.length()) {
            int end = endOfField(header, at);
            String field = header.substring(at, end);
            int colon = field.indexOf(':');
            boolean said = colon > 0
                    && field.substring(0, colon)
                            .strip()
                            .toLowerCase(Locale.ROOT)
                            .equals(TRANSFER_ENCODING);
            found |= said;
            edited.append(said ? "Content-Transfer-Encoding: " + encoding + "\r\n" : field);
            at = end;
        }
        if (!found) { // the scanner has read it, so this is a header that can be read in two ways
            throw new NotEncodable("the header of a binary part is malformed");
        }
        byte[] octets = edited.toString().getBytes(ISO_8859_1);
        out.write(octets, 0, octets.length);
    }

    /// A line with those that continue it.
    private static int endOfField(String header, int from) {
        int end = header.indexOf('\n', from) + 1;
        while (end > 0 && end < header.length() && (header.charAt(end) == ' ' || header.charAt(end) == '\t')) {
            end = header.indexOf('\n', end) + 1;
        }
        return end == 0 ? header.length() : end;
    }

    /// A body of octets as lines of base64. The last line has no end: what follows is the line end before a delimiter,
    /// or the end of the message.
    private void base64(long length) throws IOException, NotEncodable {
        requireLineEnded();
        byte[] lineEnd = {'\r', '\n'};
        Base64.Encoder encoder = Base64.getEncoder();
        for (long left = length; left > 0; ) {
            byte[] octets = read((int) Math.min(left, LINE));
            byte[] line = encoder.encode(octets);
            out.write(line, 0, line.length);
            left -= octets.length;
            if (left > 0) {
                out.write(lineEnd, 0, 2);
            }
        }
        last = 0;
    }

    private byte[] read(int count) throws IOException {
        byte[] octets = in.readNBytes(count);
        position += octets.length;
        if (octets.length < count) {
            throw new EOFException("the message is shorter at the second reading");
        }
        return octets;
    }

    /// Copies octets that have to be lines; fewer than `length` at the end of the message.
    private void lines(long length) throws IOException, NotEncodable {
        byte[] buffer = new byte[16 * 1024];
        long left = length;
        while (left > 0) {
            int count = in.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (count < 0) {
                return;
            }
            check(buffer, 0, count);
            out.write(buffer, 0, count);
            position += count;
            left -= count;
        }
    }

    private void check(byte[] octets, int from, int to) throws NotEncodable {
        for (int at = from; at < to; at++) {
            byte octet = octets[at];
            if (octet == 0 || (last == '\r') != (octet == '\n')) {
                throw new NotEncodable(
                        octet == 0
                                ? "a NUL stands outside of parts with Content-Transfer-Encoding: binary"
                                : "a CR or LF alone stands outside of parts with Content-Transfer-Encoding: binary");
            }
            last = octet;
        }
    }

    private void requireLineEnded() throws NotEncodable {
        if (last == '\r') {
            throw new NotEncodable("a CR alone stands outside of parts with Content-Transfer-Encoding: binary");
        }
    }

    /// A message that cannot be made one of lines. The message is fit for its sender.
    public static final class NotEncodable extends Exception {
        private static final long serialVersionUID = 1;

        NotEncodable(String why) {
            super(why);
        }
    }
}
