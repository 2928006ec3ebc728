package org.postern.interchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.postern.store.Flags;
import org.postern.store.InternalDate;

/// An mbox file (mboxrd) for each mailbox: `Work/2026.mbox`. Flags are in Status, X-Status and X-Keywords.
///
/// A file is written under another name, and gets its own when it is whole. The ledger says up to which message and
/// octet it is on the disk, and of what state of the mailbox a whole one is: one that has changed is written anew.
public final class MboxTarget implements MailTarget {
    private static final int LONGEST_LINE = 900;

    private final ExportDirectory directory;
    private final FolderPlaces places = new FolderPlaces(".mbox");

    /// An earlier export of this account goes on.
    ///
    /// @throws IOException where PATH holds something else
    public MboxTarget(Path path, String address) throws IOException {
        directory = ExportDirectory.open(path, "mbox " + address);
    }

    @Override
    public List<String> begin(List<Listed> mailboxes) {
        return places.assign(mailboxes);
    }

    @Override
    public Box open(Exported mailbox) throws IOException {
        return new InFile(mailbox, places.of(mailbox.name));
    }

    @Override
    public void close() throws IOException {
        directory.close();
    }

    private final class InFile implements Box {
        private final Exported mailbox;
        private final String place;
        private final Path folder;
        private final Path whole;
        private final Path part;
        private @Nullable FileChannel channel;
        private long end; // of what is written
        private long state; // the MODSEQ that the first message was written at
        private long lastUid;
        private boolean unchanged;

        InFile(Exported mailbox, String place) throws IOException {
            this.mailbox = mailbox;
            this.place = place;
            this.whole = directory.path().resolve(place);
            this.part = directory.path().resolve(place + ".part");
            this.state = mailbox.modSeq;
            Path at = directory.path();
            int slash = place.lastIndexOf('/');
            for (String level :
                    slash < 0 ? new String[0] : place.substring(0, slash).split("/", -1)) {
                at = at.resolve(level);
                ExportDirectory.makeBelow(at);
            }
            this.folder = at;
        }

        @Override
        public int[] missing() throws IOException {
            unchanged = Files.isRegularFile(whole) && directory.notes().contains(done(mailbox.modSeq));
            if (unchanged) {
                return new int[0];
            }
            String prefix = "part " + mailbox.uidValidity + " ";
            for (String note : directory.notes()) { // the last one counts
                if (note.startsWith("done ") && note.endsWith(" " + place)) {
                    end = 0;
                    lastUid = 0;
                    state = mailbox.modSeq;
                } else if (note.startsWith(prefix) && note.endsWith(" " + place)) {
                    String[] words = note.split(" ", 6);
                    state = Long.parseLong(words[2]);
                    lastUid = Long.parseLong(words[3]);
                    end = Long.parseLong(words[4]);
                }
            }
            if (end > 0 && (!Files.isRegularFile(part) || Files.size(part) < end)) {
                end = 0;
                lastUid = 0;
                state = mailbox.modSeq;
            }
            FileChannel opened = ExportDirectory.goOn(part);
            channel = opened;
            opened.truncate(end);
            return IntStream.range(0, mailbox.count())
                    .filter(index -> mailbox.uid(index) > lastUid)
                    .toArray();
        }

        private String done(long modSeq) {
            return "done " + mailbox.uidValidity + " " + modSeq + " " + mailbox.uidNext + " " + mailbox.count() + " "
                    + place;
        }

        private FileChannel channel() throws IOException {
            FileChannel opened = channel;
            if (opened == null) {
                throw new IOException("nothing is missing in " + place);
            }
            return opened;
        }

        @Override
        public boolean write(int index, InputStream octets, boolean asItIs) throws IOException {
            FileChannel file = channel();
            file.truncate(end); // what a message that failed has left
            file.position(end);
            // not closed: the channel is the box's
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file), 64 * 1024);
            out.write((FromLine.of(new InternalDate(mailbox.dates[index], 0)) + "\n").getBytes(ISO_8859_1));
            var message = new PushbackInputStream(octets, 1);
            int first = message.read();
            if (first >= 0) {
                message.unread(first);
            }
            if (first != ' ' && first != '\t') { // it would go on with a field of ours
                out.write(status(index).getBytes(ISO_8859_1));
            }
            var quoting = new FromQuoting(out);
            var lines = new LocalLines(quoting, asItIs);
            if (!lines.copy(message)) {
                return false;
            }
            quoting.finish();
            out.write((lines.endsLine() ? "\n" : "\n\n").getBytes(ISO_8859_1));
            out.flush();
            end = file.position();
            lastUid = mailbox.uid(index);
            return true;
        }

        private String status(int index) {
            StringBuilder fields = new StringBuilder("Status: ")
                    .append(mailbox.has(index, Flags.SEEN) ? "RO" : "O")
                    .append('\n');
            String flags = (mailbox.has(index, Flags.ANSWERED) ? "A" : "")
                    + (mailbox.has(index, Flags.FLAGGED) ? "F" : "")
                    + (mailbox.has(index, Flags.DELETED) ? "D" : "")
                    + (mailbox.has(index, Flags.DRAFT) ? "T" : "");
            if (!flags.isEmpty()) {
                fields.append("X-Status: ").append(flags).append('\n');
            }
            StringBuilder line = new StringBuilder();
            for (String keyword : mailbox.keywords(index)) {
                if (line.length() + keyword.length() > LONGEST_LINE) {
                    fields.append("X-Keywords:").append(line).append('\n');
                    line.setLength(0);
                }
                line.append(' ').append(keyword);
            }
            if (!line.isEmpty()) {
                fields.append("X-Keywords:").append(line).append('\n');
            }
            return fields.toString();
        }

        @Override
        public void leaveOut(int index) {
            // the next one takes its place
        }

        @Override
        public void flush() throws IOException {
            channel().force(true);
            directory.note("part %d %d %d %d %s".formatted(mailbox.uidValidity, state, lastUid, end, place));
        }

        @Override
        public int finish() throws IOException {
            if (!unchanged) {
                FileChannel file = channel();
                file.truncate(end);
                file.force(true);
                file.close();
                channel = null;
                Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                ExportDirectory.force(folder);
                directory.note(done(state));
            }
            return 0;
        }

        @Override
        public void close() throws IOException {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
