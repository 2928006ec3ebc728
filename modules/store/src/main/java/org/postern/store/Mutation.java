package org.postern.store;

import org.jspecify.annotations.Nullable;

/// One committed change of a mailbox: what the journal and the entries say, in memory. Arrays ascend by UID and are
/// shared: nobody changes them.
sealed interface Mutation {
    long modSeq();

    /// Messages that arrived; parallel arrays.
    record Arrived(long modSeq, int[] uids, long[] messages, int[] sizes, long[] dates, short[] zones, long[] flags)
            implements Mutation {}

    /// `flags := flags & ~cleared | added` for each UID.
    record Flagged(
            long modSeq,
            int[] uids,
            long cleared,
            long added,
            @Nullable Object origin) implements Mutation {}

    record Removed(long modSeq, int[] uids, @Nullable Object origin) implements Mutation {}
}
