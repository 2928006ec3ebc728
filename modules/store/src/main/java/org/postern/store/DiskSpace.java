package org.postern.store;

import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether the disk has room for more. Asked before anything grows, so that mail is refused, and may come again, while
/// there is still room to tidy up: a database that meets the end of the disk cannot even write that something was
/// expunged.
final class DiskSpace {
    private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);

    private final Disk disk;
    private final Path directory;
    private final long reserve;
    private volatile boolean low;

    DiskSpace(Disk disk, Path directory, long reserve) {
        this.disk = disk;
        this.directory = directory;
        this.reserve = reserve;
    }

    /// Before so many octets of mail are stored.
    /// @throws MailboxException NO_SPACE
    void requireForMail(long octets) {
        if (!has(reserve + octets)) {
            throw refusal();
        }
    }

    /// Before rows are written. What takes away is not asked: it may use the last half of the reserve.
    void requireForRows() {
        if (!has(reserve / 2)) {
            throw refusal();
        }
    }

    boolean has(long octets) {
        try {
            boolean enough = disk.free(directory) >= octets;
            if (enough == low) {
                low = !enough;
                if (low) {
                    LOG.error("the disk of {} is full: mail is refused until there is room again", directory);
                } else {
                    LOG.info("the disk of {} has room again", directory);
                }
            }
            return enough;
        } catch (IOException e) {
            LOG.warn("the free space of {} is not known", directory, e);
            return true;
        }
    }

    static MailboxException refusal() {
        return new MailboxException(MailboxException.Reason.NO_SPACE, "the disk is full; try again later");
    }
}
