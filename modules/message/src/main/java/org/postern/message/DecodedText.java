package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.codec.DecoderUtil;

/// Makes readable text of the unfolded values of one header, which have one char per octet.
final class DecodedText {
    /// Mime4J's time for a text grows with the square of its length where many encoded words are begun and none ends;
    /// in slices it does not.
    private static final int SLICE = 4096;

    /// How many encoded words of a header are decoded; the rest stays as it stands. Looking for a charset that does not
    /// exist takes the JDK 50 µs, so that a header of 1 MiB could take ten seconds.
    private static final int WORD_LIMIT = 4000;

    private int words;

    /// Decodes encoded words (RFC 2047) and raw 8-bit text: UTF-8 (RFC 6532), or windows-1252 where it is not that.
    String of(String octets) {
        String text = isAscii(octets) ? octets : decodeOctets(octets);
        if (!text.contains("=?")) {
            return text;
        }
        StringBuilder decoded = new StringBuilder(text.length());
        for (int from = 0; from < text.length(); ) {
            int to = sliceEnd(text, from);
            decoded.append(decodeWords(text.substring(from, to)));
            from = to;
        }
        return decoded.toString();
    }

    /// The end of the slice that begins at `from`: at its last white space, so that no encoded word is cut.
    private static int sliceEnd(String text, int from) {
        int limit = from + SLICE;
        if (limit >= text.length()) {
            return text.length();
        }
        int space = Math.max(text.lastIndexOf(' ', limit), text.lastIndexOf('\t', limit));
        return space > from ? space : limit;
    }

    private String decodeWords(String text) {
        for (int start = text.indexOf("=?"); start >= 0; start = text.indexOf("=?", start + 2)) {
            words++;
        }
        if (words > WORD_LIMIT) {
            return text;
        }
        try {
            return DecoderUtil.decodeEncodedWords(text, DecodeMonitor.SILENT, UTF_8);
        } catch (IllegalArgumentException e) {
            return text; // an encoded word that cannot be decoded is shown as it stands (RFC 2047 §6.3)
        }
    }

    private static String decodeOctets(String octets) {
        try (LenientReader reader = new LenientReader(new ByteArrayInputStream(octets.getBytes(ISO_8859_1)), UTF_8)) {
            return reader.readAllAsString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
