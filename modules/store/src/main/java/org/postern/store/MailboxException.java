package org.postern.store;

/// A mailbox operation that was refused; nothing was changed. The message is fit for the client.
public final class MailboxException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Why; each has its RFC 5530 response code in IMAP.
    public enum Reason {
        NO_SUCH_MAILBOX,
        ALREADY_EXISTS,
        /// INBOX cannot be deleted, a name that has children only cannot be selected …
        CANNOT,
        /// A name that has children only cannot be deleted.
        HAS_CHILDREN,
        /// Another mailbox of the account has this special use.
        USE_TAKEN,
        OVER_QUOTA,
        /// Too many mailboxes or keywords.
        LIMIT,
        /// The mailbox was deleted, or its account disabled, while it was open.
        GONE,
        /// The store no longer accepts changes (a failed flush).
        UNAVAILABLE,
        /// The disk is full, for now.
        NO_SPACE,
        /// What is on the disk is not what was written. The log says where.
        CORRUPTION
    }

    private final Reason reason;

    public MailboxException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
