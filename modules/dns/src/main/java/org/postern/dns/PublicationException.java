package org.postern.dns;

import java.io.Serial;

/// Records could not be published; the message is for the operator.
public final class PublicationException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    public PublicationException(String message) {
        super(message);
    }

    public PublicationException(String message, Throwable cause) {
        super(message, cause);
    }
}
