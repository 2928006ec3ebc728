package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/// Makes one mailbox's rows agree again, from what of them can be read. Entries are never updated while the store
/// runs, so what they say of a message holds; flags are what the last readable change has made of them, else what
/// the snapshot has. Where clients were shown other flags, the message counts as changed. Nobody has the mailbox
/// open.
final class MailboxRepair {
    private static final int FLAGGED = 1;

    /// A message as it is going to be.
    private static final class Message {
        long message;
        long size;
        long date;
        int zone;
        long arrived;
        long arrivedFlags;
        boolean entry;
        long flags;
        long modSeq;
        long known;
        long value;
        long lastChange;
    }

    private final Connection connection;
    private final MailboxVerifier.Row row;
    private final TreeMap<Integer, Message> messages = new TreeMap<>(Integer::compareUnsigned);
    private final Map<Integer, Long> shownFlags = new HashMap<>();
    private final Set<Integer> expunged = new HashSet<>();
    private final List<String> notes = new ArrayList<>();
    private long modSeq;
    private long uidNext;

    MailboxRepair(Connection connection, MailboxVerifier.Row row) {
        this.connection = connection;
        this.row = row;
        this.modSeq = Math.max(row.modSeq(), row.snapshotModSeq());
        this.uidNext = Math.max(Math.max(1, row.uidNext()), Math.max(row.recentUid(), row.snapshotUid() + 1));
    }

    /// What was done that is more than counting again.
    List<String> repair() throws SQLException {
        readSnapshot();
        readEntries();
        readJournal();
        keepWhatOnlyTheSnapshotHas();
        List<Integer> changed = settle();
        if (!changed.isEmpty()) {
            modSeq++;
            for (int uid : changed) {
                Objects.requireNonNull(messages.get(uid)).modSeq = modSeq;
            }
            MailboxRows.insertFlagged(
                    connection,
                    row.id(),
                    new Mutation.Flagged(
                            modSeq, changed.stream().mapToInt(Integer::intValue).toArray(), 0, 0, null));
            notes.add(
                    changed.size() + " messages have other flags than clients were shown last; they count as changed");
        }
        writeSnapshot();
        MailboxRows.update(
                connection,
                "update mailbox set uid_next = ?, modseq = ?, snapshot_uid = ?, snapshot_modseq = ? where id = ?",
                uidNext,
                modSeq,
                uidNext - 1,
                modSeq,
                row.id());
        repairKeywords();
        return notes;
    }

