package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Looks through the rows of one mailbox, inside a transaction that sees one moment.
///
/// Its state is folded twice. Once as the server does: snapshot, later entries, later journal. And once without the
/// snapshot: each entry's own flags, and over them what is left of the journal; of a message whose first changes were
/// trimmed only the bits are known that later ones have set. The two must agree.
final class MailboxVerifier {
    static final int PAGE = 4096;
    private static final int FLAGGED = 1;
    private static final long SYSTEM = (1L << Flags.FIRST_KEYWORD) - 1;

    /// The numbers of a mailbox's row.
    record Row(
            long id,
            long account,
            String name,
            long uidValidity,
            long uidNext,
            long modSeq,
            long recentUid,
            long snapshotUid,
            long snapshotModSeq) {}

    /// What its messages come to.
    record Used(long messages, long octets) {}

    private final Connection connection;
    private final Findings findings;
    private final ReferenceCounts references;
    private final Row row;
    private final Finding.Place place;

    private int[] uids = {};
    private long[] flags = {};
    private long[] modSeqs = {};
    private int[] sizes = {};
    private long[] dates = {};
    private short[] zones = {};
    private long[] messages = {};
    // the second fold; parallel to uids
    private long[] known = {};
    private long[] value = {};
    private long[] changed = {};
    private int[] awaitingRemoval = {};
    private int[] expunged = {};

    MailboxVerifier(
            Connection connection, Findings findings, ReferenceCounts references, Row row, Finding.Place place) {
        this.connection = connection;
        this.findings = findings;
        this.references = references;
        this.row = row;
        this.place = place;
    }

    Used verify() throws SQLException {
        verifyNumbers();
        boolean folded = fold();
        if (!readJournal() || !folded) {
            countReferences(connection, references, row.id());
            return new Used(-1, -1);
        }
        verifyEntries();
        verifyFlags();
        verifyKeywords();
        long octets = 0;
        for (int size : sizes) {
            octets += Integer.toUnsignedLong(size);
        }
        return new Used(uids.length, octets);
    }

    private void found(Finding.Kind kind, String what) {
        findings.add(kind, place, what);
    }

    private void found(Finding.Kind kind, int uid, String what) {
        findings.add(kind, place.message(uid), what);
    }

    private void verifyNumbers() {
        if (row.uidNext() < 1 || row.uidNext() > 0x1_0000_0000L) {
            found(Finding.Kind.UID_NEXT, "UIDNEXT is " + row.uidNext());
        }
        if (row.snapshotUid() >= row.uidNext()) {
            found(
                    Finding.Kind.UID_NEXT,
                    "UIDNEXT is " + row.uidNext() + ", and the snapshot goes to UID " + row.snapshotUid());
        }
        if (row.recentUid() > row.uidNext()) {
            found(
                    Finding.Kind.UID_NEXT,
                    "UIDNEXT is " + row.uidNext() + ", and UIDs below " + row.recentUid() + " were \\Recent before");
        }
        if (row.snapshotModSeq() > row.modSeq()) {
            found(
                    Finding.Kind.MODSEQ_ORDER,
                    "HIGHESTMODSEQ is " + row.modSeq() + ", and the snapshot's is " + row.snapshotModSeq());
        }
    }

