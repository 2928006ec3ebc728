package org.postern.interchange;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postern.store.InternalDate;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;

/// EML files: one, or a tree of directories in which each directory is a mailbox. A message is known again by its
/// octets, as in an mbox.
public final class EmlSource implements MailSource {
    private static final int DEEPEST = 20;

    /// Where the internal date of a message comes from.
    public sealed interface Dates {
        /// The name that an export has given to the file; else the Date field; else the file's time.
        record Automatic() implements Dates {}

        /// The Date field, else the file's time.
        record Header() implements Dates {}

        record OfFile() implements Dates {}

        record At(Instant time) implements Dates {}
    }

    /// What the operator asks for.
    ///
    /// @param mailbox for the file, or for the top of the tree: what is below it gets names below this one
    /// @param systemFlags that every message gets
    public record Options(Optional<MailboxName> mailbox, Dates dates, long systemFlags) {}

    private final Options options;
    private final Folder root;
    private final Map<MailboxName, Found> found = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    /// Looks for the files; none is opened yet.
    ///
    /// @throws IOException where there are none, or no mailbox is named for them
    public EmlSource(Path path, Options options) throws IOException {
        this.options = options;
        if (!Files.isDirectory(path)) {
            Path parent = path.toAbsolutePath().getParent();
            if (!Files.isRegularFile(path) || parent == null) {
                throw new IOException(path + ": there is no such file");
            }
            root = Folder.open(parent);
            add(options.mailbox(), List.of(), List.of(path.getFileName()));
            return;
        }
        root = Folder.open(path);
        try {
            look(root, List.of(), options.mailbox());
        } catch (IOException | RuntimeException e) {
            root.close();
            throw e;
        }
        if (found.isEmpty() && problems.isEmpty()) {
            root.close();
            throw new IOException(path + " holds no files that end in .eml");
        }
    }

    private void look(Folder folder, List<Path> place, Optional<MailboxName> name) throws IOException {
        List<Path> messages = new ArrayList<>();
        List<Path> names = folder.names();
        names.sort(null);
        for (Path each : names) {
            String text = Folder.text(each);
            if (text.toLowerCase(Locale.ROOT).endsWith(".eml") && !folder.isFolder(each)) {
                messages.add(each);
            } else if (!text.startsWith(".") && folder.isFolder(each) && place.size() < DEEPEST) {
                below(folder, place, each, name);
            }
        }
        if (!messages.isEmpty()) {
            add(name, place, messages);
        }
    }

    private void below(Folder folder, List<Path> place, Path each, Optional<MailboxName> above) throws IOException {
        try {
            String level = Names.mailbox(Folder.text(each)).value();
            MailboxName name =
                    MailboxName.of(above.map(parent -> parent.value() + "/").orElse("") + level);
            List<Path> deeper = new ArrayList<>(place);
            deeper.add(each);
            try (Folder opened = folder.folder(each)) {
                look(opened, deeper, Optional.of(name));
            }
        } catch (InvalidMailboxName e) {
            problems.add(folder.label(each) + ": " + e.getMessage());
        } catch (FileSystemException e) {
            problems.add(MaildirSource.explanation(folder.label(each), e));
        }
    }

    private void add(Optional<MailboxName> name, List<Path> place, List<Path> messages) throws IOException {
        if (name.isEmpty()) {
            root.close();
            throw new IOException(root.label() + " holds messages that are in no directory below it: name a mailbox");
        }
        Found other = found.putIfAbsent(name.get(), new Found(name.get(), place, messages));
        if (other != null) {
            problems.add(root.label() + ": two directories would be the mailbox " + name.get());
        }
    }

    @Override
    public Collection<Mailbox> mailboxes() {
        return List.copyOf(found.values());
    }

    @Override
    public OptionalLong highestUidValidity() {
        return OptionalLong.empty();
    }

    @Override
    public List<String> problems() {
        return List.copyOf(problems);
    }

    @Override
    public void close() throws IOException {
        root.close();
    }

