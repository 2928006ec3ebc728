package org.postern.interchange;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.ZoneId;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.InternalDate;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;

/// One mbox file: one mailbox. Its messages have no names: a message is known again by its octets, and by how many of
/// the same octets came before it.
public final class MboxSource implements MailSource {
    private final Path path;
    private final MailboxName name;

    /// Nothing is read yet but whether the file is there.
    ///
    /// @throws IOException where it is none
    public MboxSource(Path path, MailboxName name) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException(path + ": there is no such file");
        }
        this.path = path;
        this.name = name;
    }

    @Override
    public Collection<Mailbox> mailboxes() {
        return List.of(new Whole());
    }

    @Override
    public OptionalLong highestUidValidity() {
        return OptionalLong.empty();
    }

    @Override
    public List<String> problems() {
        return List.of();
    }

    @Override
    public void close() {}

    private final class Whole implements Mailbox {
        @Override
        public MailboxName name() {
            return name;
        }

        @Override
        public String label() {
            return path.toString();
        }

        @Override
        public boolean subscribed() {
            return true;
        }

        @Override
        public Optional<SpecialUse> specialUse() {
            return Optional.empty();
        }

        @Override
        public Messages open() throws IOException {
            SeekableByteChannel channel;
            try {
                channel = FileChannel.open(path, StandardOpenOption.READ);
            } catch (IOException e) {
                throw new IOException(MaildirSource.explanation(label(), e), e);
            }
            try {
                return new InFile(channel);
            } catch (IOException e) {
                channel.close();
                throw new IOException(label() + ": " + e.getMessage(), e);
            }
        }
    }

    private final class InFile implements Messages {
        private final SeekableByteChannel channel;
        private final MboxReader reader;
        private final Occurrences occurrences = new Occurrences();
        private final long size;
        private int number;

        InFile(SeekableByteChannel channel) throws IOException {
            this.channel = channel;
            this.size = channel.size();
            this.reader = new MboxReader(channel);
        }

        @Override
        public long total() {
            return size;
        }

        @Override
        public long passed() {
            return reader.position();
        }

        @Override
        public boolean countsOctets() {
            return true;
        }

        @Override
        public @Nullable Message next() throws IOException {
            MboxReader.Found found = reader.next();
            if (found == null) {
                return null;
            }
            number++;
            MessageDigest digest = Identities.sha256();
            byte[] buffer = new byte[32 * 1024];
            try (InputStream in = reader.open(found)) {
                for (int count = in.read(buffer, 0, buffer.length);
                        count >= 0;
                        count = in.read(buffer, 0, buffer.length)) {
                    digest.update(buffer, 0, count);
                }
            }
            byte[] octets = digest.digest();
            byte[] occurrence = Integer.toString(occurrences.count(octets)).getBytes(US_ASCII);
            return new Part(found, number, Identities.of("octets", octets, occurrence));
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }

        private final class Part implements Message {
            private final MboxReader.Found found;
            private final int place;
            private final byte[] identity;

            Part(MboxReader.Found found, int place, byte[] identity) {
                this.found = found;
                this.place = place;
                this.identity = identity;
            }

            @Override
            public String label() {
                return path + ", message " + place + " at octet " + found.start();
            }

            @Override
            public byte[] identity() {
                return identity.clone();
            }

            @Override
            public OptionalLong uid() {
                return OptionalLong.empty();
            }

            @Override
            public long systemFlags() {
                return found.systemFlags();
            }

            @Override
            public Set<String> keywords() {
                return found.keywords();
            }

            /// Where the From_ line tells none, the file's.
            @Override
            public InternalDate internalDate() throws IOException {
                if (found.date().isPresent()) {
                    return found.date().get();
                }
                var instant = Files.getLastModifiedTime(path).toInstant();
                return new InternalDate(
                        instant.getEpochSecond() * 1000,
                        ZoneId.systemDefault().getRules().getOffset(instant).getTotalSeconds() / 60);
            }

            @Override
            public InputStream open() {
                return reader.open(found);
            }

            @Override
            public OptionalLong expectedSize() {
                return OptionalLong.empty();
            }
        }
    }
}
