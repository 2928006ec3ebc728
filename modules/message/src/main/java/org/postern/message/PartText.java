package org.postern.message;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Set;
import org.apache.james.mime4j.util.CharsetUtil;
import org.jspecify.annotations.Nullable;

/// Reads the text of a text part: transfer encoding and charset undone, streaming.
public final class PartText {
    /// Charsets that mail names where it uses a larger one: decoding in the larger one loses nothing.
    private static final Set<String> UTF_8_MEANT = Set.of("", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit");

    private PartText() {}

    /// Never fails on wrong content: octets that cannot be decoded are read as windows-1252, an unknown
    /// charset as UTF-8, an unknown transfer encoding as none.
    ///
    /// @param body the octets of the part's body; closed with the reader
    public static Reader open(Part part, InputStream body) {
        return new LenientReader(TransferEncoding.decoded(part.transferEncoding(), body), charset(part.charset()));
    }

    private static Charset charset(String name) {
        @Nullable
        Charset charset = UTF_8_MEANT.contains(name.toLowerCase(Locale.ROOT)) ? UTF_8 : CharsetUtil.lookup(name);
        if (charset == null) {
            return UTF_8;
        }
        return charset.name().equals("ISO-8859-1") ? LenientReader.WINDOWS_1252 : charset;
    }
}
