package org.postern.audit;

import org.postern.mua.SrvSet;

/// What a domain says of one service.
public record ServiceReport(SrvSet set) {
    /// How the domain stands to the service.
    public enum State {
        OFFERED,
        /// by `.`
        NOT_OFFERED,
        /// no record
        NOT_SAID,
        /// bogus, no answer, or nothing that can be followed
        FAILED
    }

    public State state() {
        if (set.failed()) {
            return State.FAILED;
        }
        if (set.absent()) {
            return State.NOT_SAID;
        }
        if (set.notOffered()) {
            return State.NOT_OFFERED;
        }
        return set.usable().isEmpty() ? State.FAILED : State.OFFERED;
    }
}
