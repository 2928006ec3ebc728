package org.postern.mua;

import java.util.List;

/// What a second look at the SRV records means for a saved server.
public sealed interface Refresh {
    /// The saved server stays.
    ///
    /// @param alert what the user should hear of; empty where there is nothing
    record Keep(SavedServer saved, String alert) implements Refresh {}

    /// Signed records name another one: the client may follow them.
    record Follow(SavedServer next, List<SrvSet> sets) implements Refresh {
        public Follow {
            sets = List.copyOf(sets);
        }
    }

    /// Signed records say that the protocol is not offered any more.
    record Withdrawn(SavedServer saved, List<SrvSet> sets) implements Refresh {
        public Withdrawn {
            sets = List.copyOf(sets);
        }
    }
}
