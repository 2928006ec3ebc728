package org.postern.nameserver;

import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/// A name of a zone with what is there; with nothing, it is there because of names below it (an empty non-terminal).
record Node(Name name, SortedMap<Integer, SignedSet> sets, Standing standing) {
    enum Standing {
        /// the zone speaks for it
        AUTHORITATIVE,
        /// a zone cut: NS records of another zone
        DELEGATION,
        /// below a cut: addresses of name servers (glue)
        OCCLUDED
    }

    @Nullable
    SignedSet set(int type) {
        return sets.get(type);
    }
}
