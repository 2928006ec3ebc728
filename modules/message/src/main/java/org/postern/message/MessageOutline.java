package org.postern.message;

/// Where the parts of one message lie: octet offsets into the message, so that any section is served by a ranged read
/// without parsing again.
public final class MessageOutline {
    private MessageOutline() {}

    public byte[] encode() {
        throw new UnsupportedOperationException();
    }

    public static MessageOutline decode(byte[] encoded) {
        throw new UnsupportedOperationException();
    }
}
