package org.postern.interchange;

import java.nio.ByteBuffer;

/// Counts how often each message has come, for sources that have no names for their messages: the second of two that
/// are alike is another message. Sixteen octets for each of them; two digests that begin alike count together, which
/// does no harm.
final class Occurrences {
    private long[] keys = new long[1024];
    private int[] counts = new int[1024];
    private int used;

    /// How often this digest has come, with this time: 1 for the first.
    int count(byte[] digest) {
        long key = ByteBuffer.wrap(digest).getLong();
        if (used * 2 > keys.length) {
            grow();
        }
        int place = place(key);
        if (counts[place] == 0) {
            keys[place] = key;
            used++;
        }
        return ++counts[place];
    }

    private int place(long key) {
        int place = (int) (key & (keys.length - 1));
        while (counts[place] != 0 && keys[place] != key) {
            place = (place + 1) & (keys.length - 1);
        }
        return place;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldCounts = counts;
        keys = new long[oldKeys.length * 2];
        counts = new int[oldKeys.length * 2];
        for (int index = 0; index < oldKeys.length; index++) {
            if (oldCounts[index] != 0) {
                int place = place(oldKeys[index]);
                keys[place] = oldKeys[index];
                counts[place] = oldCounts[index];
            }
        }
    }
}
