package org.postern.smtp;

/// Where a message's octets go while they arrive, dots removed. What it throws refuses the message and not the session:
/// the rest is read and thrown away.
public interface MessageSink {
    void write(byte[] octets, int offset, int length);
}
