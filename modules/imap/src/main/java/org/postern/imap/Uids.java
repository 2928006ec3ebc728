package org.postern.imap;

import java.util.Arrays;

/// Sets of UIDs as ascending arrays of ints read unsigned.
final class Uids {
    static final int[] NONE = {};

    private Uids() {}

    /// The index of a UID, or `-(insertion point) - 1`.
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

    /// The index of the first UID that is not below `bound`.
    static int lowerBound(int[] uids, int count, long bound) {
        if (bound > SequenceSet.MAXIMUM) {
            return count;
        }
        int index = indexOf(uids, count, (int) bound);
        return index >= 0 ? index : -index - 1;
    }

    static boolean contains(int[] uids, int uid) {
        return indexOf(uids, uids.length, uid) >= 0;
    }

    static int[] union(int[] left, int[] right) {
        if (left.length == 0 || right.length == 0) {
            return left.length == 0 ? right : left;
        }
        int[] union = new int[left.length + right.length];
        int count = 0;
        int l = 0;
        int r = 0;
        while (l < left.length || r < right.length) {
            int order = l == left.length ? 1 : r == right.length ? -1 : Integer.compareUnsigned(left[l], right[r]);
            union[count++] = order <= 0 ? left[l] : right[r];
            if (order <= 0) {
                l++;
            }
            if (order >= 0) {
                r++;
            }
        }
        return Arrays.copyOf(union, count);
    }

    static int[] minus(int[] left, int[] right) {
        if (left.length == 0 || right.length == 0) {
            return left;
        }
        int[] difference = new int[left.length];
        int count = 0;
        for (int uid : left) {
            if (!contains(right, uid)) {
                difference[count++] = uid;
            }
        }
        return Arrays.copyOf(difference, count);
    }
}
