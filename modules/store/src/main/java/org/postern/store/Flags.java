package org.postern.store;

/// A message's flags as a bit set: five system flags in the low bits, the mailbox's keywords above
/// (bit `FIRST_KEYWORD + index`, index into [OpenMailbox#keywords]). `\Recent` is not kept per message.
public final class Flags {
    public static final long SEEN = 1;
    public static final long ANSWERED = 1 << 1;
    public static final long FLAGGED = 1 << 2;
    public static final long DELETED = 1 << 3;
    public static final long DRAFT = 1 << 4;
    public static final int FIRST_KEYWORD = 5;
    /// Keywords that one mailbox can hold.
    public static final int KEYWORDS = 58;

    private Flags() {}
}