    /// As the server does. False where the rows cannot be read so.
    private boolean fold() throws SQLException {
        MailboxState state;
        try {
            Optional<MailboxState> loaded = MailboxRows.load(connection, row.id());
            if (loaded.isEmpty()) {
                return false; // somebody else's finding: the row itself is read in this very transaction
            }
            state = loaded.get();
        } catch (RuntimeException e) { // octets that are no snapshot, no UID set
            found(Finding.Kind.SNAPSHOT_UNREADABLE, "snapshot or journal cannot be read: " + e);
            return false;
        }
        uids = state.uids();
        int count = uids.length;
        flags = new long[count];
        modSeqs = new long[count];
        sizes = new int[count];
        dates = new long[count];
        zones = new short[count];
        messages = new long[count];
        known = new long[count];
        value = new long[count];
        changed = new long[count];
        for (int index = 1; index < count; index++) {
            if (Integer.compareUnsigned(uids[index - 1], uids[index]) >= 0) {
                found(
                        Finding.Kind.UID_ORDER,
                        uids[index],
                        "it stands after UID " + Integer.toUnsignedString(uids[index - 1]));
                return false; // nothing could be looked up in it
            }
        }
        var rows = new MessageRows(Math.min(PAGE, Math.max(1, count)));
        for (int from = 0; from < count; from += PAGE) {
            int to = Math.min(count, from + PAGE);
            state.read(uids, from, to, rows);
            System.arraycopy(rows.flags, 0, flags, from, to - from);
            System.arraycopy(rows.modSeq, 0, modSeqs, from, to - from);
            System.arraycopy(rows.size, 0, sizes, from, to - from);
            System.arraycopy(rows.internalDate, 0, dates, from, to - from);
            System.arraycopy(rows.zoneOffset, 0, zones, from, to - from);
            System.arraycopy(rows.message, 0, messages, from, to - from);
        }
        return true;
    }

    private boolean readJournal() throws SQLException {
        try {
            awaitingRemoval = removals(connection, row.id());
            var removed = new UidSet.Builder();
            try (PreparedStatement select = connection.prepareStatement(
                    "select modseq, kind, uids, cleared, added from journal where mailbox = ?"
                            + " order by mailbox, modseq")) {
                select.setLong(1, row.id());
                try (ResultSet journal = select.executeQuery()) {
                    while (journal.next()) {
                        long modSeq = journal.getLong(1);
                        int[] touched = UidSet.decode(journal.getBytes(3));
                        if (modSeq > row.modSeq()) {
                            found(
                                    Finding.Kind.MODSEQ_ORDER,
                                    "HIGHESTMODSEQ is " + row.modSeq() + ", and a change has " + modSeq);
                        }
                        if (journal.getInt(2) == FLAGGED) {
                            foldFlags(modSeq, touched, journal.getLong(4), journal.getLong(5));
                        } else {
                            foldExpunge(modSeq, touched, removed);
                        }
                    }
                }
            }
            expunged = removed.toArray();
            sortUnsigned(expunged);
            return true;
        } catch (RuntimeException e) {
            found(Finding.Kind.JOURNAL_UNREADABLE, "the journal cannot be read: " + e);
            return false;
        }
    }

    private void foldFlags(long modSeq, int[] touched, long cleared, long added) {
        int from = 0;
        for (int uid : touched) {
            int index = from < uids.length && uids[from] == uid ? from : UidSet.indexOf(uids, uids.length, uid);
            if (index >= 0) {
                known[index] |= cleared | added;
                value[index] = (value[index] & ~cleared) | added;
                changed[index] = modSeq;
                from = index + 1;
            }
        }
    }

    private void foldExpunge(long modSeq, int[] touched, UidSet.Builder removed) {
        for (int uid : touched) {
            removed.add(uid);
            if (UidSet.contains(uids, uid)) {
                found(Finding.Kind.UID_REUSED, uid, "it was expunged (MODSEQ " + modSeq + "), and is there");
            }
        }
    }

    /// UIDs whose entries are still to be taken away, ascending.
    static int[] removals(Connection connection, long mailbox) throws SQLException {
        var waiting = new UidSet.Builder();
        try (PreparedStatement select = connection.prepareStatement("select uids from removal where mailbox = ?")) {
            select.setLong(1, mailbox);
            try (ResultSet removal = select.executeQuery()) {
                while (removal.next()) {
                    for (int uid : UidSet.decode(removal.getBytes(1))) {
                        waiting.add(uid);
                    }
                }
            }
        }
        int[] all = waiting.toArray();
        sortUnsigned(all);
        return all;
    }

