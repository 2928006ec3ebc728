package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.SpecialUse;

/// A Maildir, or a tree of them in one of two layouts: Maildir++ (`.Sub.Folder` beside `cur`), or a directory for each
/// level (Dovecot's `LAYOUT=fs`). The one at the top is INBOX.
public final class MaildirSource implements MailSource {
    private static final int DEEPEST = 40;
    private static final Path CUR = Path.of("cur");

    /// How the tree is laid out.
    public enum Layout {
        /// Maildir++ where there is a `.Folder` with a `cur`, else directories.
        AUTOMATIC,
        MAILDIR_PLUS_PLUS,
        DIRECTORIES
    }

    /// What the operator asks for.
    ///
    /// @param single the mailbox for the Maildir at the top; those below it are left out
    /// @param prefix what comes before every name but INBOX, with a separator at its end; may be empty
    /// @param specialUses by mailbox
    /// @param newUids true to leave `dovecot-uidlist` alone
    public record Options(
            Layout layout,
            Optional<MailboxName> single,
            String prefix,
            Map<MailboxName, SpecialUse> specialUses,
            boolean newUids) {}

    private final Path path;
    private final Folder root;
    private final Options options;
    private final Map<MailboxName, Found> found = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final long lastUidValidity;
    private final Set<String> subscriptions;
    private boolean subscriptionsKnown = true;

    /// Looks for the mailboxes; none is opened yet.
    ///
    /// @throws IOException where there is no Maildir, or it cannot be read
    public MaildirSource(Path path, Options options) throws IOException {
        this.options = options;
        this.path = path;
        this.root = Folder.open(path);
        try {
            List<Path> names = root.names();
            boolean dotted = options.layout() == Layout.MAILDIR_PLUS_PLUS
                    || (options.layout() == Layout.AUTOMATIC && hasDottedMaildir(names));
            if (root.isFolder(CUR)) {
                add(List.of(), options.single().orElse(MailboxName.INBOX));
            }
            if (options.single().isEmpty()) {
                names.sort(null);
                for (Path name : names) {
                    if (dotted || isLinkToFolder(root, List.of(name))) {
                        dotted(name);
                    } else {
                        directories(root, List.of(), name, "");
                    }
                }
            }
            if (found.isEmpty() && problems.isEmpty()) {
                throw new IOException(
                        path + " is no Maildir and holds none: a Maildir has the directories cur and new");
            }
            lastUidValidity = lastUidValidity();
            subscriptions = subscriptions(dotted ? '.' : '/');
        } catch (IOException | RuntimeException e) {
            root.close();
            throw e;
        }
    }

