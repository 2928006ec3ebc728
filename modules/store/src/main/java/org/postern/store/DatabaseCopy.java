package org.postern.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.SingleFileStore;

/// A copy of the open database's file, as it was at one moment.
///
/// H2's own BACKUP reads the file while H2 goes on writing to it, and a version that is being written into free
/// space at its beginning may be torn in the copy and yet be the one that is opened. Here the file stands still
/// for the moment in which its length and its two header blocks are read. From then on, until the copy is done, H2
/// writes behind that length only, and gives no space free: what the header leads to stays as it is. So the copy
/// is what a power cut right after a checkpoint would leave, and opens the same way; what was not committed is
/// undone then.
///
/// It is read through H2's own channel: POSIX locks go when the process closes any descriptor of the file.
final class DatabaseCopy {
    private static final int HEADER = 2 * 4096; // octets: two copies of the file's header, a block each
    private static final int PIECE = 256 * 1024;
    private static final int DURING_THE_COPY = (int) TimeUnit.DAYS.toMillis(7);

    private DatabaseCopy() {}

    private record Still(byte[] header, long size) {}

    /// Writes the database as it is now to `out`: everything that was committed before the call.
    static void write(Database database, OutputStream out) throws IOException {
        MVStore store = database.read(Database::mvStore);
        var file = (SingleFileStore) store.getFileStore();
        int retention = store.getRetentionTime();
        boolean reused = file.isSpaceReused();
        store.setRetentionTime(DURING_THE_COPY);
        file.setReuseSpace(false);
        try {
            database.writeVersion();
            Still[] still = new Still[1];
            // a failure in here would close the store for everybody: nothing but two short reads
            store.executeFilestoreOperation(() -> still[0] = new Still(read(file, 0, HEADER), file.size()));
            out.write(still[0].header());
            for (long at = HEADER; at < still[0].size(); at += PIECE) {
                out.write(read(file, at, (int) Math.min(PIECE, still[0].size() - at)));
            }
        } finally {
            file.setReuseSpace(reused);
            store.setRetentionTime(retention);
        }
    }

    private static byte[] read(SingleFileStore file, long position, int length) {
        ByteBuffer octets = file.readFully(null, position, length);
        byte[] read = new byte[length];
        octets.rewind();
        octets.get(read);
        return read;
    }
}
