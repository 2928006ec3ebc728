package org.postern.imap;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.postern.store.MailboxChange;
import org.postern.store.MessageRows;
import org.postern.store.OpenMailbox;

/// A selected mailbox as this session's client knows it: which message has which sequence number. What
/// happens in the mailbox is collected at any time and told only where RFC 3501 §5.5 and §7.4.1 allow it,
/// so that both sides always count alike. For the session's thread.
final class SelectedMailbox implements AutoCloseable {
    static final int BATCH = 256;

    private final OpenMailbox mailbox;
    private final Runnable watcher;
    private final long uidNextAtOpening;

    /// The messages told to the client: sequence number - 1 is the index.
    private int[] uids;
    private int count;
    private List<String> keywords;

    /// Messages that are `\Recent` to this session (RFC 3501 §2.3.2).
    private int[] recent;

    /// `$` (RFC 5182): UIDs, of which some may be gone.
    private int[] saved = Uids.NONE;

    // What the client has not been told yet.
    private int[] added = Uids.NONE;
    private int[] expunged = Uids.NONE;
    private int[] flagsChanged = Uids.NONE;
    private boolean keywordsAdded;
    private boolean gone;

    /// @param watcher the one that `mailbox` was opened with: marks changes as this session's own
    SelectedMailbox(OpenMailbox mailbox, Runnable watcher) {
        this.mailbox = mailbox;
        this.watcher = watcher;
        this.uids = mailbox.uids();
        this.count = uids.length;
        this.keywords = List.copyOf(mailbox.keywords());
        this.uidNextAtOpening = mailbox.status().uidNext(); // after the UIDs: it must lie above them
        long firstRecent = mailbox.firstRecentUid();
        this.recent = firstRecent == 0
                ? Uids.NONE
                : Arrays.copyOfRange(uids, Uids.lowerBound(uids, count, firstRecent), count);
    }

    OpenMailbox mailbox() {
        return mailbox;
    }

    boolean readOnly() {
        return mailbox.readOnly();
    }

    int count() {
        return count;
    }

    int recentCount() {
        return recent.length;
    }

    long uidNextAtOpening() {
        return uidNextAtOpening;
    }

    List<String> keywords() {
        return keywords;
    }

    boolean isRecent(int uid) {
        return recent.length > 0 && Uids.contains(recent, uid);
    }

    int uid(int sequenceNumber) {
        return uids[sequenceNumber - 1];
    }

    /// 0 for a message that the client does not know.
    int sequenceNumber(int uid) {
        return Math.max(0, Uids.indexOf(uids, count, uid) + 1);
    }

    /// All messages that the client knows.
    int[] all() {
        return Arrays.copyOf(uids, count);
    }

    /// Keeps the result of a SEARCH with SAVE.
    void save(int[] found) {
        saved = found;
    }

    /// RFC 5182 §2.1: messages that are gone drop out of it.
    int[] saved() {
        int[] left = Arrays.stream(saved).filter(uid -> sequenceNumber(uid) > 0).toArray();
        saved = left;
        return left;
    }

