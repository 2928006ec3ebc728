package org.postern.store;

import java.util.HashMap;
import java.util.Map;

/// Blobs that cannot be read, until it is known whose they are. So many are kept; more are counted.
final class DamagedBlobs {
    private static final int MOST = 1_000_000;

    /// @param row the blob's row
    record Damage(long row, BlobReference blob, String how) {}

    private final Map<Long, Damage> byRow = new HashMap<>();
    private long beyond;

    void add(Damage damage) {
        if (byRow.size() < MOST) {
            byRow.putIfAbsent(damage.row(), damage);
        } else if (!byRow.containsKey(damage.row())) {
            beyond++;
        }
    }

    boolean contains(long row) {
        return byRow.containsKey(row);
    }

    Map<Long, Damage> all() {
        return byRow;
    }

    /// How many more there are.
    long beyond() {
        return beyond;
    }
}
