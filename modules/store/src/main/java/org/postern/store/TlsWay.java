package org.postern.store;

import java.text.Normalizer;

/// A way to reach an account.
///
/// @param service the listener's name, as `imaps`
/// @param implicit true for implicit TLS, false for STARTTLS
/// @param version as `TLSv1.3`
/// @param cipherSuite the IANA name
/// @param serverName whether the client said by SNI whom it wants
/// @param client what the program calls itself; empty where it does not
public record TlsWay(
        String service,
        boolean implicit,
        String version,
        String cipherSuite,
        boolean serverName,
        String mechanism,
        String client) {
    private static final int LONGEST_CLIENT = 64;

    public TlsWay {
        client = printable(client);
    }

    /// A client's own words: in one line, and not too many of them.
    private static String printable(String text) {
        String clean = Normalizer.normalize(text, Normalizer.Form.NFC)
                .replaceAll("[\\p{C}\\p{Z}]+", " ")
                .strip();
        return clean.codePoints()
                .limit(LONGEST_CLIENT)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
