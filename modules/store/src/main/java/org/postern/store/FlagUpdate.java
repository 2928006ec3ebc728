package org.postern.store;

import java.util.Set;

/// A change of flags asked for by a client (RFC 3501 §6.4.6).
///
/// @param system bits of [Flags] below FIRST_KEYWORD
/// @param keywords names as the client wrote them; those new to the mailbox are created on ADD and REPLACE
public record FlagUpdate(Mode mode, long system, Set<String> keywords) {
    /// FLAGS, +FLAGS, -FLAGS.
    public enum Mode {
        REPLACE,
        ADD,
        REMOVE
    }
}
