package org.postern.recordgroups;

import java.util.Optional;
import org.postern.dns.RecordSet;

/// A record set of a group, and whether what it leads to answers.
///
/// @param set as it ought to be; empty where that is not known yet
/// @param obstacle why it must not be published yet, in words; empty where nothing is in the way
public record Prospect(RecordGroup group, RecordSet.Key key, Optional<RecordSet> set, Optional<String> obstacle) {
    public Prospect {
        if (set.isEmpty() && obstacle.isEmpty()) {
            throw new IllegalArgumentException("nothing is known of " + key);
        }
    }

    static Prospect of(RecordGroup group, RecordSet set, Optional<String> obstacle) {
        return new Prospect(group, set.key(), Optional.of(set), obstacle);
    }

    static Prospect unknown(RecordGroup group, RecordSet.Key key, String obstacle) {
        return new Prospect(group, key, Optional.empty(), Optional.of(obstacle));
    }

    /// The set, where it may be published.
    public Optional<RecordSet> ready() {
        return obstacle.isEmpty() ? set : Optional.empty();
    }
}
