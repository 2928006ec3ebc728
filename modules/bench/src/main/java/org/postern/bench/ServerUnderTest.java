package org.postern.bench;

/// A server with one account, whose IMAP with implicit TLS is measured.
interface ServerUnderTest extends AutoCloseable {
    String USER = "alice@example.test";
    String PASSWORD = "correct-horse-battery";

    /// As the table names it.
    String name();

    /// Of IMAP with implicit TLS, on 127.0.0.1.
    int port();

    ProcessTree processes();

    @Override
    void close();
}
