package org.postern.store;

/// A delivery that failed as a whole; nothing was stored.
public final class DeliveryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final boolean overQuota;

    public DeliveryException(String message, boolean overQuota) {
        super(message);
        this.overQuota = overQuota;
    }

    public boolean overQuota() {
        return overQuota;
    }
}
