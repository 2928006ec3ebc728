package org.postern.store;

/// The durable state of a mailbox in numbers (RFC 3501 §6.3.10, RFC 8438). UIDs are 1 to 2³²-1 in a long.
public record MailboxStatus(
        int messages,
        int recent,
        int unseen,
        int deleted,
        long uidNext,
        long uidValidity,
        long highestModSeq,
        long size,
        long deletedSize) {}
