package org.postern.session;

import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file of a Unix socket, which outlives its process.
final class SocketFile {
    private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

    private SocketFile() {}

    /// Makes room for a new one: what a dead process left is removed, everything else stays.
    static void makeRoom(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        // the JDK has no name for a socket: it is neither file nor directory nor link
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new FileSystemException(
                    path.toString(), null, "there is a file that is no socket: remove it, or choose another path");
        }
        if (isServed(path)) {
            throw new FileSystemException(
                    path.toString(), null, "another program listens there: stop it, or choose another path");
        }
        Files.delete(path);
    }

    private static boolean isServed(Path path) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return client.connect(UnixDomainSocketAddress.of(path));
        } catch (SocketException nobody) {
            return false;
        }
    }

    /// A file that cannot be removed is replaced by the next start.
    static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("{} was not removed: {}", path, e.getMessage());
        }
    }
}
