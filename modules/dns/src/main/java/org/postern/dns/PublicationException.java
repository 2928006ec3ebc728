package org.postern.dns;

import java.io.Serial;
import java.util.Map;
import java.util.Set;

/// Records could not be published; the message is for the operator.
public final class PublicationException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final transient Set<RecordSet.Key> refused;

    public PublicationException(String message) {
        super(message);
        refused = Set.of();
    }

    public PublicationException(String message, Throwable cause) {
        super(message, cause);
        refused = Set.of();
    }

    /// Some sets were left out, and the rest is published.
    ///
    /// @param refusals why, by set
    public PublicationException(Map<RecordSet.Key, String> refusals) {
        super(String.join("\n", refusals.values()));
        refused = Set.copyOf(refusals.keySet());
    }

    /// The sets that were left out, where the rest is published; empty where nothing is known to be.
    public Set<RecordSet.Key> refused() {
        return refused;
    }
}
