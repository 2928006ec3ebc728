package org.postern.store;

import java.util.concurrent.locks.ReentrantLock;

/// How domains, accounts and aliases are changed: rarely, and each change checks what it builds on, so one at a time.
final class AccountChanges {
    private final Database database;
    private final Committer committer;
    private final ReentrantLock writers = new ReentrantLock();

    AccountChanges(Database database, Committer committer) {
        this.database = database;
        this.committer = committer;
    }

    void change(Database.Change change) {
        changed(connection -> {
            change.run(connection);
            return true;
        });
    }

    /// Durable on return.
    <T> T changed(Database.Work<T> work) {
        committer.requireHealthy();
        T result;
        long ticket;
        writers.lock();
        try {
            result = database.inTransaction(work);
            ticket = committer.submit(() -> {});
        } finally {
            writers.unlock();
        }
        committer.await(ticket);
        return result;
    }
}