    private static void sortUnsigned(int[] uids) {
        for (int index = 0; index < uids.length; index++) {
            uids[index] += Integer.MIN_VALUE;
        }
        Arrays.sort(uids);
        for (int index = 0; index < uids.length; index++) {
            uids[index] -= Integer.MIN_VALUE;
        }
    }

    /// The entry rows against the folded state: each must be in the other.
    private void verifyEntries() throws SQLException {
        int next = 0;
        long lastUid = 0;
        long lastModSeq = 0;
        long from = EntryId.first(row.id());
        int read;
        do {
            read = 0;
            try (PreparedStatement select = connection.prepareStatement(
                    "select e.id, e.message, e.size, e.internal_date, e.zone_offset, e.flags, e.modseq, m.size"
                            + " from entry e left join message m on m.id = e.message where e.id between ? and ?"
                            + " order by e.id fetch first " + PAGE + " rows only")) {
                select.setLong(1, from);
                select.setLong(2, EntryId.last(row.id()));
                try (ResultSet entry = select.executeQuery()) {
                    while (entry.next()) {
                        read++;
                        from = entry.getLong(1) + 1;
                        lastUid = Integer.toUnsignedLong(EntryId.uid(entry.getLong(1)));
                        next = skipMissing(next, lastUid);
                        long modSeq = entry.getLong(7);
                        if (modSeq < lastModSeq || modSeq > row.modSeq()) {
                            found(
                                    Finding.Kind.MODSEQ_ORDER,
                                    (int) lastUid,
                                    "it arrived with MODSEQ " + modSeq + "; before it came " + lastModSeq
                                            + ", HIGHESTMODSEQ is " + row.modSeq());
                        }
                        lastModSeq = Math.max(lastModSeq, modSeq);
                        next = verifyEntry(entry, next);
                    }
                }
            }
        } while (read == PAGE);
        skipMissing(next, Long.MAX_VALUE);
        if (lastUid >= row.uidNext()) {
            found(Finding.Kind.UID_NEXT, (int) lastUid, "UIDNEXT is " + row.uidNext());
        }
    }

    /// Messages of the state before `uid` have no entry.
    private int skipMissing(int from, long uid) {
        int next = from;
        while (next < uids.length && Integer.toUnsignedLong(uids[next]) < uid) {
            found(Finding.Kind.ENTRY_MISSING, uids[next], "the snapshot has it, and no entry row");
            next++;
        }
        return next;
    }

    /// @return the place of the next message of the state
    private int verifyEntry(ResultSet entry, int next) throws SQLException {
        int uid = EntryId.uid(entry.getLong(1));
        long message = entry.getLong(2);
        long messageSize = entry.getLong(8);
        boolean hasContent = !entry.wasNull();
        if (hasContent) {
            references.add(message);
        }
        boolean shown = next < uids.length && uids[next] == uid;
        if (UidSet.contains(awaitingRemoval, uid)) {
            if (shown) {
                found(Finding.Kind.SNAPSHOT_DIFFERS, uid, "it was expunged, and the snapshot still has it");
            }
            return shown ? next + 1 : next;
        }
        if (!shown) {
            if (UidSet.contains(expunged, uid)) {
                found(Finding.Kind.ORPHAN_ROWS, uid, "it was expunged, and its entry row is still there");
            } else {
                found(Finding.Kind.SNAPSHOT_DIFFERS, uid, "it has an entry row, and the snapshot lacks it");
            }
            return next;
        }
        if (!hasContent) {
            found(Finding.Kind.CONTENT_MISSING, uid, "there is no message row " + message);
        } else if (entry.getLong(3) != messageSize) {
            found(Finding.Kind.SIZE, uid, "its entry says " + entry.getLong(3) + " octets, its message " + messageSize);
        }
        if (messages[next] != message
                || Integer.toUnsignedLong(sizes[next]) != entry.getLong(3)
                || dates[next] != entry.getLong(4)
                || zones[next] != entry.getInt(5)) {
            found(Finding.Kind.SNAPSHOT_DIFFERS, uid, "content, size or date differ between snapshot and entry row");
        }
        long arrived = entry.getLong(7);
        if (modSeqs[next] == arrived) { // nothing has happened to it
            known[next] = -1;
            value[next] = entry.getLong(6);
            if (changed[next] > arrived) {
                found(Finding.Kind.SNAPSHOT_DIFFERS, uid, "its MODSEQ is older than its last change");
            }
            changed[next] = arrived;
        } else if (modSeqs[next] < arrived) {
            found(Finding.Kind.SNAPSHOT_DIFFERS, uid, "its MODSEQ " + modSeqs[next] + " is older than its arrival");
        }
        return next + 1;
    }

