package org.postern.store;

/// A mailbox name that breaks a rule of [MailboxName]; the message says which, in words for the client.
public final class InvalidMailboxName extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InvalidMailboxName(String rule) {
        super(rule);
    }
}
