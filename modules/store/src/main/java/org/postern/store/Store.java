package org.postern.store;

/// The open store of one data directory.
public interface Store extends AutoCloseable {
    Accounts accounts();

    Mailboxes mailboxes();

    Deliveries deliveries();

    Imports imports();

    MessageSpool newSpool();

    /// True while changes are accepted and made durable.
    boolean healthy();

    @Override
    void close();
}
