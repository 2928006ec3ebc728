package org.postern.interchange;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.postern.store.Flags;
import org.postern.store.MailboxName;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;

/// A mailbox that is exported, as it was at one moment: numbers and flags of all its messages in parallel arrays, some
/// thirty octets for each, and no octet of any.
final class Exported {
    private static final int AT_ONCE = 1000;
    private static final int MOST_KEYWORDS = 1000;

    final MailboxName name;
    final long uidValidity;
    final long uidNext;
    final long modSeq;
    final List<String> keywords;
    final int[] uids;
    final int[] sizes;
    final long[] dates;
    final long[] flags;

    private Exported(MailboxName name, long uidValidity, long uidNext, long modSeq, List<String> keywords, int[] uids) {
        this.name = name;
        this.uidValidity = uidValidity;
        this.uidNext = uidNext;
        this.modSeq = modSeq;
        this.keywords = List.copyOf(keywords);
        this.uids = uids;
        this.sizes = new int[uids.length];
        this.dates = new long[uids.length];
        this.flags = new long[uids.length];
    }

    static void write(DataOutputStream out, OpenMailbox mailbox) throws IOException {
        // in this order: what changes meanwhile is above the MODSEQ, and no UID that is told is above the UIDNEXT
        long modSeq = mailbox.status().highestModSeq();
        int[] uids = mailbox.uids();
        out.writeLong(mailbox.uidValidity());
        out.writeLong(mailbox.status().uidNext());
        out.writeLong(modSeq);
        RestoreWire.writeTexts(out, mailbox.keywords());
        out.writeInt(uids.length);
        var rows = new MessageRows(Math.min(AT_ONCE, uids.length));
        for (int from = 0; from < uids.length; from += AT_ONCE) {
            mailbox.read(uids, from, Math.min(uids.length, from + AT_ONCE), rows);
            for (int row = 0; row < rows.count; row++) {
                out.writeInt(rows.uid[row]);
                out.writeInt(rows.size[row]);
                out.writeLong(rows.internalDate[row]);
                out.writeLong(rows.flags[row]);
            }
        }
    }

    static Exported read(DataInputStream in, MailboxName name) throws IOException {
        long uidValidity = in.readLong();
        long uidNext = in.readLong();
        long modSeq = in.readLong();
        List<String> keywords = RestoreWire.readTexts(in);
        int count = in.readInt();
        if (count < 0 || keywords.size() > MOST_KEYWORDS) {
            throw new IOException("the other side does not speak this protocol");
        }
        var mailbox = new Exported(name, uidValidity, uidNext, modSeq, keywords, new int[count]);
        for (int index = 0; index < count; index++) {
            mailbox.uids[index] = in.readInt();
            mailbox.sizes[index] = in.readInt();
            mailbox.dates[index] = in.readLong();
            mailbox.flags[index] = in.readLong();
        }
        return mailbox;
    }

    int count() {
        return uids.length;
    }

    long uid(int index) {
        return Integer.toUnsignedLong(uids[index]);
    }

    long size(int index) {
        return Integer.toUnsignedLong(sizes[index]);
    }

    boolean has(int index, long flag) {
        return (flags[index] & flag) != 0;
    }

    Set<String> keywords(int index) {
        Set<String> named = new LinkedHashSet<>();
        for (int position = 0; position < keywords.size(); position++) {
            if (has(index, 1L << (Flags.FIRST_KEYWORD + position))) {
                named.add(keywords.get(position));
            }
        }
        return named;
    }

    /// The keywords that some message has, as positions in [#keywords].
    List<Integer> usedKeywords() {
        long used = 0;
        for (long bits : flags) {
            used |= bits;
        }
        List<Integer> positions = new ArrayList<>();
        for (int position = 0; position < keywords.size(); position++) {
            if ((used & 1L << (Flags.FIRST_KEYWORD + position)) != 0) {
                positions.add(position);
            }
        }
        return positions;
    }
}
