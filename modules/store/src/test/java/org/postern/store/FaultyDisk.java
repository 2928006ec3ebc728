package org.postern.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntUnaryOperator;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.jspecify.annotations.Nullable;

/// A disk, for segments and for H2, that remembers beside what was written what of it was forced: so a test can ask at
/// any moment what a power cut would leave.
///
/// Each sector of a file is then as it was when it was last forced, or as any one write since has left it: whatever of
/// the writes is lost, torn within one call, or done in another order. So is the file's length, and so are the names in
/// a directory until the directory is forced. It can be full, slow or broken as well.
final class FaultyDisk implements Disk {
    /// How much of what was not forced a power cut leaves.
    enum Cut {
        /// The process alone ends: the kernel has everything.
        KILLED,
        NOTHING,
        /// Whole writes, or not.
        SOME_WRITES,
        /// Of each write some sectors.
        TORN_4096,
        TORN_512
    }

    private static final Map<Path, FaultyDisk> DISKS = new ConcurrentHashMap<>();
    private static final int KIBIBYTE = 1024;

    private final Path root;
    // all guarded by this
    private final Map<Path, Image> names = new HashMap<>();
    private final Map<Path, @Nullable Image> forcedNames = new HashMap<>();
    private boolean cut;
    private boolean forces = true;
    private boolean databaseForces = true;
    private long capacity = Long.MAX_VALUE;
    private CountDownLatch slow = new CountDownLatch(0);
    private long written;
    private long forced;

