package org.postern.store;

/// What happened, durably, to a mailbox: in MODSEQ order to each watcher. UID arrays ascend and are not to be changed.
public sealed interface MailboxChange {
    long modSeq();

    record Added(long modSeq, int[] uids) implements MailboxChange {}

    /// `origin` is the watcher that the mailbox was opened with by the session whose command caused it; null after a
    /// restart.
    record FlagsChanged(
            long modSeq,
            int[] uids,
            @org.jspecify.annotations.Nullable Object origin) implements MailboxChange {}

    record Expunged(
            long modSeq,
            int[] uids,
            @org.jspecify.annotations.Nullable Object origin) implements MailboxChange {}

    /// Keywords were added: the FLAGS list is longer now.
    record KeywordsAdded(long modSeq) implements MailboxChange {}

    /// The watcher fell behind: compare with [OpenMailbox#uids] and MODSEQs, from `since` on.
    record Resynchronize(long modSeq, long since) implements MailboxChange {}

    /// The mailbox was deleted or is no longer accessible.
    record Gone(long modSeq) implements MailboxChange {}
}
