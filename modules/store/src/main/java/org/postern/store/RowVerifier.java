package org.postern.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Looks through all rows, as they are at one moment: the numbers of accounts, each mailbox, and that every row which
/// is named exists, and every row that exists is named.
final class RowVerifier {
    private static final int PAGE = 4096;
    private static final List<String> OF_A_MAILBOX =
            List.of("entry", "journal", "snapshot_chunk", "keyword", "removal");

    /// An account's row, and what its mailboxes came to.
    private static final class Account {
        final String address;
        final long usedOctets;
        final long usedMessages;
        final long uidValidity;
        final Map<Long, String> uidValidities = new HashMap<>();
        final Map<String, String> specialUses = new HashMap<>();
        long octets;
        long messages;
        boolean inbox;
        boolean readable = true;

        Account(String address, long usedOctets, long usedMessages, long uidValidity) {
            this.address = address;
            this.usedOctets = usedOctets;
            this.usedMessages = usedMessages;
            this.uidValidity = uidValidity;
        }
    }

    /// What the rows say of one segment.
    private static final class Segment {
        long blobs;
        long end;
    }

    private final Connection connection;
    private final Findings findings;
    private final DamagedBlobs damaged;
    private final WorkProgress progress;
    private final Path blobs;
    private final Map<Long, Account> accounts = new LinkedHashMap<>();
    private final ReferenceCounts entriesOfMessage = new ReferenceCounts();
    private final ReferenceCounts messagesOfBlob = new ReferenceCounts();
    private final Map<String, Segment> segments = new TreeMap<>();
    private long mailboxes;
    private long messages;

    /// @param connection in a transaction that sees one moment
    /// @param blobs the directory of the segments
    RowVerifier(Connection connection, Findings findings, DamagedBlobs damaged, WorkProgress progress, Path blobs) {
        this.connection = connection;
        this.findings = findings;
        this.damaged = damaged;
        this.progress = progress;
        this.blobs = blobs;
    }

    long accounts() {
        return accounts.size();
    }

    long mailboxes() {
        return mailboxes;
    }

    long messages() {
        return messages;
    }

    /// The segments that rows name, as their files are named.
    Set<String> namedSegments() {
        return segments.keySet();
    }

    /// False where it was ended early.
    boolean verify() throws SQLException, IOException {
        readAccounts();
        if (!verifyMailboxes()) {
            return false;
        }
        verifyAccounts();
        verifyRowsOfNoMailbox();
        verifyMessages();
        verifyBlobs();
        verifyNames();
        return true;
    }

