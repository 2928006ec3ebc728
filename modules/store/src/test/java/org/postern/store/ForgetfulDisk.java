package org.postern.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;

/// A disk for H2 that remembers what was only written and what was forced as well, so that a test can ask
/// at any moment what a crash would leave. Files are named `forgetful:/path`.
///
/// A file that was never opened with this disk is not known to it; one that was opened anew starts as what
/// is there.
public final class ForgetfulDisk extends FilePathWrapper {
    private static final Map<String, Image> IMAGES = new HashMap<>();

    /// For H2, which makes one for each name.
    public ForgetfulDisk() {}

    /// To be called once before the first use.
    static void register() {
        FilePath.register(new ForgetfulDisk());
    }

    /// Writes to the copy what a crash now would leave of the file: everything that was forced, and of the
    /// writes since those that the disk happened to have done.
    static void crash(Path file, Predicate<Integer> done, Path copy) throws IOException {
        Image image;
        synchronized (IMAGES) {
            image = IMAGES.get(file.toString());
        }
        image.leave(done, copy);
    }

    @Override
    public String getScheme() {
        return "forgetful";
    }

    @Override
    public FileChannel open(String mode) throws IOException {
        FileChannel channel = getBase().open(mode);
        if (mode.equals("r")) {
            return channel;
        }
        var image = new Image(channel);
        synchronized (IMAGES) {
            IMAGES.put(Path.of(getBase().toString()).toString(), image);
        }
        return image;
    }

    /// A write, or with no content a truncation.
    private record Pending(long position, byte[] content) {
        void doneTo(FileChannel channel) throws IOException {
            if (content == null) {
                channel.truncate(position);
            } else {
                channel.write(ByteBuffer.wrap(content), position);
            }
        }
    }

    private static final class Image extends FileBaseDefault {
        private final FileChannel channel;
        private final Path forced;
        private final List<Pending> pending = new ArrayList<>();

        Image(FileChannel channel) throws IOException {
            this.channel = channel;
            forced = Files.createTempFile("forced", ".db");
            forced.toFile().deleteOnExit();
            try (FileChannel start = FileChannel.open(forced, StandardOpenOption.WRITE)) {
                channel.transferTo(0, channel.size(), start);
            }
        }

        synchronized void leave(Predicate<Integer> done, Path copy) throws IOException {
            Files.copy(forced, copy);
            try (FileChannel left = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                for (int i = 0; i < pending.size(); i++) {
                    if (done.test(i)) {
                        pending.get(i).doneTo(left);
                    }
                }
            }
        }

        @Override
        public synchronized int write(ByteBuffer source, long position) throws IOException {
            byte[] content = new byte[source.remaining()];
            source.duplicate().get(content);
            pending.add(new Pending(position, content));
            return channel.write(source, position);
        }

        @Override
        protected synchronized void implTruncate(long size) throws IOException {
            pending.add(new Pending(size, null));
            channel.truncate(size);
        }

        @Override
        public synchronized void force(boolean metadata) throws IOException {
            try (FileChannel disk = FileChannel.open(forced, StandardOpenOption.WRITE)) {
                for (Pending write : pending) {
                    write.doneTo(disk);
                }
            }
            pending.clear();
        }

        @Override
        public synchronized int read(ByteBuffer destination, long position) throws IOException {
            return channel.read(destination, position);
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return channel.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            channel.close();
        }
    }
}
