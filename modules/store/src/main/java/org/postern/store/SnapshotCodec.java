package org.postern.store;

import java.io.ByteArrayOutputStream;

/// The octets of a snapshot chunk: rows in UID order, each column as the difference to the row before.
final class SnapshotCodec {
    private static final int VERSION = 1;

    private SnapshotCodec() {}

    static byte[] encode(
            int[] uids,
            long[] flags,
            int[] sizes,
            long[] modSeqs,
            long[] messages,
            long[] dates,
            short[] zones,
            int from,
            int to) {
        var out = new ByteArrayOutputStream((to - from) * 12);
        Varint.write(out, VERSION);
        Varint.write(out, to - from);
        long uid = 0;
        long modSeq = 0;
        long message = 0;
        long date = 0;
        for (int index = from; index < to; index++) {
            Varint.write(out, Integer.toUnsignedLong(uids[index]) - uid);
            Varint.write(out, flags[index]);
            Varint.write(out, Integer.toUnsignedLong(sizes[index]));
            Varint.writeSigned(out, modSeqs[index] - modSeq);
            Varint.writeSigned(out, messages[index] - message);
            Varint.writeSigned(out, dates[index] - date);
            Varint.writeSigned(out, zones[index]);
            uid = Integer.toUnsignedLong(uids[index]);
            modSeq = modSeqs[index];
            message = messages[index];
            date = dates[index];
        }
        return out.toByteArray();
    }

    static void decode(byte[] encoded, MailboxState into) {
        var in = new Varint(encoded);
        long version = in.next();
        if (version != VERSION) {
            throw new StoreFailure("a snapshot is of version " + version + ", newer than this program");
        }
        long uid = 0;
        long modSeq = 0;
        long message = 0;
        long date = 0;
        for (long left = in.next(); left > 0; left--) {
            uid += in.next();
            long flags = in.next();
            long size = in.next();
            modSeq += in.nextSigned();
            message += in.nextSigned();
            date += in.nextSigned();
            into.loadRow((int) uid, flags, (int) size, modSeq, message, date, (short) in.nextSigned());
        }
    }
}
