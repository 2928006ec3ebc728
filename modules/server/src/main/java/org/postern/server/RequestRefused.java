package org.postern.server;

/// Why a [Request] is not carried out, in words for the operator: what is wrong, and what to do.
final class RequestRefused extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int exitCode;

    RequestRefused(String message) {
        this(message, Main.FAILED);
    }

    RequestRefused(String message, int exitCode) {
        super(message);
        this.exitCode = exitCode;
    }

    /// What the command ends with.
    int exitCode() {
        return exitCode;
    }
}
