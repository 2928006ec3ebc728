package org.postern.store;

/// A delivery that failed; nothing was stored for whom it concerns.
public final class DeliveryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public enum Reason {
        OVER_QUOTA,
        /// The message was delivered to the same address before.
        LOOP,
        /// The account is gone, or takes no mail.
        NO_MAILBOX,
        /// The store accepts nothing now: worth another try, later.
        UNAVAILABLE,
        /// The disk is full, for now.
        NO_SPACE
    }

    private final Reason reason;

    public DeliveryException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