    private long count(String of) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select count(*) from " + of);
                ResultSet row = select.executeQuery()) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    private void readAccounts() throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                        "select a.id, a.local_part, d.name, a.used_octets, a.used_messages, a.uid_validity"
                                + " from account a left join domain d on d.id = a.domain order by a.id");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                accounts.put(
                        row.getLong(1),
                        new Account(
                                row.getString(2) + "@" + row.getString(3),
                                row.getLong(4),
                                row.getLong(5),
                                row.getLong(6)));
            }
        }
    }

    // ---- mailboxes

    private boolean verifyMailboxes() throws SQLException {
        long total = count("mailbox");
        long last = 0;
        int read;
        do {
            read = 0;
            List<MailboxVerifier.Row> page = new ArrayList<>();
            try (PreparedStatement select = connection.prepareStatement(
                    "select id, account, name, name_digest, special_use, uid_validity, uid_next, modseq, recent_uid,"
                            + " snapshot_uid, snapshot_modseq, removed, importing from mailbox where id > ? order by id"
                            + " fetch first 100 rows only")) {
                select.setLong(1, last);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        last = row.getLong(1);
                        var mailbox = new MailboxVerifier.Row(
                                last,
                                row.getLong(2),
                                row.getString(3),
                                row.getLong(6),
                                row.getLong(7),
                                row.getLong(8),
                                row.getLong(9),
                                row.getLong(10),
                                row.getLong(11));
                        if (row.getBoolean(12)) { // being taken away; its account may have gone before
                            MailboxVerifier.countReferences(connection, entriesOfMessage, last);
                        } else {
                            verifyPlace(mailbox, row.getBytes(4), row.getString(5), row.getBoolean(13));
                            page.add(mailbox);
                        }
                    }
                }
            }
            for (MailboxVerifier.Row mailbox : page) {
                if (progress.isAbandoned()) {
                    return false;
                }
                verifyMailbox(mailbox);
                progress.report("mailboxes", ++mailboxes, total, WorkProgress.Unit.ITEMS);
            }
        } while (read == 100);
        return true;
    }

    private Finding.Place place(MailboxVerifier.Row mailbox) {
        Account account = accounts.get(mailbox.account());
        return Finding.Place.ofMailbox(
                account == null ? "account " + mailbox.account() + " (removed)" : account.address, mailbox.name());
    }

    /// The mailbox in its account's tree.
    /// @param hidden true while an import fills it: its name is still another's
    private void verifyPlace(MailboxVerifier.Row mailbox, byte[] nameDigest, String specialUse, boolean hidden) {
        Finding.Place place = place(mailbox);
        Account account = accounts.get(mailbox.account());
        if (account == null) {
            findings.add(Finding.Kind.ORPHAN_ROWS, place, "the mailbox has no account");
            return;
        }
        try {
            MailboxName name = MailboxName.of(mailbox.name());
            if (!name.value().equals(mailbox.name())
                    || (!hidden && !java.util.Arrays.equals(nameDigest, MailboxRows.digest(name)))) {
                findings.add(
                        Finding.Kind.MAILBOX_NAME, place, "its name is not in its stored form, or has another digest");
            }
            account.inbox |= name.isInbox() && !hidden;
        } catch (InvalidMailboxName e) {
            findings.add(Finding.Kind.MAILBOX_NAME, place, String.valueOf(e.getMessage()));
        }
        String other = account.uidValidities.put(mailbox.uidValidity(), mailbox.name());
        if (other != null) {
            findings.add(
                    Finding.Kind.UID_VALIDITY, place, "UIDVALIDITY " + mailbox.uidValidity() + " is that of " + other);
        }
        if (mailbox.uidValidity() > account.uidValidity) {
            findings.add(
                    Finding.Kind.UID_VALIDITY,
                    place,
                    "UIDVALIDITY " + mailbox.uidValidity() + " will be given again: the account's last one is "
                            + account.uidValidity);
        }
        if (specialUse != null) {
            String first = account.specialUses.putIfAbsent(specialUse, mailbox.name());
            if (first != null) {
                findings.add(
                        Finding.Kind.SPECIAL_USE,
                        place,
                        "its special use " + specialUse + " is that of " + first + " too");
            }
        }
    }

    private void verifyMailbox(MailboxVerifier.Row mailbox) throws SQLException {
        Account account = accounts.get(mailbox.account());
        try {
            MailboxVerifier.Used used =
                    new MailboxVerifier(connection, findings, entriesOfMessage, mailbox, place(mailbox)).verify();
            if (account != null && used.messages() >= 0) {
                account.messages += used.messages();
                account.octets += used.octets();
                messages += used.messages();
            } else if (account != null) {
                account.readable = false; // its counts would be alarms about nothing new
            }
        } catch (SQLException | RuntimeException e) { // a page of the database that cannot be read
            findings.add(Finding.Kind.ROWS_UNREADABLE, place(mailbox), "its rows cannot be read: " + e.getMessage());
            if (account != null) {
                account.readable = false;
            }
        }
    }

    private void verifyAccounts() {
        for (Account account : accounts.values()) {
            Finding.Place place = Finding.Place.ofAccount(account.address);
            if (!account.inbox) {
                findings.add(Finding.Kind.INBOX_MISSING, place, "the account has no INBOX");
            }
            if (account.readable
                    && (account.octets != account.usedOctets || account.messages != account.usedMessages)) {
                findings.add(
                        Finding.Kind.QUOTA,
                        place,
                        "counted as used are %d octets in %d messages; its mailboxes hold %d in %d"
                                .formatted(account.usedOctets, account.usedMessages, account.octets, account.messages));
            }
        }
    }

    private void verifyRowsOfNoMailbox() throws SQLException {
        for (String table : OF_A_MAILBOX) {
            String mailbox = table.equals("entry") ? EntryId.MAILBOX : table + ".mailbox";
            try (PreparedStatement select = connection.prepareStatement("select " + mailbox + ", count(*) from " + table
                            + " left join mailbox m on m.id = " + mailbox + " where m.id is null group by " + mailbox);
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    findings.add(
                            Finding.Kind.ORPHAN_ROWS,
                            Finding.Place.STORE,
                            row.getLong(2) + " rows of " + table + " belong to mailbox " + row.getLong(1)
                                    + ", which is not there");
                    if (table.equals("entry")) {
                        MailboxVerifier.countReferences(connection, entriesOfMessage, row.getLong(1));
                    }
                }
            }
        }
    }

    // ---- what rows name

    private void verifyMessages() throws SQLException {
        long total = count("message");
        long done = 0;
        long last = 0;
        int read;
        do {
            read = 0;
            try (PreparedStatement select = connection.prepareStatement(
                    "select m.id, m.blob, m.size, m.reference_count, octet_length(m.prefix), b.length from message m"
                            + " left join blob b on b.id = m.blob where m.id > ? order by m.id fetch first " + PAGE
                            + " rows only")) {
                select.setLong(1, last);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        last = row.getLong(1);
                        verifyMessage(row);
                    }
                }
            }
            done += read;
            progress.report("contents", done, total, WorkProgress.Unit.ITEMS);
        } while (read == PAGE);
    }

    private void verifyMessage(ResultSet row) throws SQLException {
        long id = row.getLong(1);
        long blob = row.getLong(2);
        int entries = entriesOfMessage.of(id);
        if (entries == 0) {
            findings.add(Finding.Kind.ORPHAN_MESSAGE, Finding.Place.STORE, "no entry names message row " + id);
        } else if (entries != row.getInt(4)) {
            findings.add(
                    Finding.Kind.REFERENCE_COUNT,
                    Finding.Place.STORE,
                    "message row %d counts %d entries, and there are %d".formatted(id, row.getInt(4), entries));
        }
        long length = row.getLong(6);
        if (row.wasNull()) {
            // an entry may name it: whose it is, is found out with the other damaged ones
            damaged.add(new DamagedBlobs.Damage(
                    blob, new BlobReference(0, 0, 0, 0), "its blob row " + blob + " is missing"));
            return;
        }
        messagesOfBlob.add(blob);
        if (row.getLong(3) != row.getLong(5) + length) {
            findings.add(
                    Finding.Kind.SIZE,
                    Finding.Place.STORE,
                    "message row %d says %d octets, its parts are %d"
                            .formatted(id, row.getLong(3), row.getLong(5) + length));
        }
    }

    private void verifyBlobs() throws SQLException, IOException {
        Map<String, Long> sizes = new HashMap<>();
        long last = 0;
        int read;
        do {
            read = 0;
            try (PreparedStatement select = connection.prepareStatement(
                    "select id, node, segment, position, length, reference_count, stored from blob where id > ? order by id"
                            + " fetch first " + PAGE + " rows only")) {
                select.setLong(1, last);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        read++;
                        last = row.getLong(1);
                        verifyBlob(
                                last,
                                new BlobReference(row.getInt(2), row.getInt(3), row.getLong(4), row.getLong(5)),
                                row.getInt(6),
                                row.getLong(7),
                                sizes);
                    }
                }
            }
        } while (read == PAGE);
    }

    /// @param stored octets that the record takes, from its header on
    private void verifyBlob(long id, BlobReference blob, int counted, long stored, Map<String, Long> sizes)
            throws IOException {
        long end = blob.position() - SegmentRecord.HEADER + stored;
        int named = messagesOfBlob.of(id);
        Finding.Place place = Finding.Place.STORE.blob(blob);
        if (named == 0) {
            findings.add(Finding.Kind.ORPHAN_BLOB, place, "no message names blob row " + id);
        } else if (named != counted) {
            findings.add(
                    Finding.Kind.REFERENCE_COUNT,
                    place,
                    "blob row %d counts %d messages, and there are %d".formatted(id, counted, named));
        }
        String name = blob.node() + "-" + blob.segment();
        Segment segment = segments.computeIfAbsent(name, _ -> new Segment());
        segment.blobs++;
        segment.end = Math.max(segment.end, end);
        Long size = sizes.get(name);
        if (size == null) {
            Path file = blobs.resolve(name + ".segment");
            size = Files.exists(file) ? Files.size(file) : -1;
            sizes.put(name, size);
        }
        if (size < 0) {
            damaged.add(new DamagedBlobs.Damage(id, blob, "its segment's file is missing"));
        } else if (end > size) {
            damaged.add(new DamagedBlobs.Damage(id, blob, "its segment's file ends before it"));
        }
    }

    /// The files of segments, against what the rows say of them.
    void verifySegments() throws IOException {
        for (Map.Entry<String, Segment> each : segments.entrySet()) {
            String file = each.getKey() + ".segment";
            Path path = blobs.resolve(file);
            Segment segment = each.getValue();
            Finding.Place place = Finding.Place.ofFile("blobs/" + file);
            if (!Files.exists(path)) {
                findings.add(Finding.Kind.SEGMENT_MISSING, place, segment.blobs + " message bodies were in it");
            } else if (Files.size(path) < segment.end) {
                findings.add(
                        Finding.Kind.SEGMENT_TRUNCATED,
                        place,
                        "it has " + Files.size(path) + " octets, and holds mail up to " + segment.end);
            }
        }
    }

    // ---- names

    private void verifyNames() throws SQLException {
        Set<String> reachable = new HashSet<>();
        try (PreparedStatement select = connection.prepareStatement(
                        "select d.name, a.local_key from account a join domain d on d.id = a.domain union"
                                + " select d.name, a.local_key from alias a join domain d on d.id = a.domain");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                reachable.add(row.getString(2) + "@" + row.getString(1));
            }
        }
        try (PreparedStatement select = connection.prepareStatement(
                        "select a.local_key, d.name, a.target from alias a join domain d on d.id = a.domain");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                boolean known = Address.parse(row.getString(3))
                        .map(target -> reachable.contains(target.localKey() + "@" + target.domain())
                                || reachable.contains(
                                        Address.localKey(plain(target.localPart())) + "@" + target.domain())
                                || reachable.contains("@" + target.domain()))
                        .orElse(false);
                if (!known) {
                    findings.add(
                            Finding.Kind.ALIAS_NOWHERE,
                            Finding.Place.ofAccount(row.getString(1) + "@" + row.getString(2)),
                            "the alias leads to " + row.getString(3) + ", which is nobody");
                }
            }
        }
        try (PreparedStatement select = connection.prepareStatement(
                        "select s.account, s.name from subscription s left join mailbox m on m.account = s.account"
                                + " and m.name_digest = s.name_digest where m.id is null");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                Account account = accounts.get(row.getLong(1));
                if (account == null) {
                    findings.add(
                            Finding.Kind.ORPHAN_ROWS,
                            Finding.Place.STORE,
                            "a subscription of account " + row.getLong(1) + ", which is not there");
                } else {
                    findings.add(
                            Finding.Kind.SUBSCRIPTION_NOWHERE,
                            Finding.Place.ofMailbox(account.address, row.getString(2)),
                            "subscribed, and there is no such mailbox");
                }
            }
        }
        for (String table : List.of("app_password", "client_key", "tls_use", "scram_verifier")) {
            try (PreparedStatement select = connection.prepareStatement("select p.account, count(*) from " + table
                            + " p left join account a on a.id = p.account where a.id is null group by p.account");
                    ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    findings.add(
                            Finding.Kind.ORPHAN_ROWS,
                            Finding.Place.STORE,
                            row.getLong(2) + " rows of " + table + " of account " + row.getLong(1)
                                    + ", which is not there");
                }
            }
        }
    }

    private static String plain(String localPart) {
        int detail = localPart.indexOf('+');
        return detail <= 0 ? localPart : localPart.substring(0, detail);
    }
}