    private boolean hasDottedMaildir(List<Path> names) throws IOException {
        for (Path name : names) {
            if (Folder.text(name).startsWith(".") && isMaildir(root, name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isMaildir(Folder parent, Path name) throws IOException {
        if (!parent.isFolder(name)) {
            return false;
        }
        try (Folder folder = parent.folder(name)) {
            return folder.isFolder(CUR);
        } catch (FileSystemException e) {
            return false; // named when it is opened
        }
    }

    /// Links to files, as that to a script, are nobody's mail.
    private boolean isLinkToFolder(Folder parent, List<Path> place) throws IOException {
        Path target = path;
        for (Path level : place) {
            target = target.resolve(level);
        }
        return parent.attributes(place.getLast()).isSymbolicLink() && Files.isDirectory(target);
    }

    private void dotted(Path path) throws IOException {
        String name = Folder.text(path);
        boolean link = isLinkToFolder(root, List.of(path));
        if (!link && (!name.startsWith(".") || name.length() < 2)) {
            return;
        }
        if (link) {
            problems.add(root.label(path) + ": it is a symbolic link: not followed");
        } else if (root.isFolder(path)) {
            try (Folder folder = root.folder(path)) {
                if (folder.isFolder(CUR)) {
                    add(List.of(path), name.substring(1).replace('.', '/'));
                }
            } catch (FileSystemException e) {
                problems.add(explanation(root.label(path), e));
            }
        }
    }

    private void directories(Folder parent, List<Path> above, Path path, String prefix) throws IOException {
        String name = Folder.text(path);
        if (name.startsWith(".") || Set.of("cur", "new", "tmp", "dbox-Mails").contains(name)) {
            return;
        }
        List<Path> place = new ArrayList<>(above);
        place.add(path);
        if (isLinkToFolder(parent, place)) {
            problems.add(parent.label(path) + ": it is a symbolic link: not followed");
            return;
        }
        if (!parent.isFolder(path) || above.size() == DEEPEST) {
            return;
        }
        try (Folder folder = parent.folder(path)) {
            if (folder.isFolder(CUR)) {
                add(place, prefix + name);
            }
            List<Path> below = folder.names();
            below.sort(null);
            for (Path each : below) {
                directories(folder, place, each, prefix + name + "/");
            }
        } catch (FileSystemException e) {
            problems.add(explanation(parent.label(path), e));
        }
    }

    private void add(List<Path> place, String encoded) {
        try {
            MailboxName plain = Names.mailbox(encoded);
            add(place, plain.isInbox() ? plain : MailboxName.of(options.prefix() + plain.value()));
        } catch (InvalidMailboxName e) {
            problems.add(label(place) + ": " + e.getMessage());
        }
    }

    private void add(List<Path> place, MailboxName name) {
        Found other = found.putIfAbsent(name, new Found(place, name));
        if (other != null) {
            problems.add(label(place) + ": its mailbox would be " + name + ", as that of " + other.label()
                    + ": import it by itself, with --mailbox");
        }
    }

    private String label(List<Path> place) {
        var label = new StringBuilder(root.label());
        place.forEach(level -> label.append('/').append(Folder.text(level)));
        return label.toString();
    }

    /// Why a file or directory cannot be read, with its name.
    public static String explanation(IOException problem) {
        return problem instanceof FileSystemException known
                ? explanation(String.valueOf(known.getFile()), problem)
                : String.valueOf(problem.getMessage());
    }

    static String explanation(String label, IOException problem) {
        String why = switch (problem) {
            case java.nio.file.AccessDeniedException denied -> "permission denied";
            case java.nio.file.NoSuchFileException gone ->
                "it is not there, or went away meanwhile: does another server still use it?";
            case FileSystemException known when known.getReason() != null -> known.getReason();
            default -> String.valueOf(problem.getMessage());
        };
        return label + ": " + why;
    }

    private long lastUidValidity() throws IOException {
        Optional<InputStream> file = root.find("dovecot-uidvalidity");
        if (file.isEmpty()) {
            return 0;
        }
        try (InputStream in = file.get()) {
            return DovecotFiles.uidValidity(in);
        }
    }

    private Set<String> subscriptions(char separator) throws IOException {
        Optional<InputStream> file = root.find("subscriptions");
        if (file.isEmpty()) {
            subscriptionsKnown = false;
            return Set.of();
        }
        try (InputStream in = file.get()) {
            return DovecotFiles.subscriptions(in, separator);
        }
    }

    @Override
    public Collection<Mailbox> mailboxes() {
        return List.copyOf(found.values());
    }

    /// Each mailbox's, and the last one that Dovecot has given.
    @Override
    public OptionalLong highestUidValidity() {
        if (options.newUids()) {
            return OptionalLong.empty();
        }
        long highest = lastUidValidity;
        for (Found mailbox : found.values()) {
            highest = Math.max(highest, mailbox.uidValidity());
        }
        return highest == 0 ? OptionalLong.empty() : OptionalLong.of(highest);
    }

    @Override
    public List<String> problems() {
        return List.copyOf(problems);
    }

    @Override
    public void close() throws IOException {
        root.close();
    }

    private Folder open(List<Path> place) throws IOException {
        Folder folder = root;
        for (Path level : place) {
            Folder next;
            try {
                next = folder.folder(level);
            } finally {
                if (folder != root) {
                    folder.close();
                }
            }
            folder = next;
        }
        return folder;
    }

    private final class Found implements Mailbox {
        private final List<Path> place;
        private final MailboxName name;

        Found(List<Path> place, MailboxName name) {
            this.place = place;
            this.name = name;
        }

        @Override
        public MailboxName name() {
            return name;
        }

        @Override
        public String label() {
            return MaildirSource.this.label(place);
        }

        /// Where nobody has said what is subscribed, all of it is.
        @Override
        public boolean subscribed() {
            return !subscriptionsKnown
                    || name.isInbox()
                    || subscriptions.stream().anyMatch(this::isNamed);
        }

        private boolean isNamed(String encoded) {
            try {
                return MailboxName.of(options.prefix() + Names.mailbox(encoded).value())
                        .equals(name);
            } catch (InvalidMailboxName e) {
                return false;
            }
        }

        @Override
        public Optional<SpecialUse> specialUse() {
            return Optional.ofNullable(options.specialUses().get(name));
        }

        /// From the first line of its list alone.
        long uidValidity() {
            try {
                Folder folder = MaildirSource.this.open(place);
                try {
                    Optional<InputStream> list = folder.find("dovecot-uidlist");
                    if (list.isEmpty()) {
                        return 0;
                    }
                    try (InputStream in = list.get()) {
                        return UidList.header(in).uidValidity();
                    }
                } finally {
                    if (folder != root) {
                        folder.close();
                    }
                }
            } catch (IOException e) {
                return 0; // told when it is opened
            }
        }

        @Override
        public Messages open() throws IOException {
            try {
                Folder folder = MaildirSource.this.open(place);
                return new MaildirMessages(folder, folder != root, options.newUids());
            } catch (IOException e) {
                throw new IOException(explanation(label(), e), e);
            }
        }
    }
}
