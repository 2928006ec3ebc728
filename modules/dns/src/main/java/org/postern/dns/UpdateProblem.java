package org.postern.dns;

import java.io.Serial;

/// One exchange with the primary server did not end as it should; the message is for the operator.
final class UpdateProblem extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /// What follows from it.
    enum Kind {
        /// no answer that can be believed: what was sent may have been done or not
        LOST,
        /// the server is not able to at the moment; nothing was done
        LATER,
        /// the zone is not as it was a moment ago; nothing was done
        CHANGED,
        /// not for these names; nothing was done
        REFUSED,
        /// asking again would not help; nothing was done
        FINAL
    }

    private final Kind kind;

    UpdateProblem(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    UpdateProblem(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /// The message.
    String text() {
        return String.valueOf(getMessage());
    }

    Kind kind() {
        return kind;
    }
}
