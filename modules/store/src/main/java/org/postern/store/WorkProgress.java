package org.postern.store;

/// Where a long work of the store says how far it is. Told often; whoever shows it picks.
@FunctionalInterface
public interface WorkProgress {
    /// For whom nobody waits.
    WorkProgress NONE = (_, _, _, _) -> {};

    /// What is counted.
    enum Unit {
        ITEMS,
        OCTETS
    }

    /// Tells of one step.
    ///
    /// @param step what is being done, in a few words
    /// @param total 0 where nobody knows
    void report(String step, long done, long total, Unit unit);

    /// True once nobody waits for the work any more: it may end early, in good order.
    default boolean isAbandoned() {
        return false;
    }
}
