package org.postern.inbound;

/// What the operator decides about LMTP.
///
/// @param hostName of this server, an A-label domain
/// @param maximumRecipients of one message
/// @param fullMailbox what a sender is told of a mailbox that is full
public record LmtpSettings(String hostName, long maximumMessageOctets, int maximumRecipients, FullMailbox fullMailbox) {
    /// Whether a server in front keeps trying.
    public enum FullMailbox {
        /// 452: it does, and the mail arrives when there is room again.
        TRY_LATER,
        /// 552: it does not, and the sender is told at once.
        REFUSE
    }

    public static LmtpSettings of(String hostName) {
        return new LmtpSettings(hostName, 50L * 1024 * 1024, 1_000, FullMailbox.TRY_LATER);
    }
}
