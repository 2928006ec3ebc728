package org.postern.store;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.postern.auth.AccountId;

/// The mailboxes of all accounts. Every change is durable when its method returns; refusals are [MailboxException]s.
/// Safe for use by all sessions. No method may be called by a thread that somebody may interrupt.
public interface Mailboxes {
    /// Existing mailboxes, parents that exist only by name, and subscribed names: ordered by name.
    List<MailboxListing> list(AccountId account);

    void create(AccountId account, MailboxName name, Optional<SpecialUse> specialUse);

    void delete(AccountId account, MailboxName name);

    void rename(AccountId account, MailboxName from, MailboxName to);

    void subscribe(AccountId account, MailboxName name);

    void unsubscribe(AccountId account, MailboxName name);

    MailboxStatus status(AccountId account, MailboxName name);

    /// Opens a mailbox for one session.
    ///
    /// @param watcher called, from any thread and without any lock held, after something was queued for
    ///     [OpenMailbox#takeChanges]; it must only wake its session
    OpenMailbox open(AccountId account, MailboxName name, boolean readOnly, Runnable watcher);

    /// Adds messages to a mailbox, all or nothing.
    AppendResult append(AccountId account, MailboxName name, List<Appended> messages);

    /// One message of an APPEND. The spool is consumed.
    record Appended(MessageSpool spool, long systemFlags, Set<String> keywords, InternalDate internalDate) {}
}
