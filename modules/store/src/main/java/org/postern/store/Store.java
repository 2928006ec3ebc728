package org.postern.store;

import java.io.IOException;
import org.postern.message.BinaryParts;

/// The open store of one data directory.
public interface Store extends AutoCloseable {
    Accounts accounts();

    Mailboxes mailboxes();

    Deliveries deliveries();

    Imports imports();

    TlsInventory tlsInventory();

    MessageSpool newSpool();

    /// The message with its binary parts in base64 ([BinaryParts]), in a spool of its own; the given one stays.
    MessageSpool encodeBinary(MessageSpool spool) throws IOException, BinaryParts.NotEncodable;

    /// True while changes are accepted and made durable.
    boolean healthy();

    @Override
    void close();
}
