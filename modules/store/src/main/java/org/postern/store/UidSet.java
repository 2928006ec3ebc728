package org.postern.store;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// Ascending UIDs as runs in variable-length numbers: how the journal keeps them. UIDs are ints read unsigned.
final class UidSet {
    private UidSet() {}

    /// Pairs of (gap since the end of the last run, length of the run - 1).
    static byte[] encode(int[] uids) {
        var out = new ByteArrayOutputStream(16 + uids.length / 4);
        Varint.write(out, uids.length);
        long next = 0;
        for (int index = 0; index < uids.length; ) {
            int end = index + 1;
            while (end < uids.length && uids[end] == uids[end - 1] + 1) {
                end++;
            }
            long first = Integer.toUnsignedLong(uids[index]);
            Varint.write(out, first - next);
            Varint.write(out, end - index - 1);
            next = first + (end - index);
            index = end;
        }
        return out.toByteArray();
    }

    static int[] decode(byte[] encoded) {
        var in = new Varint(encoded);
        int[] uids = new int[(int) in.next()];
        long next = 0;
        for (int index = 0; index < uids.length; ) {
            next += in.next();
            for (long left = in.next(); left >= 0; left--) {
                uids[index++] = (int) next++;
            }
        }
        return uids;
    }

    /// The place of `uid` among the first `count` of ascending UIDs; -(place to insert) - 1 where it is missing.
    static int indexOf(int[] uids, int count, int uid) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = Integer.compareUnsigned(uids[middle], uid);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -low - 1;
    }

    static boolean contains(int[] uids, int uid) {
        return indexOf(uids, uids.length, uid) >= 0;
    }

    /// An ascending set that grows at its end.
    static final class Builder {
        private int[] uids = new int[16];
        private int count;

        void add(int uid) {
            if (count == uids.length) {
                uids = Arrays.copyOf(uids, count * 2);
            }
            uids[count++] = uid;
        }

        int[] toArray() {
            return Arrays.copyOf(uids, count);
        }
    }
}
