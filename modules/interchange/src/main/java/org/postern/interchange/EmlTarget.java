package org.postern.interchange;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A directory for each mailbox, and in it a file for each message with its octets as they are. An EML file has no
/// place for flags.
public final class EmlTarget implements MailTarget {
    private final ExportDirectory directory;
    private final FolderPlaces places = new FolderPlaces("");

    /// An earlier export of this account goes on.
    ///
    /// @throws IOException where PATH holds something else
    public EmlTarget(Path path, String address) throws IOException {
        directory = ExportDirectory.open(path, "eml " + address);
    }

    @Override
    public List<String> begin(List<Listed> mailboxes) {
        return places.assign(mailboxes);
    }

    @Override
    public Box open(Exported mailbox) throws IOException {
        return new Folder(mailbox, places.of(mailbox.name));
    }

    @Override
    public void close() throws IOException {
        directory.close();
    }

    private final class Folder implements Box {
        private final Exported mailbox;
        private final Path path;
        private final Set<Integer> there = new HashSet<>();
        private int removed;

        Folder(Exported mailbox, String place) throws IOException {
            this.mailbox = mailbox;
            this.path = directory.path().resolve(place);
            Path at = directory.path();
            for (Path level : directory.path().relativize(path)) {
                at = at.resolve(level);
                ExportDirectory.makeBelow(at);
            }
            String note = "mailbox " + mailbox.uidValidity + " " + place;
            String last = directory.notes().stream()
                    .filter(each -> each.startsWith("mailbox ") && each.split(" ", 3)[2].equals(place))
                    .reduce("", (_, later) -> later);
            if (!note.equals(last)) {
                directory.note(note);
            }
            scan(last.isEmpty() || note.equals(last));
        }

        /// @param same false where the files are of another mailbox that had the name
        private void scan(boolean same) throws IOException {
            Map<Integer, Integer> present = new HashMap<>();
            for (int index = 0; index < mailbox.count(); index++) {
                present.put(mailbox.uids[index], index);
            }
            List<Path> found;
            try (Stream<Path> files = Files.list(path)) {
                found = files.toList();
            }
            for (Path file : found) {
                var name = EmlName.parse(file.getFileName().toString());
                if (name.isEmpty()) {
                    continue; // a directory below, or somebody else's
                }
                Integer index = same ? present.get((int) name.get().uid()) : null;
                if (index == null) {
                    Files.delete(file);
                    removed++;
                } else if (Files.size(file) == mailbox.size(index)) {
                    there.add(mailbox.uids[index]);
                }
            }
        }

        @Override
        public int[] missing() {
            return IntStream.range(0, mailbox.count())
                    .filter(index -> !there.contains(mailbox.uids[index]))
                    .toArray();
        }

        @Override
        public boolean write(int index, InputStream octets, boolean asItIs) throws IOException {
            EmlName name = EmlName.of(mailbox.dates[index], mailbox.uid(index));
            Path part = path.resolve(name.text() + ".part");
            try (FileChannel channel = ExportDirectory.create(part);
                    OutputStream out = Channels.newOutputStream(channel)) {
                octets.transferTo(out);
                channel.force(true);
            } catch (IOException e) {
                Files.deleteIfExists(part);
                throw e;
            }
            Files.setLastModifiedTime(part, FileTime.from(name.date()));
            Files.move(
                    part,
                    path.resolve(name.text()),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            return true;
        }

        @Override
        public void leaveOut(int index) {
            // it has no file
        }

        @Override
        public void flush() throws IOException {
            ExportDirectory.force(path);
        }

        @Override
        public int finish() throws IOException {
            ExportDirectory.force(path);
            return removed;
        }

        @Override
        public void close() {}
    }
}
