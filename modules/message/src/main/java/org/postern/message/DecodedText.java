package org.postern.message;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.codec.DecoderUtil;

/// Makes readable text of an unfolded header value that has one char per octet.
final class DecodedText {
    private DecodedText() {}

    /// Decodes encoded words (RFC 2047) and raw 8-bit text: UTF-8 (RFC 6532), or windows-1252 where it is not that.
    static String of(String octets) {
        String text = isAscii(octets) ? octets : decodeOctets(octets);
        if (!text.contains("=?")) {
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
