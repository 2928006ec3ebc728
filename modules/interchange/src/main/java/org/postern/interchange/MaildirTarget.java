package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.postern.store.Flags;
import org.postern.store.MailboxName;
import org.postern.store.ModifiedUtf7;

/// A tree of Maildirs that a Dovecot, or an import, takes over with UIDVALIDITY and UIDs: Maildir++, or a directory for
/// each level (Dovecot's `LAYOUT=fs`).
///
/// The file of a message is named by its UIDVALIDITY and UID, so that a later run knows it: what is there is not
/// written again, other flags are another name, what the account has no more is removed.
public final class MaildirTarget implements MailTarget {
    private static final Pattern OURS =
            Pattern.compile("\\d+\\.V(\\d{1,10})U(\\d{1,10})\\.postern,S=\\d+,W=\\d+(?::2,[A-Za-z]*)?");
    private static final int LETTERS = 26;

    private final ExportDirectory directory;
    private final boolean directories;
    private final Map<MailboxName, Path> places = new LinkedHashMap<>();

    /// An earlier export of this account goes on.
    ///
    /// @param directories true for a directory for each level
    /// @throws IOException where PATH holds something else than an earlier export of this account
    public MaildirTarget(Path path, String address, boolean directories) throws IOException {
        this.directories = directories;
        directory = ExportDirectory.open(path, (directories ? "maildir-directories " : "maildir ") + address);
    }

    @Override
    public List<String> begin(List<Listed> mailboxes) throws IOException {
        List<String> changed = new ArrayList<>();
        FileNames names = new FileNames();
        StringBuilder subscriptions = new StringBuilder();
        for (Listed each : mailboxes) {
            MailboxName name = each.name();
            String relative = name.isInbox()
                    ? ""
                    : names.unique(
                            directories ? String.join("/", FileNames.levels(name)) : FileNames.dotted(name), name);
            places.put(
                    name,
                    relative.isEmpty() ? directory.path() : directory.path().resolve(relative));
            String plain = plain(name);
            if (!relative.isEmpty() && !relative.equals(plain)) {
                changed.add("mailbox " + name + " is written as " + relative
                        + (directories ? "" : "; --layout directories keeps dots in names"));
            }
            if (each.subscribed()) {
                String listed = name.isInbox() ? "INBOX" : directories ? relative : relative.substring(1);
                subscriptions.append(listed).append('\n');
            }
        }
        ExportDirectory.replace(directory.path().resolve("subscriptions"), subscriptions.toString());
        return changed;
    }

    private String plain(MailboxName name) {
        String encoded = ModifiedUtf7.encode(name.value());
        return directories ? encoded : "." + encoded.replace('/', '.');
    }

    @Override
    public Box open(Exported mailbox) throws IOException {
        Path place = places.get(mailbox.name);
        if (place == null) {
            throw new IOException("mailbox " + mailbox.name + " was not listed");
        }
        return new Folder(mailbox, place);
    }

    @Override
    public void close() throws IOException {
        directory.close();
    }

    private final class Folder implements Box {
        private final Exported mailbox;
        private final Path path;
        private final Path cur;
        private final Path tmp;
        private final List<String> warnings = new ArrayList<>();
        /// Keywords by their position; 0 where it has no letter.
        private final char[] letters;
        /// Names without flags, by UID.
        private final Map<Integer, String> bases = new HashMap<>();
        private int removed;

        Folder(Exported mailbox, Path path) throws IOException {
            this.mailbox = mailbox;
            this.path = path;
            this.cur = path.resolve("cur");
            this.tmp = path.resolve("tmp");
            this.letters = letters();
            make();
            requireOurs();
            scan();
        }

        private void make() throws IOException {
            Path root = directory.path();
            Path at = root;
            for (Path level : root.relativize(path)) {
                if (!level.toString().isEmpty()) {
                    at = at.resolve(level);
                    ExportDirectory.makeBelow(at);
                }
            }
            for (String each : List.of("cur", "new", "tmp")) {
                ExportDirectory.makeBelow(path.resolve(each));
            }
            if (!path.equals(root) && !directories) {
                Path mark = path.resolve("maildirfolder");
                if (!Files.exists(mark, LinkOption.NOFOLLOW_LINKS)) {
                    ExportDirectory.replace(mark, "");
                }
            }
        }

        private char[] letters() {
            char[] given = new char[mailbox.keywords.size()];
            List<Integer> positions = new ArrayList<>();
            if (given.length <= LETTERS) {
                for (int position = 0; position < given.length; position++) {
                    positions.add(position);
                }
            } else {
                positions.addAll(mailbox.usedKeywords());
            }
            for (int index = 0; index < positions.size() && index < LETTERS; index++) {
                given[positions.get(index)] = (char) ('a' + index);
            }
            for (int index = LETTERS; index < positions.size(); index++) {
                warnings.add("mailbox " + mailbox.name + ": a Maildir has " + LETTERS + " keywords, so "
                        + mailbox.keywords.get(positions.get(index)) + " is left out");
            }
            return given;
        }