    private void verifyFlags() {
        for (int index = 0; index < uids.length; index++) {
            if (changed[index] > 0 && changed[index] != modSeqs[index]) {
                found(
                        Finding.Kind.SNAPSHOT_DIFFERS,
                        uids[index],
                        "its MODSEQ is " + modSeqs[index] + ", that of its last change " + changed[index]);
            } else if ((flags[index] & known[index]) != (value[index] & known[index])) {
                found(
                        Finding.Kind.SNAPSHOT_DIFFERS,
                        uids[index],
                        "its flags are %x, by the journal %x of the bits %x"
                                .formatted(flags[index], value[index], known[index]));
            } else if (changed[index] == 0 && modSeqs[index] > row.snapshotModSeq()) {
                found(
                        Finding.Kind.SNAPSHOT_DIFFERS,
                        uids[index],
                        "its MODSEQ is " + modSeqs[index] + ", and no change has it");
            }
            if (modSeqs[index] > row.modSeq()) {
                found(
                        Finding.Kind.MODSEQ_ORDER,
                        uids[index],
                        "its MODSEQ is " + modSeqs[index] + ", HIGHESTMODSEQ " + row.modSeq());
            }
        }
    }

    private void verifyKeywords() throws SQLException {
        Set<String> names = new HashSet<>();
        int count = 0;
        try (PreparedStatement select =
                connection.prepareStatement("select position, name from keyword where mailbox = ? order by position")) {
            select.setLong(1, row.id());
            try (ResultSet keyword = select.executeQuery()) {
                while (keyword.next()) {
                    if (keyword.getInt(1) != count) {
                        found(Finding.Kind.KEYWORDS, "keyword " + keyword.getString(2) + " is not at its place");
                    }
                    count++;
                    if (!names.add(keyword.getString(2).toLowerCase(Locale.ROOT))) {
                        found(Finding.Kind.KEYWORDS, "keyword " + keyword.getString(2) + " is there twice");
                    }
                }
            }
        }
        long possible = SYSTEM | (count == 0 ? 0 : ((1L << count) - 1) << Flags.FIRST_KEYWORD);
        for (int index = 0; index < uids.length; index++) {
            if ((flags[index] & ~possible) != 0) {
                found(
                        Finding.Kind.KEYWORDS,
                        uids[index],
                        "it has keywords that the mailbox does not (%x)".formatted(flags[index] & ~possible));
            }
        }
    }

    /// Counts what the entries of a mailbox name, where nothing else can be said of it.
    static void countReferences(Connection connection, ReferenceCounts references, long mailbox) throws SQLException {
        long from = EntryId.first(mailbox);
        int read;
        do {
            read = 0;
            try (PreparedStatement select =
                    connection.prepareStatement("select e.id, m.id from entry e left join message m on m.id = e.message"
                            + " where e.id between ? and ? order by e.id fetch first " + PAGE + " rows only")) {
                select.setLong(1, from);
                select.setLong(2, EntryId.last(mailbox));
                try (ResultSet entry = select.executeQuery()) {
                    while (entry.next()) {
                        read++;
                        from = entry.getLong(1) + 1;
                        long message = entry.getLong(2);
                        if (!entry.wasNull()) {
                            references.add(message);
                        }
                    }
                }
            }
        } while (read == PAGE);
    }
}
