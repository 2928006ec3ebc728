package org.postern.server;

/// Why the server cannot start, in words for the operator: what is wrong, and what to do.
final class StartException extends RuntimeException {
    private static final long serialVersionUID = 1;

    StartException(String message) {
        super(message);
    }

    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
