package org.postern.store;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.postern.message.BinaryParts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The store of one node, with its parts put together.
public final class PosternStore implements Store {
    private static final Logger LOG = LoggerFactory.getLogger(PosternStore.class);
    static final int NODE = 1;

    private final Path directory;
    private final Path spool;
    private final Database database;
    private final Segments segments;
    private final Contents contents;
    private final Committer committer;
    private final DiskSpace space;
    private final Compaction compaction;
    private final Snapshots snapshots;
    private final Removals removals;
    private final MailboxStore mailboxes;
    private final AccountStore accounts;
    private final DeliveryStore deliveries;
    private final ImportStore imports;
    private final TlsInventoryStore tlsInventory;

    private PosternStore(StoreSettings settings, Disk disk, MeterRegistry meters) throws IOException {
        directory = settings.directory();
        spool = directory.resolve("spool");
        disk.createDirectories(directory.resolve("database"));
        disk.createDirectories(spool);
        try (Stream<Path> left = Files.list(spool)) { // of a process that did not end well
            for (Path file : left.toList()) {
                Files.delete(file);
            }
        }
        requireItsDatabase(disk);
        space = new DiskSpace(disk, directory, settings.segments().reserve());
        database = Database.openH2(disk, directory.resolve("database"), Database.RETENTION);
        segments = new Segments(directory.resolve("blobs"), NODE, settings.segments(), disk);
        contents = new Contents(database, segments, space, meters);
        committer = new Committer("database", database::checkpoint, meters);
        var views = new MailboxViews(database, settings.viewOctets());
        snapshots = new Snapshots(database, views);
        compaction = new Compaction(database, committer, contents, segments, space, settings.segments(), NODE, meters);
        removals = new Removals(database, compaction::consider);
        var writer = new MailboxWriter(database, committer, snapshots, space);
        mailboxes = new MailboxStore(database, committer, contents, views, writer, removals, space);
        accounts = new AccountStore(database, committer, mailboxes, settings);
        deliveries = new DeliveryStore(accounts, mailboxes, meters);
        imports = new ImportStore(database, accounts, mailboxes, views);
        tlsInventory = new TlsInventoryStore(database, accounts.changes(), InstantSource.system());
        removals.consider();
        register(meters, views);
    }

    /// H2 would make an empty database where there is none, and go back to an older state where the end of the file is
    /// lost: all mail would seem gone, and UIDs would be given again.
    private void requireItsDatabase(Disk disk) throws IOException {
        if (Files.exists(directory.resolve(DatabaseFile.PATH))) {
            Optional<String> difference = DatabaseFile.sizeDifference(directory);
            if (difference.isPresent()) {
                throw new StoreFailure(directory.resolve(DatabaseFile.PATH) + ": " + difference.get()
                        + ". Restore it from a backup; postern store verify says what is lost");
            }
            DatabaseFile.forgetClosed(directory, disk);
        } else if (Files.isDirectory(directory.resolve("blobs"))) {
            try (Stream<Path> segmentFiles = Files.list(directory.resolve("blobs"))) {
                if (segmentFiles.findAny().isPresent()) {
                    throw new StoreFailure(directory.resolve(DatabaseFile.PATH)
                            + " is missing, and there is mail in blobs. Restore it from a backup");
                }
            }
        }
    }

    private void register(MeterRegistry meters, MailboxViews views) {
        Gauge.builder("postern.store.healthy", this, store -> store.healthy() ? 1 : 0)
                .description("1 while the store accepts changes; a failed flush makes it 0 until a restart.")
                .register(meters);
        Gauge.builder(
                        "postern.store.mailboxes",
                        views,
                        loaded -> loaded.loaded().size())
                .description("Mailboxes that are held in memory.")
                .register(meters);
        Gauge.builder("postern.store.views", views, MailboxViews::weight)
                .description("Memory that the mailboxes in memory take.")
                .baseUnit("bytes")
                .register(meters);
    }

    /// Opens the store, brings its schema up to date, and recovers what the last process left.
    /// @throws StoreFailure where the database is damaged, in use, or of a newer Postern
    public static PosternStore open(StoreSettings settings, MeterRegistry meters) {
        return open(settings, Disk.LOCAL, meters);
    }

    static PosternStore open(StoreSettings settings, Disk disk, MeterRegistry meters) {
        try {
            return new PosternStore(settings, disk, meters);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the store in " + settings.directory(), e);
        }
    }

    @Override
    public Accounts accounts() {
        return accounts;
    }

    @Override
    public Mailboxes mailboxes() {
        return mailboxes;
    }

    @Override
    public Deliveries deliveries() {
        return deliveries;
    }

    @Override
    public Imports imports() {
        return imports;
    }

    @Override
    public TlsInventory tlsInventory() {
        return tlsInventory;
    }

    @Override
    public MessageSpool newSpool() {
        space.requireForMail(0);
        return new FileSpool(spool);
    }

    /// Looks through the whole store beside its clients; see [StoreVerifier].
    ///
    /// @param reader is told of each finding
    public VerifyReport verify(VerifyOptions options, Consumer<Finding> reader, WorkProgress progress)
            throws IOException {
        return StoreVerifier.verify(directory, database, segments, options, reader, progress);
    }

    /// Makes a backup beside the store's clients; see [BackupDirectory].
    ///
    /// @param beside further files, by where they belong below the data directory: certificates and keys
    public BackupReport backup(BackupDirectory target, Map<String, Path> beside, WorkProgress progress)
            throws IOException {
        return backup(target, beside, 0, progress);
    }

    /// The same.
    /// @param octetsPerSecond that are copied at most, so that clients do not wait for the disk; 0 for as fast
    ///     as it goes
    public BackupReport backup(
            BackupDirectory target, Map<String, Path> beside, long octetsPerSecond, WorkProgress progress)
            throws IOException {
        return new Backup(database, segments, target, new Pace(octetsPerSecond), progress).run(beside);
    }

    @Override
    public MessageSpool encodeBinary(MessageSpool message) throws IOException, BinaryParts.NotEncodable {
        MessageSpool encoded = newSpool();
        boolean complete = false;
        try {
            contents.encodeBinary(message, encoded);
            complete = true;
            return encoded;
        } finally {
            if (!complete) {
                encoded.close();
            }
        }
    }

    @Override
    public boolean healthy() {
        return committer.healthy() && contents.healthy() && !database.waitsForDisk();
    }

    Segments segments() {
        return segments;
    }

    Snapshots snapshots() {
        return snapshots;
    }

    Removals removals() {
        return removals;
    }

    Compaction compaction() {
        return compaction;
    }

    /// Finishes what is under way; sessions must have ended.
    @Override
    public void close() {
        database.waitNoLonger(); // first: what is still written below must not wait for a disk that takes nothing
        // from the last to the first, and each whatever the others have met with
        try (database;
                contents;
                snapshots;
                removals;
                committer;
                compaction;
                tlsInventory) {
            LOG.debug("the store closes");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the segments", e);
        }
        try {
            DatabaseFile.noteClosed(directory);
        } catch (IOException e) {
            LOG.warn("the closed database's checksum could not be noted; verify cannot compare it", e);
        }
    }
}
