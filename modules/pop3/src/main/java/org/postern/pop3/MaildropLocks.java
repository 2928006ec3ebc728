package org.postern.pop3;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.postern.auth.AccountId;

/// Which maildrops are open (RFC 1939 §4: the exclusive-access lock). It excludes POP3 sessions from one
/// another; IMAP sessions and deliveries go on, and a [Maildrop] does not show what they do. Safe for use
/// by all sessions.
final class MaildropLocks {
    private final Set<AccountId> held = ConcurrentHashMap.newKeySet();

    /// False if another session has it. Does not wait.
    boolean acquire(AccountId account) {
        return held.add(account);
    }

    void release(AccountId account) {
        held.remove(account);
    }
}