    private final class Found implements Mailbox {
        private final MailboxName name;
        private final List<Path> place;
        private final List<Path> messages;

        Found(MailboxName name, List<Path> place, List<Path> messages) {
            this.name = name;
            this.place = place;
            this.messages = messages;
        }

        @Override
        public MailboxName name() {
            return name;
        }

        @Override
        public String label() {
            StringBuilder label = new StringBuilder(root.label());
            place.forEach(level -> label.append('/').append(Folder.text(level)));
            return label.toString();
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
            Folder folder = root;
            for (Path level : place) {
                try {
                    Folder next = folder.folder(level);
                    if (folder != root) {
                        folder.close();
                    }
                    folder = next;
                } catch (IOException e) {
                    if (folder != root) {
                        folder.close();
                    }
                    throw new IOException(MaildirSource.explanation(label(), e), e);
                }
            }
            return new InFolder(folder, messages);
        }
    }

    private final class InFolder implements Messages {
        private final Folder folder;
        private final List<Path> files;
        private final Occurrences occurrences = new Occurrences();
        private int passed;

        InFolder(Folder folder, List<Path> files) {
            this.folder = folder;
            this.files = files;
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
        public @Nullable Message next() throws IOException {
            if (passed == files.size()) {
                return null;
            }
            Path file = files.get(passed++);
            MessageDigest digest = Identities.sha256();
            byte[] buffer = new byte[32 * 1024];
            try (InputStream in = open(file)) {
                for (int count = in.read(buffer, 0, buffer.length);
                        count >= 0;
                        count = in.read(buffer, 0, buffer.length)) {
                    digest.update(buffer, 0, count);
                }
            } catch (IOException e) {
                throw new MessageUnreadable(
                        folder.label(file),
                        MaildirSource.explanation(folder.label(file), e)
                                .substring(folder.label(file).length() + 2));
            }
            byte[] octets = digest.digest();
            byte[] occurrence = Integer.toString(occurrences.count(octets)).getBytes(US_ASCII);
            return new InFile(file, Identities.of("octets", octets, occurrence));
        }

        private InputStream open(Path file) throws IOException {
            return new CrlfInputStream(new BufferedInputStream(folder.read(file), 64 * 1024));
        }

        @Override
        public void close() throws IOException {
            if (folder != root) {
                folder.close();
            }
        }

        private final class InFile implements Message {
            private final Path file;
            private final byte[] identity;

            InFile(Path file, byte[] identity) {
                this.file = file;
                this.identity = identity;
            }

            @Override
            public String label() {
                return folder.label(file);
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
                return options.systemFlags();
            }

            @Override
            public Set<String> keywords() {
                return Set.of();
            }

            @Override
            public InternalDate internalDate() throws IOException {
                return switch (options.dates()) {
                    case Dates.At at -> local(at.time());
                    case Dates.OfFile _ -> ofFile();
                    case Dates.Header _ -> ofHeader();
                    case Dates.Automatic _ -> {
                        Optional<EmlName> name = EmlName.parse(Folder.text(file));
                        yield name.isPresent()
                                ? new InternalDate(name.get().date().toEpochMilli(), 0)
                                : ofHeader();
                    }
                };
            }

            private InternalDate ofHeader() throws IOException {
                try (InputStream in = open()) {
                    Optional<InternalDate> date = DateField.find(in);
                    return date.isPresent() ? date.get() : ofFile();
                }
            }

            private InternalDate ofFile() throws IOException {
                return local(folder.attributes(file).lastModifiedTime().toInstant());
            }

            private static InternalDate local(Instant time) {
                return new InternalDate(
                        time.getEpochSecond() * 1000,
                        ZoneId.systemDefault().getRules().getOffset(time).getTotalSeconds() / 60);
            }

            @Override
            public InputStream open() throws IOException {
                return InFolder.this.open(file);
            }

            @Override
            public OptionalLong expectedSize() {
                return OptionalLong.empty();
            }
        }
    }
}
