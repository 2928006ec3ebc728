package org.postern.store;

/// The store could not do its work: database or disk failed. An internal fault, never the client's doing.
public final class StoreFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    StoreFailure(Throwable cause) {
        super("the store failed: " + cause.getMessage(), cause);
    }

    StoreFailure(String message) {
        super(message);
    }
}
