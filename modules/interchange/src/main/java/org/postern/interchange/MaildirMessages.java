package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.postern.store.InternalDate;

/// The messages of one Maildir, in the order of their UIDs; those without one behind, as they came. Names alone are in
/// memory, some hundred octets for each message.
final class MaildirMessages implements MailSource.Messages {
    private final Folder folder;
    private final boolean ownsFolder;
    private final Folder cur;
    private final Folder fresh;
    private final Optional<UidList> list;
    private final String[] keywords;
    private final List<String> warnings = new ArrayList<>();
    private final List<File> files = new ArrayList<>();
    private int passed;

    /// A file of the Maildir. The number says its place: the UID, or for those without one the time in its name.
    private record File(Path path, boolean isNew, long uid, long seconds) {}

    MaildirMessages(Folder folder, boolean ownsFolder, boolean newUids) throws IOException {
        this.folder = folder;
        this.ownsFolder = ownsFolder;
        List<AutoCloseable> opened = new ArrayList<>();
        try {
            cur = folder.folder(Path.of("cur"));
            opened.add(cur);
            fresh = folder.folder(Path.of("new"));
            opened.add(fresh);
            list = newUids ? Optional.empty() : readList();
            keywords = readKeywords();
            addFiles(cur, false);
            addFiles(fresh, true);
        } catch (IOException | RuntimeException e) {
            if (ownsFolder) {
                folder.close();
            }
            for (AutoCloseable each : opened) {
                ((Folder) each).close();
            }
            throw e;
        }
        files.sort(Comparator.comparing((File file) -> file.uid() == 0)
                .thenComparingLong(File::uid)
                .thenComparingLong(File::seconds)
                .thenComparing(File::path));
    }

    private Optional<UidList> readList() throws IOException {
        Optional<InputStream> file = folder.find("dovecot-uidlist");
        if (file.isEmpty()) {
            return Optional.empty();
        }
        try (InputStream in = file.get()) {
            return Optional.of(UidList.read(in));
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            warnings.add("new UIDs: its dovecot-uidlist is not understood: " + e.getMessage());
            return Optional.empty();
        }
    }

    private String[] readKeywords() throws IOException {
        Optional<InputStream> file = folder.find("dovecot-keywords");
        if (file.isEmpty()) {
            return new String[0];
        }
        try (InputStream in = file.get()) {
            return DovecotFiles.keywords(in);
        }
    }

    private void addFiles(Folder from, boolean isNew) throws IOException {
        for (Path path : from.names()) {
            String text = Folder.text(path);
            if (!text.startsWith(".")) {
                MaildirName name = MaildirName.parse(text);
                long uid = list.map(each -> each.uid(name.unique()).orElse(0)).orElse(0L);
                files.add(new File(path, isNew, uid, name.seconds()));
            }
        }
    }

    @Override
    public OptionalLong uidValidity() {
        return list.map(each -> OptionalLong.of(each.uidValidity())).orElse(OptionalLong.empty());
    }

    @Override
    public long uidNext() {
        return list.map(UidList::uidNext).orElse(0L);
    }

    @Override
    public long total() {
        return files.size();
    }

    @Override
    public long passed() {
        return passed;
    }

    @Override
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    @Override
    public MailSource.@Nullable Message next() {
        return passed == files.size() ? null : new InFile(files.get(passed++));
    }

    @Override
    public void close() throws IOException {
        cur.close();
        fresh.close();
        if (ownsFolder) {
            folder.close();
        }
    }

    private final class InFile implements MailSource.Message {
        private final File file;
        private final Folder in;
        private final MaildirName name;

        InFile(File file) {
            this.file = file;
            this.in = file.isNew() ? fresh : cur;
            this.name = MaildirName.parse(Folder.text(file.path()));
        }

        @Override
        public String label() {
            return in.label(file.path());
        }

        @Override
        public byte[] identity() {
            return Identities.of("maildir", name.unique().getBytes(ISO_8859_1));
        }

        @Override
        public OptionalLong uid() {
            return file.uid() == 0 ? OptionalLong.empty() : OptionalLong.of(file.uid());
        }

        @Override
        public long systemFlags() {
            return name.systemFlags();
        }

        @Override
        public Set<String> keywords() {
            Set<String> named = new LinkedHashSet<>();
            for (char letter : name.letters().toCharArray()) {
                if (letter - 'a' < keywords.length) {
                    Names.addKeyword(named, keywords[letter - 'a']);
                }
            }
            if (name.forwarded()) {
                Names.addKeyword(named, Names.forwarded());
            }
            return named;
        }

        /// The file's time, to the second, as Dovecot tells it; the zone is this machine's.
        @Override
        public InternalDate internalDate() throws IOException {
            Instant instant = Instant.ofEpochSecond(
                    in.attributes(file.path()).lastModifiedTime().toInstant().getEpochSecond());
            return new InternalDate(
                    instant.toEpochMilli(),
                    ZoneId.systemDefault().getRules().getOffset(instant).getTotalSeconds() / 60);
        }

        @Override
        public InputStream open() throws IOException {
            try {
                return new CrlfInputStream(unpacked(new BufferedInputStream(in.read(file.path()), 64 * 1024)));
            } catch (NoSuchFileException e) {
                throw new NoSuchFileException(label());
            }
        }

        /// Dovecot's zlib plugin leaves the name as it was. No message begins like a packed file.
        private InputStream unpacked(InputStream raw) throws IOException {
            raw.mark(4);
            byte[] magic = raw.readNBytes(4);
            raw.reset();
            if (magic.length == 4 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
                return new GZIPInputStream(raw, 32 * 1024);
            }
            if (magic.length == 4
                    && magic[0] == 0x28
                    && magic[1] == (byte) 0xb5
                    && magic[2] == 0x2f
                    && magic[3] == (byte) 0xfd) {
                raw.close();
                throw new IOException("it is packed by zstd: unpack it first (doveadm can)");
            }
            return raw;
        }

        @Override
        public OptionalLong expectedSize() {
            return name.virtualSize();
        }
    }
}