        /// A server that uses the Maildir now would find its files changed below it.
        private void requireOurs() throws IOException {
            try (Stream<Path> files = Files.list(path)) {
                for (Path file : files.toList()) {
                    String name = file.getFileName().toString();
                    if (name.startsWith("dovecot.index") || name.startsWith("dovecot.list")) {
                        throw used(file);
                    }
                }
            }
            try (Stream<Path> files = Files.list(path.resolve("new"))) {
                Optional<Path> file = files.findFirst();
                if (file.isPresent()) {
                    throw used(file.get());
                }
            }
        }

        private IOException used(Path file) {
            return new IOException("another program uses " + path + " since the last export (" + file.getFileName()
                    + "): name another directory");
        }

        private void scan() throws IOException {
            Map<Integer, Integer> present = new HashMap<>();
            for (int index = 0; index < mailbox.count(); index++) {
                present.put(mailbox.uids[index], index);
            }
            List<Path> found;
            try (Stream<Path> files = Files.list(cur)) {
                found = files.toList();
            }
            for (Path file : found) {
                String name = file.getFileName().toString();
                Matcher ours = OURS.matcher(name);
                if (!ours.matches()) {
                    throw used(file);
                }
                int uid = (int) Long.parseLong(ours.group(2));
                Integer index = Long.parseLong(ours.group(1)) == mailbox.uidValidity ? present.get(uid) : null;
                if (index == null) {
                    Files.delete(file);
                    removed++;
                    continue;
                }
                int colon = name.indexOf(':');
                String base = colon < 0 ? name : name.substring(0, colon);
                bases.put(uid, base);
                String wanted = base + flags(index);
                if (!wanted.equals(name)) {
                    Files.move(file, cur.resolve(wanted), StandardCopyOption.ATOMIC_MOVE);
                }
            }
        }

        private String flags(int index) {
            StringBuilder flags = new StringBuilder(":2,"); // ascending, as programs expect
            flags.append(mailbox.has(index, Flags.DRAFT) ? "D" : "");
            flags.append(mailbox.has(index, Flags.FLAGGED) ? "F" : "");
            flags.append(mailbox.has(index, Flags.ANSWERED) ? "R" : "");
            flags.append(mailbox.has(index, Flags.SEEN) ? "S" : "");
            flags.append(mailbox.has(index, Flags.DELETED) ? "T" : "");
            StringBuilder keywords = new StringBuilder();
            for (int position = 0; position < letters.length; position++) {
                if (letters[position] != 0 && mailbox.has(index, 1L << (Flags.FIRST_KEYWORD + position))) {
                    keywords.append(letters[position]);
                }
            }
            keywords.chars().sorted().forEach(letter -> flags.append((char) letter));
            return flags.toString();
        }

        @Override
        public List<String> warnings() {
            return List.copyOf(warnings);
        }

        @Override
        public int[] missing() {
            return java.util.stream.IntStream.range(0, mailbox.count())
                    .filter(index -> !bases.containsKey(mailbox.uids[index]))
                    .toArray();
        }

        @Override
        public boolean write(int index, InputStream octets, boolean asItIs) throws IOException {
            Path file = tmp.resolve("postern.V" + mailbox.uidValidity + "U" + mailbox.uid(index));
            String base;
            try (FileChannel channel = ExportDirectory.create(file);
                    OutputStream out = Channels.newOutputStream(channel)) {
                var lines = new LocalLines(out, asItIs);
                if (!lines.copy(octets)) {
                    Files.delete(file);
                    return false;
                }
                base = "%d.V%dU%d.postern,S=%d,W=%d"
                        .formatted(
                                Math.max(0, mailbox.dates[index] / 1000),
                                mailbox.uidValidity,
                                mailbox.uid(index),
                                lines.octets(),
                                lines.served(mailbox.size(index)));
                channel.force(true);
            } catch (IOException e) {
                Files.deleteIfExists(file);
                throw e;
            }
            Files.setLastModifiedTime(file, FileTime.fromMillis(mailbox.dates[index]));
            Files.move(file, cur.resolve(base + flags(index)), StandardCopyOption.ATOMIC_MOVE);
            bases.put(mailbox.uids[index], base);
            return true;
        }

        @Override
        public void leaveOut(int index) {
            // it has no file
        }

        @Override
        public void flush() throws IOException {
            ExportDirectory.force(cur);
        }

        @Override
        public int finish() throws IOException {
            StringBuilder keywords = new StringBuilder();
            for (char letter = 'a'; letter <= 'z'; letter++) {
                for (int position = 0; position < letters.length; position++) {
                    if (letters[position] == letter) {
                        keywords.append(letter - 'a')
                                .append(' ')
                                .append(mailbox.keywords.get(position))
                                .append('\n');
                    }
                }
            }
            ExportDirectory.replace(path.resolve("dovecot-keywords"), keywords.toString());
            StringBuilder list = new StringBuilder("3 V%d N%d\n".formatted(mailbox.uidValidity, mailbox.uidNext));
            for (int index = 0; index < mailbox.count(); index++) {
                String base = bases.get(mailbox.uids[index]);
                if (base != null) {
                    list.append(mailbox.uid(index)).append(" :").append(base).append('\n');
                }
            }
            ExportDirectory.replace(path.resolve("dovecot-uidlist"), list.toString());
            ExportDirectory.force(cur);
            ExportDirectory.force(path);
            return removed;
        }

        @Override
        public void close() {}
    }
}
