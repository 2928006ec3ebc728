package org.postern.message;

import java.io.IOException;
import java.io.InputStream;

/// Reads a message once, front to back, in bounded memory, and computes its [MessageExtract].
/// Never fails on broken MIME: what cannot be read as structure is text/plain, as RFC 2045 §5.2 asks.
public final class MessageExtractor {
    /// Raised whenever a change of this module changes what is extracted.
    public static final int VERSION = 1;

    private MessageExtractor() {}

    public static MessageExtract extract(InputStream message) throws IOException {
        throw new UnsupportedOperationException();
    }
}
