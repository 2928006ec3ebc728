package org.postern.store;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// The encoding of mailbox names in IMAP4rev1 and in Maildirs (RFC 3501 §5.1.3). Decoding takes only what encoding
/// would have made, so that a name has one spelling.
public final class ModifiedUtf7 {
    private ModifiedUtf7() {}

    public static String encode(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        int i = 0;
        while (i < text.length()) {
            char character = text.charAt(i);
            if (character == '&') {
                encoded.append("&-");
                i++;
            } else if (isDirect(character)) {
                encoded.append(character);
                i++;
            } else {
                int from = i;
                while (i < text.length() && !isDirect(text.charAt(i))) {
                    i++;
                }
                byte[] utf16 = text.substring(from, i).getBytes(StandardCharsets.UTF_16BE);
                String base64 = Base64.getEncoder().withoutPadding().encodeToString(utf16);
                encoded.append('&').append(base64.replace('/', ',')).append('-');
            }
        }
        return encoded.toString();
    }

    /// The text that was encoded.
    ///
    /// @throws InvalidMailboxName where the text is not what [#encode] makes
    public static String decode(String encoded) {
        StringBuilder text = new StringBuilder(encoded.length());
        int i = 0;
        while (i < encoded.length()) {
            char character = encoded.charAt(i);
            if (!isDirect(character)) {
                throw new InvalidMailboxName("Mailbox names are modified UTF-7");
            }
            if (character != '&') {
                text.append(character);
                i++;
                continue;
            }
            int end = encoded.indexOf('-', i);
            if (end < 0) {
                throw new InvalidMailboxName("Malformed modified UTF-7");
            }
            text.append(end == i + 1 ? "&" : decodeBase64(encoded.substring(i + 1, end)));
            i = end + 1;
        }
        if (!encode(text.toString()).equals(encoded)) {
            throw new InvalidMailboxName(
                    "Modified UTF-7 must not encode printable ASCII, nor in two runs what fits one");
        }
        return text.toString();
    }

    private static String decodeBase64(String base64) {
        try {
            byte[] utf16 = Base64.getDecoder().decode(base64.replace(',', '/'));
            return StandardCharsets.UTF_16BE
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf16))
                    .toString();
        } catch (IllegalArgumentException | CharacterCodingException malformed) {
            throw new InvalidMailboxName("Malformed modified UTF-7");
        }
    }

    private static boolean isDirect(char character) {
        return character >= 0x20 && character <= 0x7E;
    }
}
