package org.postern.imap;

import java.util.Arrays;

/// A set of message sequence numbers or UIDs as the client wrote it: pairs of bounds in any order, `*` as
/// [#STAR].
record SequenceSet(long[] bounds) {
    /// The largest number in use; no other number is 0.
    static final long STAR = 0;
    private static final long SAVED_RESULT = -1;
    /// `$`: what the last SEARCH with SAVE found (RFC 5182), as UIDs.
    static final SequenceSet SAVED = new SequenceSet(new long[] {SAVED_RESULT, SAVED_RESULT});

    static final long MAXIMUM = 0xFFFF_FFFFL;

    SequenceSet {
        if (bounds.length == 0 || bounds.length % 2 != 0) {
            throw new IllegalArgumentException("bounds come in pairs");
        }
    }

    boolean isSaved() {
        return bounds[0] == SAVED_RESULT;
    }

    /// The set as ascending, disjoint pairs, once it is known what `*` stands for.
    /// RFC 3501 §9: `4:2` is `2:4`, and `100:*` includes the largest number even if that is below 100.
    long[] normalized(long largest) {
        long[][] ranges = new long[bounds.length / 2][];
        for (int i = 0; i < ranges.length; i++) {
            long one = bounds[2 * i] == STAR ? largest : bounds[2 * i];
            long other = bounds[2 * i + 1] == STAR ? largest : bounds[2 * i + 1];
            ranges[i] = new long[] {Math.min(one, other), Math.max(one, other)};
        }
        Arrays.sort(ranges, (left, right) -> Long.compare(left[0], right[0]));
        long[] merged = new long[bounds.length];
        int length = 0;
        for (long[] range : ranges) {
            if (length > 0 && range[0] <= merged[length - 1] + 1) {
                merged[length - 1] = Math.max(merged[length - 1], range[1]);
            } else {
                merged[length++] = range[0];
                merged[length++] = range[1];
            }
        }
        return Arrays.copyOf(merged, length);
    }

    /// The largest number that must exist if these are sequence numbers; 0 if none must: a range up to
    /// `*` may begin beyond the end.
    long largestNumber() {
        long largest = 0;
        for (int i = 0; i < bounds.length && !isSaved(); i += 2) {
            if (bounds[i] != STAR && bounds[i + 1] != STAR) {
                largest = Math.max(largest, Math.max(bounds[i], bounds[i + 1]));
            }
        }
        return largest;
    }

    /// Writes ascending numbers in the shortest form: `1:3,7`.
    static String format(int[] ascending) {
        StringBuilder text = new StringBuilder();
        int i = 0;
        while (i < ascending.length) {
            int from = i;
            while (i + 1 < ascending.length && ascending[i + 1] == ascending[i] + 1) {
                i++;
            }
            if (from > 0) {
                text.append(',');
            }
            text.append(Integer.toUnsignedString(ascending[from]));
            if (i > from) {
                text.append(':').append(Integer.toUnsignedString(ascending[i]));
            }
            i++;
        }
        return text.toString();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(isSaved() ? "$" : "");
        for (int i = 0; i < bounds.length && !isSaved(); i += 2) {
            text.append(i == 0 ? "" : ",").append(bounds[i] == STAR ? "*" : Long.toString(bounds[i]));
            if (bounds[i + 1] != bounds[i]) {
                text.append(':').append(bounds[i + 1] == STAR ? "*" : Long.toString(bounds[i + 1]));
            }
        }
        return text.toString();
    }
}
