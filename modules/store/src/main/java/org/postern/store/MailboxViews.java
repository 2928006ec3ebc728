package org.postern.store;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The mailboxes held in memory: one state each, loaded when first needed, let go by weight when nobody
/// uses it.
final class MailboxViews {
    /// A user's hold on a state. While one is open the state stays.
    final class Lease implements AutoCloseable {
        private final Slot slot;
        private final MailboxState state;

        private Lease(Slot slot, MailboxState state) {
            this.slot = slot;
            this.state = state;
        }

        MailboxState state() {
            return state;
        }

        @Override
        public void close() {
            release(slot);
        }
    }

    private static final class Slot {
        private final long id;
        private int users; // guarded by slots
        private long weight; // guarded by slots
        private @Nullable MailboxState state; // guarded by the slot while it loads, then fixed

        Slot(long id) {
            this.id = id;
        }
    }

    private final Database database;
    private final long mostWeight;
    /// Least recently used first.
    private final LinkedHashMap<Long, Slot> slots = new LinkedHashMap<>(16, 0.75f, true);

    private long weight; // guarded by slots

    MailboxViews(Database database, long mostWeight) {
        this.database = database;
        this.mostWeight = mostWeight;
    }

    /// @throws MailboxException GONE if there is no such mailbox any more
    Lease acquire(long mailbox) {
        Slot slot;
        synchronized (slots) {
            slot = slots.computeIfAbsent(mailbox, Slot::new);
            slot.users++;
        }
        try {
            synchronized (slot) {
                if (slot.state == null) {
                    slot.state = database.read(connection -> MailboxRows.load(connection, mailbox))
                            .orElseThrow(MailboxViews::gone);
                }
                return new Lease(slot, slot.state);
            }
        } catch (RuntimeException e) {
            release(slot);
            throw e;
        }
    }

    static MailboxException gone() {
        return new MailboxException(MailboxException.Reason.GONE, "the mailbox no longer exists");
    }

    private void release(Slot slot) {
        synchronized (slots) {
            slot.users--;
            MailboxState state = slot.state;
            if (state == null) {
                if (slot.users == 0) {
                    slots.remove(slot.id);
                }
                return;
            }
            long now = state.weight();
            weight += now - slot.weight;
            slot.weight = now;
            if (state.gone() && slot.users == 0) {
                drop(slot);
            }
            Iterator<Slot> oldest = slots.values().iterator();
            while (weight > mostWeight && oldest.hasNext()) {
                Slot candidate = oldest.next();
                if (candidate.users == 0 && candidate.state != null && candidate.state.isIdle()) {
                    oldest.remove();
                    weight -= candidate.weight;
                }
            }
        }
    }

    private void drop(Slot slot) {
        if (slots.remove(slot.id) != null) {
            weight -= slot.weight;
        }
    }

    /// What they take, in octets.
    long weight() {
        synchronized (slots) {
            return weight;
        }
    }

    /// The mailboxes in memory now.
    List<Long> loaded() {
        synchronized (slots) {
            return List.copyOf(slots.keySet());
        }
    }
}
