package org.postern.server;

/// Where a command that takes its time says how far it is. The operator sees a bar on a terminal, else a line now and
/// then. Cheap enough to be told of every step: what comes too soon after the last report is not sent.
@FunctionalInterface
interface Progress {
    /// For whom nobody waits.
    Progress NONE = (_, _, _, _) -> {};

    /// What is counted.
    enum Unit {
        ITEMS,
        OCTETS
    }

    /// Says how far it is.
    ///
    /// @param step what is being done, in a few words: `copying messages`
    /// @param total 0 where nobody knows
    void report(String step, long done, long total, Unit unit);

    /// True once nobody waits for the answer, or the server stops: a command that can end early in good order may.
    default boolean isAbandoned() {
        return false;
    }
}
