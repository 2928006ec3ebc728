package org.postern.acme;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A certificate could not be had. The message is for the operator, and holds no secret.
public final class AcmeFailedException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Optional<Instant> notBefore;

    AcmeFailedException(String message) {
        this(message, null, Optional.empty());
    }

    AcmeFailedException(String message, @Nullable Throwable cause, Optional<Instant> notBefore) {
        super(message, cause);
        this.notBefore = notBefore;
    }

    /// When the authority wants to be asked again.
    Optional<Instant> notBefore() {
        return notBefore;
    }
}
