package org.postern.store;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// What a repair has done.
///
/// @param databaseBefore a copy of the database as it was
/// @param mended what was put in order
/// @param lost messages that cannot be read
/// @param after what `verify` finds now
public record RepairReport(Path databaseBefore, List<Mended> mended, List<Lost> lost, VerifyReport after) {
    /// One thing that was put in order.
    public record Mended(Finding.Place where, String what) {}

    /// A message that cannot be read.
    ///
    /// @param size octets, as clients were told
    /// @param why it cannot be read
    /// @param salvaged where what can be read of it is now; empty where nothing can, or it was left as it is
    /// @param expunged true where it was taken out of its mailbox
    public record Lost(
            Finding.Place where,
            long size,
            Instant date,
            Optional<String> subject,
            Optional<String> messageId,
            String why,
            Optional<Path> salvaged,
            boolean expunged) {}
}
