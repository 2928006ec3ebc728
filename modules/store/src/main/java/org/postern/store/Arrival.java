package org.postern.store;

import java.util.List;
import java.util.Set;

/// Messages on their way into one mailbox: what an [Mutation.Arrived] needs but for the numbers that the mailbox gives.
final class Arrival {
    private static final long SYSTEM = (1L << Flags.FIRST_KEYWORD) - 1;

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
        return into(state, modSeq, new long[count()]);
    }

    /// The same, with the UIDs that are wanted, as far as they ascend.
    /// @param wanted 0 for the next one
    Mutation.Arrived into(MailboxState state, long modSeq, long[] wanted) {
        int[] uids = new int[count()];
        long next = state.headUidNext;
        for (int index = 0; index < uids.length; index++) {
            next = Math.max(next, wanted[index]);
            if (next >= 0xffff_ffffL) { // the last one would leave no UIDNEXT
                throw new MailboxException(MailboxException.Reason.LIMIT, "the mailbox has used up its UIDs");
            }
            uids[index] = (int) next++;
        }
        return new Mutation.Arrived(modSeq, uids, messages, sizes, dates, zones, flags);
    }

    /// Keywords have other bits in another mailbox. Under both mailboxes' locks.
    /// @param drop true to do without those that find no room, instead of refusing
    void translateKeywords(MailboxState from, MailboxState into, MailboxWriter writer, boolean drop) {
        long used = 0;
        for (long bits : flags) {
            used |= bits & ~SYSTEM;
        }
        List<String> names = from.keywords();
        long[] translated = new long[names.size()];
        for (int index = 0; index < translated.length; index++) {
            if ((used & 1L << (Flags.FIRST_KEYWORD + index)) != 0) {
                translated[index] = writer.keywordBits(
                        into, Set.of(names.get(index)), !drop || into.keywords().size() < Flags.KEYWORDS);
            }
        }
        for (int message = 0; message < flags.length; message++) {
            long bits = flags[message] & SYSTEM;
            for (int index = 0; index < translated.length; index++) {
                if ((flags[message] & 1L << (Flags.FIRST_KEYWORD + index)) != 0) {
                    bits |= translated[index];
                }
            }
            flags[message] = bits;
        }
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
