package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Finds out whose the damaged blobs are: one look through the messages, one through the entries, however many are
/// damaged.
final class DamagedMessages {
    /// A message of a mailbox that cannot be read.
    ///
    /// @param entrySize octets, as clients were told
    record Lost(
            long account,
            long mailbox,
            Finding.Place place,
            int uid,
            long message,
            long entrySize,
            Instant internalDate,
            StoredEnvelope envelope,
            DamagedBlobs.Damage damage) {
        String description() {
            return damage.how() + " (" + entrySize + " octets, " + internalDate.atOffset(ZoneOffset.UTC) + ", "
                    + envelope + ")";
        }
    }

    /// Is told of each one.
    interface Reader {
        void lost(Lost message) throws SQLException;
    }

    private record Content(DamagedBlobs.Damage damage, StoredEnvelope envelope) {}

    private DamagedMessages() {}

    /// Tells the reader of each message that a mailbox has and that cannot be read.
    ///
    /// @param connection in a transaction that sees one moment
    /// @return the blobs that no message of a mailbox needs
    static Set<Long> find(Connection connection, DamagedBlobs damaged, Reader reader) throws SQLException {
        Map<Long, Content> contents = contents(connection, damaged);
        Set<Long> unused = new HashSet<>(damaged.all().keySet());
        if (contents.isEmpty()) {
            return unused;
        }
        try (PreparedStatement mailboxes = connection.prepareStatement(
                        "select m.id, m.account, m.name, a.local_part, d.name from mailbox m"
                                + " join account a on a.id = m.account join domain d on d.id = a.domain"
                                + " where m.removed = false order by m.id");
                ResultSet mailbox = mailboxes.executeQuery()) {
            while (mailbox.next()) {
                long id = mailbox.getLong(1);
                long account = mailbox.getLong(2);
                Finding.Place place = Finding.Place.ofMailbox(
                        mailbox.getString(4) + "@" + mailbox.getString(5), mailbox.getString(3));
                findIn(connection, id, account, place, contents, unused, reader);
            }
        }
        return unused;
    }

    private static Map<Long, Content> contents(Connection connection, DamagedBlobs damaged) throws SQLException {
        Map<Long, Content> contents = new HashMap<>();
        long last = 0;
        int read;
        do {
            read = 0;
            try (PreparedStatement select = connection.prepareStatement("select id, blob from message where id > ?"
                            + " order by id fetch first " + MailboxVerifier.PAGE + " rows only");
                    PreparedStatement envelope =
                            connection.prepareStatement("select envelope from message where id = ?")) {
                select.setLong(1, last);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        last = row.getLong(1);
                        DamagedBlobs.Damage damage = damaged.all().get(row.getLong(2));
                        if (damage != null) {
                            envelope.setLong(1, last);
                            try (ResultSet found = envelope.executeQuery()) {
                                found.next();
                                contents.put(last, new Content(damage, StoredEnvelope.of(found.getBytes(1))));
                            }
                        }
                    }
                }
            }
        } while (read == MailboxVerifier.PAGE);
        return contents;
    }

    private static void findIn(
            Connection connection,
            long mailbox,
            long account,
            Finding.Place place,
            Map<Long, Content> contents,
            Set<Long> unused,
            Reader reader)
            throws SQLException {
        int[] awaitingRemoval = MailboxVerifier.removals(connection, mailbox);
        long from = EntryId.first(mailbox);
        int read;
        do {
            read = 0;
            try (PreparedStatement select = connection.prepareStatement(
                    "select id, message, size, internal_date from entry where id between ? and ?"
                            + " order by id fetch first " + MailboxVerifier.PAGE + " rows only")) {
                select.setLong(1, from);
                select.setLong(2, EntryId.last(mailbox));
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        from = row.getLong(1) + 1;
                        int uid = EntryId.uid(row.getLong(1));
                        Content content = contents.get(row.getLong(2));
                        if (content != null && !UidSet.contains(awaitingRemoval, uid)) {
                            unused.remove(content.damage().row());
                            reader.lost(new Lost(
                                    account,
                                    mailbox,
                                    place.message(uid).blob(content.damage().blob()),
                                    uid,
                                    row.getLong(2),
                                    row.getLong(3),
                                    Instant.ofEpochMilli(row.getLong(4)),
                                    content.envelope(),
                                    content.damage()));
                        }
                    }
                }
            }
        } while (read == MailboxVerifier.PAGE);
    }
}
