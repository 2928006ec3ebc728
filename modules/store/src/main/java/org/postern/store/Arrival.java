package org.postern.store;

import java.util.List;

/// Messages on their way into one mailbox: what an [Mutation.Arrived] needs but for the numbers that the mailbox gives.
final class Arrival {
    final long[] messages;
    final int[] sizes;
    final long[] dates;
    final short[] zones;
    final long[] flags;

    Arrival(int count) {
        messages = new long[count];
        sizes = new int[count];
        dates = new long[count];
        zones = new short[count];
        flags = new long[count];
    }

    int count() {
        return messages.length;
    }

    long octets() {
        long octets = 0;
        for (int size : sizes) {
            octets += Integer.toUnsignedLong(size);
        }
        return octets;
    }

    /// Gives UIDs and a MODSEQ to the messages. Under the mailbox's lock.
    Mutation.Arrived into(MailboxState state, long modSeq) {
        long first = state.headUidNext;
        if (first + count() > 0xffff_ffffL) {
            throw new MailboxException(MailboxException.Reason.LIMIT, "the mailbox has used up its UIDs");
        }
        int[] uids = new int[count()];
        for (int index = 0; index < uids.length; index++) {
            uids[index] = (int) (first + index);
        }
        return new Mutation.Arrived(modSeq, uids, messages, sizes, dates, zones, flags);
    }

    /// Copies of messages that a mailbox has.
    static Arrival of(List<MailboxState.HeadRow> rows) {
        var arrival = new Arrival(rows.size());
        for (int index = 0; index < rows.size(); index++) {
            MailboxState.HeadRow row = rows.get(index);
            arrival.messages[index] = row.message();
            arrival.sizes[index] = row.size();
            arrival.dates[index] = row.date();
            arrival.zones[index] = row.zone();
            arrival.flags[index] = row.flags();
        }
        return arrival;
    }
}
