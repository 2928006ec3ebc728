package org.postern.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/// The log's level; everything else about it stands in `logback.xml`.
final class Logging {
    private Logging() {}

    /// Sets the level of Postern's own loggers.
    ///
    /// @param name `error`, `warn`, `info` or `debug`
    static void level(String name) {
        ((Logger) LoggerFactory.getLogger("org.postern")).setLevel(Level.valueOf(name));
    }
}
