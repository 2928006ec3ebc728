package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// The stored form of an outline: a version octet, then the parts in order, numbers as little-endian base-128 varints.
/// Offsets are counted from where the last thing ended, so that most of them take one octet.
final class OutlineCodec {
    private static final int VERSION = 1;

    /// What almost every part is: written as its index + 1 instead of as text. Only ever appended to.
    private static final List<String> COMMON_WORDS = List.of(
            "text",
            "plain",
            "html",
            "multipart",
            "mixed",
            "alternative",
            "related",
            "signed",
            "report",
            "message",
            "rfc822",
            "application",
            "octet-stream",
            "pdf",
            "image",
            "jpeg",
            "png",
            "7BIT",
            "8BIT",
            "QUOTED-PRINTABLE",
            "BASE64",
            "utf-8",
            "UTF-8",
            "us-ascii",
            "US-ASCII",
            "iso-8859-1",
            "ISO-8859-1",
            "");

    private OutlineCodec() {}

    static byte[] encode(Part root) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(VERSION);
        write(out, root, 0);
        return out.toByteArray();
    }

    static Part decode(byte[] encoded) {
        if (encoded.length == 0 || encoded[0] != VERSION) {
            throw new IllegalArgumentException("not an outline of version " + VERSION);
        }
        try {
            Decoder decoder = new Decoder(encoded);
            Part root = decoder.part(0, 0);
            decoder.expectEnd();
            return root;
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("place out of range in an outline", e);
        }
    }

    private static void write(ByteArrayOutputStream out, Part part, long origin) {
        writeWord(out, part.type());
        writeWord(out, part.subtype());
        writeNumber(out, part.headerOffset() - origin);
        writeNumber(out, part.headerLength());
        writeNumber(out, part.bodyOffset() - part.headerOffset() - part.headerLength());
        writeNumber(out, part.bodyLength());
        writeNumber(out, part.lines());
        writeWord(out, part.transferEncoding());
        writeWord(out, part.charset());
        writeNumber(out, part.children().size());
        long last = part.bodyOffset();
        for (Part child : part.children()) {
            write(out, child, last);
            last = child.bodyOffset() + child.bodyLength();
        }
    }

    private static void writeWord(ByteArrayOutputStream out, String word) {
        int common = COMMON_WORDS.indexOf(word);
        writeNumber(out, common + 1);
        if (common < 0) {
            byte[] octets = word.getBytes(ISO_8859_1);
            writeNumber(out, octets.length);
            out.writeBytes(octets);
        }
    }

    private static void writeNumber(ByteArrayOutputStream out, long number) {
        if (number < 0) {
            throw new IllegalArgumentException("parts out of order");
        }
        long rest = number;
        while (rest > 0x7f) {
            out.write((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static final class Decoder {
        private final byte[] encoded;
        private int position = 1;

        Decoder(byte[] encoded) {
            this.encoded = encoded;
        }

        Part part(long origin, int depth) {
            if (depth > 2 * StructureScanner.DEPTH_LIMIT) {
                throw new IllegalArgumentException("outline nested too deeply");
            }
            String type = word();
            String subtype = word();
            long headerOffset = Math.addExact(origin, number());
            long headerLength = number();
            long bodyOffset = Math.addExact(Math.addExact(headerOffset, headerLength), number());
            long bodyLength = number();
            long lines = number();
            String transferEncoding = word();
            String charset = word();
            long count = number();
            List<Part> children = new ArrayList<>();
            long last = bodyOffset;
            for (long i = 0; i < count; i++) {
                Part child = part(last, depth + 1);
                children.add(child);
                last = Math.addExact(child.bodyOffset(), child.bodyLength());
            }
            return new Part(
                    type,
                    subtype,
                    headerOffset,
                    headerLength,
                    bodyOffset,
                    bodyLength,
                    lines,
                    transferEncoding,
                    charset,
                    children);
        }

        void expectEnd() {
            if (position != encoded.length) {
                throw new IllegalArgumentException("octets behind the outline");
            }
        }

        private String word() {
            long common = number();
            if (common > COMMON_WORDS.size()) {
                throw new IllegalArgumentException("unknown word in an outline");
            }
            if (common > 0) {
                return COMMON_WORDS.get((int) common - 1);
            }
            long length = number();
            if (length > encoded.length - position) {
                throw new IllegalArgumentException("outline ends early");
            }
            String word = new String(encoded, position, (int) length, ISO_8859_1);
            position += (int) length;
            return word;
        }

        private long number() {
            long number = 0;
            for (int shift = 0; shift < 63; shift += 7) {
                if (position == encoded.length) {
                    throw new IllegalArgumentException("outline ends early");
                }
                byte octet = encoded[position++];
                number |= (octet & 0x7fL) << shift;
                if (octet >= 0) {
                    return number;
                }
            }
            throw new IllegalArgumentException("number too long in an outline");
        }
    }
}
