package org.postern.message;

import java.io.InputStream;
import java.util.Set;
import org.apache.james.mime4j.codec.Base64InputStream;
import org.apache.james.mime4j.codec.DecodeMonitor;
import org.apache.james.mime4j.codec.QuotedPrintableInputStream;

/// Content transfer encodings (RFC 2045 §6), undone while streaming.
public final class TransferEncoding {
    private static final Set<String> KNOWN = Set.of("7BIT", "8BIT", "BINARY", "BASE64", "QUOTED-PRINTABLE");

    private TransferEncoding() {}

    /// True if a part's encoding is one that can be undone.
    public static boolean isKnown(String encoding) {
        return KNOWN.contains(encoding);
    }

    /// True if octets under it stand for themselves.
    static boolean isIdentity(String encoding) {
        return encoding.equals("7BIT") || encoding.equals("8BIT") || encoding.equals("BINARY");
    }

    /// The octets that the encoding stands for. Never fails on wrong content; an unknown encoding is read
    /// as none.
    ///
    /// @param encoding in upper case
    /// @param body closed with the result
    public static InputStream decoded(String encoding, InputStream body) {
        return switch (encoding) {
            case "BASE64" -> new Base64InputStream(body, DecodeMonitor.SILENT);
            case "QUOTED-PRINTABLE" -> new QuotedPrintableInputStream(body, DecodeMonitor.SILENT);
            default -> body;
        };
    }
}
