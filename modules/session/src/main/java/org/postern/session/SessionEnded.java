package org.postern.session;

import java.io.IOException;

/// The session is over: thrown to the session's thread by the operation that found out.
final class SessionEnded extends IOException {
    private static final long serialVersionUID = 1;

    private final EndReason reason;

    SessionEnded(EndReason reason) {
        super(reason.name());
        this.reason = reason;
    }

    EndReason reason() {
        return reason;
    }
}