    /// The UIDs of the messages that a command names.
    int[] resolve(SequenceSet set, boolean byUid) {
        if (set.isSaved()) {
            return saved();
        }
        if (!byUid && set.largestNumber() > count) {
            throw BadCommand.syntax("No message has that number");
        }
        long[] ranges = normalize(set, byUid);
        int[] found = new int[count];
        int length = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            int from = byUid ? Uids.lowerBound(uids, count, ranges[i]) : (int) Math.max(0, ranges[i] - 1);
            int to = byUid ? Uids.lowerBound(uids, count, ranges[i + 1] + 1) : (int) Math.min(count, ranges[i + 1]);
            if (from < to) {
                System.arraycopy(uids, from, found, length, to - from);
                length += to - from;
            }
        }
        return length == count ? found : Arrays.copyOf(found, length);
    }

    long[] normalize(SequenceSet set, boolean byUid) {
        long largest = count == 0 ? 0 : byUid ? Integer.toUnsignedLong(uids[count - 1]) : count;
        return set.normalized(largest);
    }

    // ---- what happened

    /// Takes what the store has queued. Cheap if that is nothing.
    @SuppressWarnings("ReferenceEquality") // the very watcher, not one like it
    void collect() {
        for (MailboxChange change : mailbox.takeChanges()) {
            switch (change) {
                case MailboxChange.Added arrived -> added = Uids.union(added, arrived.uids());
                case MailboxChange.Expunged removed -> expunged = Uids.union(expunged, removed.uids());
                case MailboxChange.FlagsChanged changed -> {
                    if (changed.origin() != watcher) { // the command that made the change tells of it
                        flagsChanged = Uids.union(flagsChanged, changed.uids());
                    }
                }
                case MailboxChange.KeywordsAdded _ -> keywordsAdded = true;
                case MailboxChange.Resynchronize lost -> resynchronize(lost.since());
                case MailboxChange.Gone _ -> gone = true;
            }
        }
    }

    /// The feed overflowed: finds out by comparison what it would have said.
    private void resynchronize(long since) {
        int[] current = mailbox.uids();
        int[] known = all();
        added = Uids.minus(current, known);
        expunged = Uids.minus(known, current);
        flagsChanged = Uids.union(flagsChanged, mailbox.changedSince(since));
        keywordsAdded = true;
    }

    /// True once the mailbox was deleted or is no longer this account's.
    boolean gone() {
        return gone;
    }

    /// Notes what this session itself removed, so that [#announce] tells it even before the feed does.
    void removed(int[] removedUids) {
        expunged = Uids.union(expunged, removedUids);
    }

    // ---- telling it

    /// @param expungesAllowed false while FETCH, STORE or SEARCH by sequence number is in progress (RFC
    ///   3501 §7.4.1)
    void announce(ResponseWriter writer, boolean expungesAllowed) throws IOException {
        collect();
        announceKeywords(writer);
        if (expungesAllowed && expunged.length > 0) {
            announceExpunges(writer);
        }
        if (added.length > 0) {
            announceArrivals(writer);
        }
        if (flagsChanged.length > 0) {
            int[] changed = flagsChanged;
            flagsChanged = Uids.NONE;
            writeFlags(changed, true, writer);
        }
    }

    /// Before any FLAGS that could name a keyword the client has not seen.
    void announceKeywords(ResponseWriter writer) throws IOException {
        if (keywordsAdded || mailbox.keywords().size() != keywords.size()) {
            keywordsAdded = false;
            List<String> current = List.copyOf(mailbox.keywords());
            if (!current.equals(keywords)) {
                keywords = current;
                writer.flags(keywords);
                writer.permanentFlags(this);
            }
        }
    }

    private void announceExpunges(ResponseWriter writer) throws IOException {
        int[] gone = expunged;
        expunged = Uids.NONE;
        added = Uids.minus(added, gone);
        int kept = 0;
        int next = 0; // into gone
        int[] keptUids = new int[count];
        for (int i = 0; i < count; i++) {
            while (next < gone.length && Integer.compareUnsigned(gone[next], uids[i]) < 0) {
                next++;
            }
            if (next < gone.length && gone[next] == uids[i]) {
                writer.expunge(kept + 1); // RFC 3501 §7.4.1: those before it have moved up already
            } else {
                keptUids[kept++] = uids[i];
            }
        }
        uids = keptUids;
        count = kept;
        recent = Uids.minus(recent, gone);
    }

    private void announceArrivals(ResponseWriter writer) throws IOException {
        int[] arrived = added;
        added = Uids.NONE;
        int claimed = mailbox.claimRecent(arrived); // the highest UIDs: sessions claim in ascending order
        int[] news = Uids.minus(arrived, all());
        if (news.length == 0) {
            return;
        }
        recent = Uids.union(recent, Arrays.copyOfRange(arrived, arrived.length - claimed, arrived.length));
        if (uids.length < count + news.length) {
            uids = Arrays.copyOf(uids, count + Math.max(news.length, count / 2));
        }
        System.arraycopy(news, 0, uids, count, news.length);
        count += news.length;
        writer.exists(count);
        writer.recent(recent.length);
    }

    /// FETCH responses with the flags as they are now; messages that are gone or unknown to the client
    /// are left out.
    /// @return false if messages are gone
    boolean writeFlags(int[] ofUids, boolean withUid, ResponseWriter writer) throws IOException {
        boolean complete = true;
        var rows = new MessageRows(Math.min(BATCH, ofUids.length)); // an idle session holds none
        for (int from = 0; from < ofUids.length; from += BATCH) {
            int to = Math.min(ofUids.length, from + BATCH);
            mailbox.read(ofUids, from, to, rows);
            announceKeywords(writer);
            for (int i = 0; i < to - from; i++) {
                int sequenceNumber = sequenceNumber(rows.uid[i]);
                if (!rows.present[i]) {
                    complete = false;
                } else if (sequenceNumber > 0) {
                    writer.fetchStart(sequenceNumber);
                    if (withUid) {
                        writer.fetchUid(rows.uid[i]);
                    }
                    writer.fetchFlags(rows.flags[i], isRecent(rows.uid[i]), keywords);
                    writer.fetchEnd();
                }
            }
        }
        return complete;
    }

    /// The sequence number of the first message without `\Seen`; 0 if all have it.
    int firstUnseen() {
        int[] known = all();
        var rows = new MessageRows(Math.min(BATCH, count));
        for (int from = 0; from < count; from += BATCH) {
            int to = Math.min(count, from + BATCH);
            mailbox.read(known, from, to, rows);
            for (int i = 0; i < to - from; i++) {
                if (rows.present[i] && (rows.flags[i] & org.postern.store.Flags.SEEN) == 0) {
                    return from + i + 1;
                }
            }
        }
        return 0;
    }

    /// What the client knows, for tests.
    List<Integer> known() {
        List<Integer> known = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            known.add(uids[i]);
        }
        return known;
    }

    @Override
    public void close() {
        mailbox.close();
    }
}
