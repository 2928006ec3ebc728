package org.postern.store;

import java.io.IOException;
import java.io.InputStream;

/// Where a message's octets go while they arrive: memory up to 128 KiB, then a temporary file of the store.
/// Closed without having been given to the store, it leaves nothing behind. For one thread.
public interface MessageSpool extends AutoCloseable {
    void write(byte[] bytes, int offset, int length) throws IOException;

    long size();

    /// Reads what was written so far, from the start.
    InputStream open() throws IOException;

    @Override
    void close();
}
