package org.postern.server;

import java.util.Optional;
import java.util.function.Supplier;

/// Whether the server can do its work now, and if not, why: short, without any name or address. Safe for
/// use by all threads.
final class Health {
    private volatile Supplier<Optional<String>> obstacle = () -> Optional.of("starting");

    /// From now on the server works, unless `found` names what keeps it from that.
    void running(Supplier<Optional<String>> found) {
        obstacle = found;
    }

    void stopping() {
        obstacle = () -> Optional.of("stopping");
    }

    /// Empty while clients are served.
    Optional<String> obstacle() {
        return obstacle.get();
    }
}
