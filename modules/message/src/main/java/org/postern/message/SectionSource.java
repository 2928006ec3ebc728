package org.postern.message;

import java.io.IOException;
import java.io.InputStream;

/// Where the octets of a message are read from; the method of a stored message fits as it is.
@FunctionalInterface
public interface SectionSource {
    /// The octets from `offset` on, at most `length` of them; the caller closes the stream.
    InputStream open(long offset, long length) throws IOException;
}
