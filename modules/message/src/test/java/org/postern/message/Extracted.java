package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// A message and what was extracted of it, for tests: one char per octet.
record Extracted(byte[] octets, MessageExtract extract, MessageOutline outline) {
    /// Lines are given with LF and become CRLF.
    static Extracted of(String lines) {
        return exactly(lines.replace("\n", "\r\n"));
    }

    static Extracted exactly(String message) {
        return of(message.getBytes(ISO_8859_1));
    }

    static Extracted of(byte[] octets) {
        try {
            MessageExtract extract = MessageExtractor.extract(new ByteArrayInputStream(octets));
            return new Extracted(octets, extract, MessageOutline.decode(extract.outline()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String envelope() {
        return new String(extract.envelope(), ISO_8859_1);
    }

    String body() {
        return new String(extract.body(), ISO_8859_1);
    }

    String bodyStructure() {
        return new String(extract.bodyStructure(), ISO_8859_1);
    }

    /// A section's octets, or "none".
    String section(SectionText text, int... path) {
        return outline.section(path, text).map(this::read).orElse("none");
    }

    String whole(int... path) {
        return section(SectionText.WHOLE, path);
    }

    InputStream open(long offset, long length) {
        return new ByteArrayInputStream(octets, (int) offset, (int) length);
    }

    private String read(Range range) {
        return new String(octets, (int) range.offset(), (int) range.length(), ISO_8859_1);
    }
}
