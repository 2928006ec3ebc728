package org.postern.store;

/// A reusable batch of message metadata, filled by [OpenMailbox#read]: parallel arrays, so that nothing is allocated
/// per message. Row `i` answers the i-th UID asked for; `present[i]` is false if that message is gone.
public final class MessageRows {
    public static final MessageRows NONE = new MessageRows(0);

    public final int[] uid;
    public final boolean[] present;
    public final long[] flags;
    public final int[] size;
    public final long[] modSeq;
    public final long[] internalDate;
    public final short[] zoneOffset;
    /// The store's number of the message content, for [OpenMailbox#content].
    public final long[] message;
    public int count;

    public MessageRows(int capacity) {
        uid = new int[capacity];
        present = new boolean[capacity];
        flags = new long[capacity];
        size = new int[capacity];
        modSeq = new long[capacity];
        internalDate = new long[capacity];
        zoneOffset = new short[capacity];
        message = new long[capacity];
    }

    public int capacity() {
        return uid.length;
    }
}
