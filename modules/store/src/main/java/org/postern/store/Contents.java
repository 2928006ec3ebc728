package org.postern.store;

import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.NoSuchFileException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.postern.message.BinaryParts;
import org.postern.message.MessageExtract;
import org.postern.message.MessageExtractor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Message octets: into the segments when they arrive, out of them when they are asked for.
final class Contents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Contents.class);
    /// What of a message may be its header, and is looked at for its ENVELOPE.
    private static final int HEADER_OCTETS = 1024 * 1024;
    /// The longest value of a column in the embedded database is 1,048,576 octets.
    private static final int LARGEST_COLUMN = 1_000_000;

    private final Database database;
    private final Segments segments;
    private final Committer blobs;
    private final DiskSpace space;
    /// Reading a message's structure may take many milliseconds: virtual threads are not time-sliced.
    private final ExecutorService extractors = Executors.newFixedThreadPool(
            Runtime.getRuntime().availableProcessors(),
            Thread.ofPlatform().daemon().name("extract-", 0).factory());

    Contents(Database database, Segments segments, DiskSpace space, MeterRegistry meters) {
        this.database = database;
        this.segments = segments;
        this.space = space;
        this.blobs = new Committer("blobs", segments::force, meters);
    }

    /// Stores the spools' octets durably, and closes the spools. No row names them yet; once one does, or it is
    /// clear that none will, they are to be [released][#release].
    List<Content> store(List<? extends MessageSpool> spools) throws IOException {
        List<Content> contents = new ArrayList<>();
        try {
            blobs.requireHealthy();
            space.requireForMail(spools.stream().mapToLong(MessageSpool::size).sum());
            for (MessageSpool each : spools) {
                var spool = (FileSpool) each;
                var extract = CompletableFuture.supplyAsync(() -> extract(spool), extractors);
                MessageExtract extracted;
                Segments.Placed placed;
                try {
                    placed = append(spool);
                } finally {
                    extract.handle((_, _) -> true).join(); // the spool is closed below
                }
                try {
                    extracted = bounded(join(extract));
                } catch (IOException | RuntimeException e) {
                    segments.release(placed.blob());
                    throw e;
                }
                contents.add(new Content(placed.blob(), placed.stored(), spool.digest(), extracted));
            }
            force();
            return contents;
        } catch (IOException | RuntimeException e) {
            release(contents);
            throw e;
        } finally {
            spools.forEach(MessageSpool::close);
        }
    }

    /// Writes a message with its binary parts encoded.
    /// @throws IOException also where the message could not be kept while it arrived
    void encodeBinary(MessageSpool from, MessageSpool into) throws IOException, BinaryParts.NotEncodable {
        ((FileSpool) from).requireKept();
        try {
            CompletableFuture.runAsync(
                            () -> {
                                try {
                                    BinaryParts.encode(from::open, into::write);
                                } catch (IOException | BinaryParts.NotEncodable e) {
                                    throw new CompletionException(e);
                                }
                            },
                            extractors)
                    .join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case BinaryParts.NotEncodable cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /// The ENVELOPE of a message with `fields` before its header.
    byte[] envelope(byte[] fields, MessageSpool spool) throws IOException {
        byte[] header;
        try (InputStream in = spool.open()) {
            header = in.readNBytes(HEADER_OCTETS);
        }
        var whole = new SequenceInputStream(new ByteArrayInputStream(fields), new ByteArrayInputStream(header));
        return join(CompletableFuture.supplyAsync(() -> extract(whole), extractors))
                .envelope();
    }

    private static MessageExtract extract(InputStream message) {
        try {
            return MessageExtractor.extract(message);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    /// Waits until everything appended so far is durable. The body first: a row must never outlive a power cut without
    /// it.
    void force() {
        blobs.await(blobs.submit(() -> {}));
    }

    /// A row names each of them now, or none ever will: their segments may be compacted.
    void release(List<Content> contents) {
        contents.forEach(content -> segments.release(content.blob()));
    }

    /// A write that failed was acknowledged to nobody, and the next one begins in its place.
    private Segments.Placed append(FileSpool spool) throws IOException {
        try {
            spool.requireKept();
            return segments.append(spool);
        } catch (IOException e) {
            LOG.error("a message could not be stored", e);
            throw space.has(spool.size())
                    ? new MailboxException(
                            MailboxException.Reason.UNAVAILABLE, "the mail store cannot be written to now")
                    : DiskSpace.refusal();
        }
    }

    private static MessageExtract extract(FileSpool spool) {
        try (InputStream in = new BufferedInputStream(spool.open(), 64 * 1024)) {
            return MessageExtractor.extract(in);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    private static MessageExtract join(CompletableFuture<MessageExtract> extract) throws IOException {
        try {
            return extract.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static MessageExtract bounded(MessageExtract extract) {
        if (extract.envelope().length > LARGEST_COLUMN
                || extract.body().length > LARGEST_COLUMN
                || extract.bodyStructure().length > LARGEST_COLUMN
                || extract.outline().length > LARGEST_COLUMN) {
            throw new MailboxException(
                    MailboxException.Reason.LIMIT, "the message's header or structure is too large to be kept");
        }
        return extract;
    }

    /// @throws MailboxException GONE where the message was removed since
    MessageContent load(long message) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(
                    "select m.prefix, m.size, m.extractor_version, m.envelope, m.body, m.body_structure, m.outline,"
                            + " m.sent_date, b.node, b.segment, b.position, b.length"
                            + " from message m join blob b on b.id = m.blob where m.id = ?")) {
                select.setLong(1, message);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next()) {
                        throw gone();
                    }
                    byte[] prefix = row.getBytes(1);
                    var blob = new BlobReference(row.getInt(9), row.getInt(10), row.getLong(11), row.getLong(12));
                    var extract = new MessageExtract(
                                    row.getInt(3),
                                    blob.length(),
                                    row.getBytes(4),
                                    row.getBytes(5),
                                    row.getBytes(6),
                                    row.getBytes(7),
                                    row.getInt(8))
                            .withPrefix(prefix.length);
                    return new Stored(this, message, blob, prefix, extract);
                }
            }
        });
    }

    /// Where the message's octets are now: compaction may have moved them.
    private BlobReference place(long message) {
        return database.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select b.node, b.segment, b.position, b.length"
                    + " from message m join blob b on b.id = m.blob where m.id = ?")) {
                select.setLong(1, message);
                try (ResultSet row = select.executeQuery()) {
                    if (!row.next()) {
                        throw gone();
                    }
                    return new BlobReference(row.getInt(1), row.getInt(2), row.getLong(3), row.getLong(4));
                }
            }
        });
    }

    private static MailboxException gone() {
        return new MailboxException(MailboxException.Reason.GONE, "the message was expunged in the meantime");
    }

    private InputStream open(long message, BlobReference known, long offset, long length) {
        BlobReference blob = known;
        while (true) {
            try {
                return segments.open(blob, offset, length);
            } catch (IOException e) {
                BlobReference now = e instanceof NoSuchFileException ? place(message) : blob;
                if (now.equals(blob)) {
                    LOG.error("message {} cannot be read", message, e);
                    throw new MailboxException(
                            MailboxException.Reason.CORRUPTION, "the message is damaged in the mail store");
                }
                blob = now;
            }
        }
    }

    private record Stored(Contents contents, long message, BlobReference blob, byte[] prefix, MessageExtract extract)
            implements MessageContent {
        @Override
        public long size() {
            return prefix.length + blob.length();
        }

        @Override
        public InputStream open(long offset, long length) {
            if (offset >= prefix.length) {
                return contents.open(message, blob, offset - prefix.length, length);
            }
            int ofPrefix = (int) Math.min(length, prefix.length - offset);
            var head = new ByteArrayInputStream(prefix, (int) offset, ofPrefix);
            return length == ofPrefix
                    ? head
                    : new SequenceInputStream(head, contents.open(message, blob, 0, length - ofPrefix));
        }
    }

    boolean healthy() {
        return blobs.healthy();
    }

    @Override
    public void close() throws IOException {
        try (segments) {
            blobs.close();
        } finally {
            extractors.shutdown();
        }
    }
}