    /// @param root what is below it is on this disk, and all of it is durable now
    FaultyDisk(Path root) throws IOException {
        this.root = root;
        if (DISKS.isEmpty()) {
            FilePath.register(new Scheme());
        }
        DISKS.put(root, this);
        try (var files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                var image = new Image(Files.readAllBytes(file));
                names.put(file, image);
                forcedNames.put(file, image);
            }
        }
    }

    /// Has every force of a segment do nothing, as if nobody had asked for it: the test must see that.
    synchronized void forgetSegmentForces() {
        forces = false;
    }

    /// The same of the database file.
    synchronized void forgetDatabaseForces() {
        databaseForces = false;
    }

    /// What can be on the disk in all, from now on.
    synchronized void capacity(long octets) {
        capacity = octets;
    }

    /// What is on it now.
    synchronized long octets() throws IOException {
        return used();
    }

    /// Has whoever forces something wait until the latch opens, as on a disk that takes its time.
    synchronized void slow(CountDownLatch latch) {
        slow = latch;
    }

    synchronized long written() {
        return written;
    }

    synchronized long forced() {
        return forced;
    }

    private long used() throws IOException {
        long used = 0;
        for (Path file : names.keySet()) {
            used += Files.size(file);
        }
        return used;
    }

    /// Cuts the power: nothing that comes later is done. What is left goes into the other directory.
    synchronized void cut(Cut how, SplittableRandom random, Path left) throws IOException {
        cut = true;
        copy(how, random, left);
        DISKS.remove(root);
    }

    /// What a power cut now would leave.
    synchronized void copy(Cut how, SplittableRandom random, Path left) throws IOException {
        Map<Path, Image> there = new TreeMap<>();
        var files = new TreeMap<Path, @Nullable Image>(forcedNames);
        names.forEach(files::putIfAbsent);
        files.forEach((file, _) -> {
            Image now = names.get(file);
            Image before = forcedNames.get(file);
            Image chosen = how == Cut.KILLED || (how != Cut.NOTHING && random.nextBoolean()) ? now : before;
            if (chosen != null) {
                there.put(file, chosen);
            }
        });
        try (var directories = Files.walk(root)) {
            for (Path directory : directories.filter(Files::isDirectory).toList()) {
                Files.createDirectories(left.resolve(root.relativize(directory)));
            }
        }
        for (Map.Entry<Path, Image> file : there.entrySet()) {
            Files.write(
                    left.resolve(root.relativize(file.getKey())),
                    file.getValue().left(how, random));
        }
    }

    private void requirePower() throws IOException {
        if (cut) {
            throw new IOException("the power is cut");
        }
    }

    @Override
    public String databaseScheme() {
        return Scheme.NAME + ":";
    }

    @Override
    public FileChannel create(Path file) throws IOException {
        return open(file, false, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    @Override
    public FileChannel open(Path file, boolean writable) throws IOException {
        return writable
                ? open(file, false, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(file, StandardOpenOption.READ);
    }

    private synchronized Channel open(Path file, boolean database, StandardOpenOption... options) throws IOException {
        requirePower();
        FileChannel channel = FileChannel.open(file, options);
        Image image = names.get(file);
        if (image == null) {
            image = new Image(new byte[0]);
            names.put(file, image);
        }
        return new Channel(channel, image, database);
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        requirePower();
        Files.deleteIfExists(file);
        names.remove(file);
    }

    private synchronized void move(Path from, Path to) throws IOException {
        requirePower();
        Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        Image image = names.remove(from);
        if (image != null) {
            names.put(to, image);
        }
    }

    @Override
    public synchronized void force(Path directory) throws IOException {
        requirePower();
        forced++;
        forcedNames.keySet().removeIf(file -> directory.equals(file.getParent()));
        names.forEach((file, image) -> {
            if (directory.equals(file.getParent())) {
                forcedNames.put(file, image);
            }
        });
    }

    @Override
    public synchronized long free(Path directory) throws IOException {
        return capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - used());
    }

    /// A write, or with no content the setting of the length.
    private record Pending(long position, byte @Nullable [] content) {}

    /// A file as the disk has it: what was forced, and what was asked since.
    private static final class Image {
        private byte[] durable;
        private int length;
        private final List<Pending> pending = new ArrayList<>();

        Image(byte[] content) {
            durable = content;
            length = content.length;
        }

        void force() {
            for (Pending each : pending) {
                apply(each, sector -> sector, Integer.MAX_VALUE);
            }
            pending.clear();
        }

        private void apply(Pending each, IntUnaryOperator choice, int sectorSize) {
            byte[] content = each.content();
            int from = (int) each.position();
            if (content == null) {
                if (from < length) {
                    Arrays.fill(durable, from, length, (byte) 0);
                }
                require(from);
                length = from;
                return;
            }
            require(from + content.length);
            for (int at = from; at < from + content.length; ) {
                int sector = at / sectorSize;
                int end = sectorSize == Integer.MAX_VALUE
                        ? from + content.length
                        : Math.min(from + content.length, (sector + 1) * sectorSize);
                if (choice.applyAsInt(sector) >= 0) {
                    System.arraycopy(content, at - from, durable, at, end - at);
                    length = Math.max(length, end);
                }
                at = end;
            }
        }

        private void require(int size) {
            if (size > durable.length) {
                durable = Arrays.copyOf(durable, Math.max(size, durable.length + durable.length / 2));
            }
        }

        byte[] left(Cut how, SplittableRandom random) {
            var disk = new Image(Arrays.copyOf(durable, length));
            // now and then everything up to one moment is there, and one write is torn
            int whole = random.nextInt(3) == 0 ? random.nextInt(pending.size() + 1) : 0;
            for (int index = 0; index < pending.size(); index++) {
                boolean done = index < whole;
                switch (how) {
                    case KILLED -> disk.apply(pending.get(index), sector -> sector, Integer.MAX_VALUE);
                    case NOTHING -> {}
                    case SOME_WRITES -> {
                        if (done || random.nextBoolean()) {
                            disk.apply(pending.get(index), sector -> sector, Integer.MAX_VALUE);
                        }
                    }
                    case TORN_4096, TORN_512 -> {
                        // from one lost sector of many to one that is there of many
                        int percent = 100 - (int) Math.pow(100, random.nextDouble());
                        int share = random.nextBoolean() ? percent : 100 - percent;
                        disk.apply(
                                pending.get(index),
                                _ -> done || random.nextInt(100) < share ? 0 : -1,
                                how == Cut.TORN_512 ? KIBIBYTE / 2 : 4 * KIBIBYTE);
                    }
                }
            }
            return Arrays.copyOf(disk.durable, disk.length);
        }
    }

    // what must not be torn apart is under the disk's own lock
    @SuppressWarnings("UnsynchronizedOverridesSynchronized")
    private final class Channel extends FileBaseDefault {
        private final FileChannel channel;
        private final Image image;
        private final boolean database;

        Channel(FileChannel channel, Image image, boolean database) {
            this.channel = channel;
            this.image = image;
            this.database = database;
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            synchronized (FaultyDisk.this) {
                requirePower();
                long growth = Math.max(0, position + source.remaining() - channel.size());
                if (growth > 0 && capacity < Long.MAX_VALUE && used() + growth > capacity) {
                    throw new IOException("No space left on device");
                }
                byte[] content = new byte[source.remaining()];
                source.duplicate().get(content);
                image.pending.add(new Pending(position, content));
                written += content.length;
                return channel.write(source, position);
            }
        }

        @Override
        protected void implTruncate(long size) throws IOException {
            synchronized (FaultyDisk.this) {
                requirePower();
                image.pending.add(new Pending(size, null));
                channel.truncate(size);
            }
        }

        @Override
        public void force(boolean metadata) throws IOException {
            CountDownLatch latch;
            synchronized (FaultyDisk.this) {
                latch = slow;
            }
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            synchronized (FaultyDisk.this) {
                requirePower();
                forced++;
                if (database ? databaseForces : forces) {
                    image.force();
                }
            }
        }

        @Override
        public int read(ByteBuffer destination, long position) throws IOException {
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

    /// The way of H2 to whichever disk a file is on: `faulty:/path`.
    public static final class Scheme extends FilePathWrapper {
        private static final String NAME = "faulty";

        /// For H2, which makes one for each name.
        public Scheme() {}

        @Override
        public String getScheme() {
            return NAME;
        }

        private Path path() {
            return Path.of(getBase().toString());
        }

        private static FaultyDisk diskOf(Path file) {
            return DISKS.entrySet().stream()
                    .filter(disk -> file.startsWith(disk.getKey()))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("the power of this disk is cut: " + file))
                    .getValue();
        }

        @Override
        public FileChannel open(String mode) throws IOException {
            return mode.equals("r")
                    ? getBase().open(mode)
                    : diskOf(path())
                            .open(
                                    path(),
                                    true,
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE);
        }

        @Override
        public void delete() {
            try {
                diskOf(path()).delete(path());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void moveTo(FilePath newName, boolean atomicReplace) {
            try {
                diskOf(path()).move(path(), ((Scheme) newName).path());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
