package org.postern.message;

import java.io.IOException;
import java.io.InputStream;

/// Reads a message once, front to back, in bounded memory, and computes its [MessageExtract].
/// Never fails on broken MIME: what cannot be read as structure is text/plain, as RFC 2045 §5.2 asks.
///
/// Bounds: 1 MiB of each header is considered; structure goes 100 deep and 10,000 parts wide, what is beyond is text;
/// ENVELOPE, BODY and BODYSTRUCTURE stay below 1,048,576 octets each.
public final class MessageExtractor {
    /// Raised whenever a change of this module changes what is extracted.
    public static final int VERSION = 2;

    private MessageExtractor() {}

    /// The stream is read to its end and not closed.
    public static MessageExtract extract(InputStream message) throws IOException {
        StructureScanner scanner = new StructureScanner(message);
        ScannedPart root = scanner.scan();
        MessageOutline outline = new MessageOutline(root.toPart());
        return new MessageExtract(
                VERSION,
                outline.size(),
                root.envelope,
                structure(root, false),
                structure(root, true),
                outline.encode(),
                SentDate.days(scanner.date()));
    }

    private static byte[] structure(ScannedPart root, boolean extended) {
        WireWriter out = new WireWriter();
        root.write(out, extended);
        return out.toByteArray();
    }
}
