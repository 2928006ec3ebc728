package org.postern.store;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The bounded queue of changes between a mailbox and one session. Guarded by the mailbox state's monitor for adding,
/// by itself for taking.
final class Watcher {
    private static final int BOUND = 1024;

    private final Runnable wake;
    // guarded by this
    private final ArrayDeque<MailboxChange> changes = new ArrayDeque<>();

    Watcher(Runnable wake) {
        this.wake = wake;
    }

    synchronized void add(MailboxChange change) {
        if (changes.size() < BOUND) {
            changes.add(change);
        } else {
            // The session does not keep up: from what it has not taken it needs only to know where to start over.
            long since = changes.getFirst() instanceof MailboxChange.Resynchronize already
                    ? already.since()
                    : changes.getFirst().modSeq() - 1;
            boolean gone = change instanceof MailboxChange.Gone;
            changes.clear();
            changes.add(new MailboxChange.Resynchronize(change.modSeq(), since));
            if (gone) {
                changes.add(change);
            }
        }
    }

    synchronized List<MailboxChange> take() {
        List<MailboxChange> taken = new ArrayList<>(changes);
        changes.clear();
        return taken;
    }

    synchronized void clear() {
        changes.clear();
    }

    /// Without any lock held.
    void wake() {
        wake.run();
    }
}