    private void readSnapshot() throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select chunk, state from snapshot_chunk where mailbox = ? order by mailbox, chunk")) {
            select.setLong(1, row.id());
            try (ResultSet chunk = select.executeQuery()) {
                while (chunk.next()) {
                    var state = new MailboxState(row.id(), row.account(), MailboxName.INBOX, 1, 1, 1, 1);
                    try {
                        SnapshotCodec.decode(chunk.getBytes(2), state);
                    } catch (RuntimeException e) {
                        notes.add("the snapshot of UIDs " + chunk.getLong(1) * MailboxState.CHUNK + " to "
                                + (chunk.getLong(1) * MailboxState.CHUNK + MailboxState.CHUNK - 1)
                                + " cannot be read: flags that were in no change kept since are lost");
                        continue;
                    }
                    int[] uids = state.uids();
                    var rows = new MessageRows(1);
                    for (int uid : uids) {
                        state.read(new int[] {uid}, 0, 1, rows);
                        if (rows.present[0]) {
                            messages.put(uid, fromSnapshot(rows));
                            shownFlags.put(uid, rows.flags[0]);
                        }
                    }
                }
            }
        }
    }

    private static Message fromSnapshot(MessageRows rows) {
        var message = new Message();
        message.message = rows.message[0];
        message.size = Integer.toUnsignedLong(rows.size[0]);
        message.date = rows.internalDate[0];
        message.zone = rows.zoneOffset[0];
        message.flags = rows.flags[0];
        message.modSeq = rows.modSeq[0];
        message.arrivedFlags = rows.flags[0];
        return message;
    }

    private void readEntries() throws SQLException {
        long last = 0;
        try (PreparedStatement select = connection.prepareStatement(
                        "select id, message, size, internal_date, zone_offset, flags, modseq from entry"
                                + " where id between ? and ? order by id");
                PreparedStatement order = connection.prepareStatement("update entry set modseq = ? where id = ?")) {
            select.setLong(1, EntryId.first(row.id()));
            select.setLong(2, EntryId.last(row.id()));
            try (ResultSet entry = select.executeQuery()) {
                while (entry.next()) {
                    int uid = EntryId.uid(entry.getLong(1));
                    Message message = messages.computeIfAbsent(uid, _ -> new Message());
                    if (!shownFlags.containsKey(uid)) {
                        message.flags = entry.getLong(6);
                        message.modSeq = entry.getLong(7);
                    }
                    message.entry = true;
                    message.message = entry.getLong(2);
                    message.size = entry.getLong(3);
                    message.date = entry.getLong(4);
                    message.zone = entry.getInt(5);
                    message.arrivedFlags = entry.getLong(6);
                    message.arrived = Math.max(last, entry.getLong(7));
                    if (message.arrived != entry.getLong(7)) {
                        order.setLong(1, message.arrived);
                        order.setLong(2, entry.getLong(1));
                        order.executeUpdate();
                    }
                    last = message.arrived;
                }
            }
        }
        modSeq = Math.max(modSeq, last);
    }

    private void readJournal() throws SQLException {
        List<Long> unreadable = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(
                "select modseq, kind, uids, cleared, added from journal where mailbox = ? order by mailbox, modseq")) {
            select.setLong(1, row.id());
            try (ResultSet change = select.executeQuery()) {
                while (change.next()) {
                    long at = change.getLong(1);
                    int[] uids;
                    try {
                        uids = UidSet.decode(change.getBytes(3));
                    } catch (RuntimeException e) {
                        unreadable.add(at);
                        continue;
                    }
                    modSeq = Math.max(modSeq, at);
                    for (int uid : uids) {
                        apply(uid, at, change.getInt(2), change.getLong(4), change.getLong(5));
                    }
                }
            }
        }
        for (long at : unreadable) {
            MailboxRows.update(connection, "delete from journal where mailbox = ? and modseq = ?", row.id(), at);
            notes.add("the change of MODSEQ " + at + " cannot be read, and is lost");
        }
        for (int uid : MailboxVerifier.removals(connection, row.id())) {
            expunged.add(uid);
        }
    }

    private void apply(int uid, long at, int kind, long cleared, long added) {
        Message message = messages.get(uid);
        if (kind != FLAGGED) {
            // a message that arrived after it has the UID of another: verify tells of it, and it stays
            if (message == null || message.arrived <= at) {
                expunged.add(uid);
            }
            return;
        }
        if (message != null) {
            message.known |= cleared | added;
            message.value = (message.value & ~cleared) | added;
            message.lastChange = at;
        }
    }

    /// An entry row that was lost is made again of the snapshot, where the message itself is there.
    private void keepWhatOnlyTheSnapshotHas() throws SQLException {
        List<Integer> gone = new ArrayList<>();
        long arrived = 0;
        for (Map.Entry<Integer, Message> each : messages.entrySet()) {
            Message message = each.getValue();
            if (message.entry) {
                arrived = message.arrived;
            } else if (!expunged.contains(each.getKey()) && exists(message.message)) {
                message.arrived = arrived;
                insertEntry(each.getKey(), message);
                notes.add("UID " + Integer.toUnsignedString(each.getKey())
                        + ": its entry was made again of the snapshot");
            } else {
                gone.add(each.getKey());
            }
        }
        gone.forEach(messages::remove);
        for (int uid : expunged) {
            Message left = messages.remove(uid);
            if (left != null && left.entry && !UidSet.contains(MailboxVerifier.removals(connection, row.id()), uid)) {
                MailboxRows.update(connection, "delete from entry where id = ?", EntryId.of(row.id(), uid));
            }
            uidNext = Math.max(uidNext, Integer.toUnsignedLong(uid) + 1);
        }
    }

    private boolean exists(long message) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select 1 from message where id = ?")) {
            select.setLong(1, message);
            try (ResultSet found = select.executeQuery()) {
                return found.next();
            }
        }
    }

    private void insertEntry(int uid, Message message) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "insert into entry (id, message, size, internal_date, zone_offset, flags, modseq)"
                        + " values (?, ?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, EntryId.of(row.id(), uid));
            insert.setLong(2, message.message);
            insert.setLong(3, message.size);
            insert.setLong(4, message.date);
            insert.setInt(5, message.zone);
            insert.setLong(6, message.flags);
            insert.setLong(7, message.arrived);
            insert.executeUpdate();
        }
    }

    /// Decides flags and MODSEQ of each message; tells which are other than clients were shown.
    private List<Integer> settle() {
        List<Integer> changed = new ArrayList<>();
        for (Map.Entry<Integer, Message> each : messages.entrySet()) {
            Message message = each.getValue();
            uidNext = Math.max(uidNext, Integer.toUnsignedLong(each.getKey()) + 1);
            message.modSeq = Math.max(message.modSeq, Math.max(message.arrived, message.lastChange));
            message.flags = message.modSeq == message.arrived
                    ? message.arrivedFlags
                    : (message.flags & ~message.known) | (message.value & message.known);
            modSeq = Math.max(modSeq, message.modSeq);
            boolean later =
                    message.lastChange > row.snapshotModSeq(); // then the snapshot's flags are not what was shown
            Long shown = shownFlags.get(each.getKey());
            if ((shown == null || shown != message.flags) && !later && message.modSeq <= row.snapshotModSeq()) {
                changed.add(each.getKey());
            }
        }
        return changed;
    }

    private void writeSnapshot() throws SQLException {
        MailboxRows.update(connection, "delete from snapshot_chunk where mailbox = ?", row.id());
        int count = messages.size();
        int[] uids = new int[count];
        long[] flags = new long[count];
        int[] sizes = new int[count];
        long[] modSeqs = new long[count];
        long[] contents = new long[count];
        long[] dates = new long[count];
        short[] zones = new short[count];
        int index = 0;
        for (Map.Entry<Integer, Message> each : messages.entrySet()) {
            Message message = each.getValue();
            uids[index] = each.getKey();
            flags[index] = message.flags;
            sizes[index] = (int) message.size;
            modSeqs[index] = message.modSeq;
            contents[index] = message.message;
            dates[index] = message.date;
            zones[index] = (short) message.zone;
            index++;
        }
        try (PreparedStatement insert =
                connection.prepareStatement("insert into snapshot_chunk (mailbox, chunk, state) values (?, ?, ?)")) {
            for (int from = 0; from < count; ) {
                int chunk = uids[from] >>> 12; // 4,096 UIDs
                int to = from;
                while (to < count && uids[to] >>> 12 == chunk) {
                    to++;
                }
                insert.setLong(1, row.id());
                insert.setInt(2, chunk);
                insert.setBytes(3, SnapshotCodec.encode(uids, flags, sizes, modSeqs, contents, dates, zones, from, to));
                insert.executeUpdate();
                from = to;
            }
        }
    }

    /// Each bit that a message has gets a name, each name one place: a place cannot be given to another name, or
    /// messages would have keywords that nobody gave them.
    private void repairKeywords() throws SQLException {
        long used = 0;
        for (Message message : messages.values()) {
            used |= message.flags >>> Flags.FIRST_KEYWORD;
        }
        Map<Integer, String> kept = new TreeMap<>();
        Set<String> names = new HashSet<>();
        try (PreparedStatement select =
                connection.prepareStatement("select position, name from keyword where mailbox = ? order by position")) {
            select.setLong(1, row.id());
            try (ResultSet keyword = select.executeQuery()) {
                while (keyword.next()) {
                    String name = keyword.getString(2);
                    if (!names.add(name.toLowerCase(Locale.ROOT))) {
                        name = name + "-" + keyword.getInt(1);
                    }
                    kept.put(keyword.getInt(1), name);
                }
            }
        }
        int count = Math.max(
                kept.keySet().stream().mapToInt(position -> position + 1).max().orElse(0),
                Long.SIZE - Long.numberOfLeadingZeros(used));
        MailboxRows.update(connection, "delete from keyword where mailbox = ?", row.id());
        for (int position = 0; position < Math.min(count, Flags.KEYWORDS); position++) {
            String name = kept.get(position);
            if (name == null) {
                name = "lost-keyword-" + position;
                notes.add("the name of a keyword is lost: it is " + name + " now");
            }
            MailboxRows.insertKeyword(connection, row.id(), position, name);
        }
    }
}
