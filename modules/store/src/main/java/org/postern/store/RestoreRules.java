package org.postern.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/// For mail of a backup: a UIDVALIDITY comes back if in this account it can have meant that mailbox only, and the
/// mailbox is gone. It goes on above what it had given when it was deleted; where that was not noted (a deletion that
/// was undone by a restore, or by an older version), far above what it had given when the backup was made.
///
/// @param account 0 where there is none yet, in a trial
/// @param sameOrigin true where the backup was made of this store, or of one that it descends from
record RestoreRules(long account, Address address, Imports.RestoreOptions options, boolean sameOrigin)
        implements Placing.Rules {
    private static final long LAST_UID = 0xffff_fffeL;

    @Override
    public Placing place(Connection connection, MailboxName name, Optional<Import.Kept> kept) throws SQLException {
        Import.Kept was = kept.orElseThrow(() -> new IllegalArgumentException("a backup knows its numbers"));
        if (options.beside()) {
            return withNewUids(connection, name, Optional.of("it is a copy"));
        }
        Optional<Present> present =
                isKnown(connection, was.uidValidity()) ? present(connection, was.uidValidity()) : Optional.empty();
        if (present.isPresent() && !present.get().hidden()) {
            if (options.merge()) {
                return new Placing.Into(present.get().mailbox());
            }
            return new Placing.LeftAlone(
                    present.get().name().equals(name)
                            ? "it is there"
                            : "it is there under the name " + present.get().name());
        }
        if (present.isPresent()) { // of a restore that was cut off
            return new Placing.Kept(numbers(connection, was));
        }
        if (!isKnown(connection, was.uidValidity())) {
            if (!options.trial()) {
                passOver(connection, was.uidValidity());
            }
            return withNewUids(connection, name, Optional.of("the backup is of another server"));
        }
        Import.Kept numbers = numbers(connection, was);
        if (numbers.uidNext() >= LAST_UID) {
            return withNewUids(connection, name, Optional.of("its UIDs are used up"));
        }
        if (MailboxRows.find(connection, account, name).isPresent() && !mayTakeThePlace(connection, name)) {
            return new Placing.LeftAlone("another mailbox has its name since");
        }
        return new Placing.Kept(numbers);
    }

    /// What is to be new must not look like the old: the account gives this number to none of its next mailboxes.
    private void passOver(Connection connection, long uidValidity) throws SQLException {
        MailboxRows.update(
                connection,
                "update account set uid_validity = ? where id = ? and uid_validity between ? and ?",
                uidValidity,
                account,
                uidValidity - 1_000,
                uidValidity - 1);
    }

    /// True where the UIDVALIDITY can have meant nothing here but the mailbox in the backup.
    private boolean isKnown(Connection connection, long uidValidity) throws SQLException {
        if (sameOrigin) {
            return true;
        }
        return account == 0
                ? uidValidity > AccountStore.retiredUidValidity(connection, address)
                : ImportRows.isReserved(connection, account, uidValidity);
    }

    /// An INBOX is always there. That of an account which was made after the backup is none that the backup knows.
    private boolean mayTakeThePlace(Connection connection, MailboxName name) throws SQLException {
        return options.merge()
                || (name.isInbox() && created(connection) > options.time().toEpochMilli());
    }

    private long created(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select created from account where id = ?")) {
            select.setLong(1, account);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong(1) : Long.MAX_VALUE;
            }
        }
    }

    /// Into a mailbox of that name that is not there, or that this has begun to fill.
    private Placing withNewUids(Connection connection, MailboxName name, Optional<String> because) throws SQLException {
        Optional<Long> present = MailboxRows.find(connection, account, name);
        if (present.isPresent() && !options.merge() && !isOurs(connection, present.get())) {
            return new Placing.LeftAlone("there is a mailbox " + name);
        }
        return new Placing.NewUids(because);
    }

    /// One that was cut off before its first message is empty.
    private static boolean isOurs(Connection connection, long mailbox) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select 1 from mailbox m where m.id = ?"
                + " and (m.uid_next = 1 or exists (select 1 from imported i where i.mailbox = m.id))")) {
            select.setLong(1, mailbox);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    private record Present(long mailbox, MailboxName name, boolean hidden) {}

    private Optional<Present> present(Connection connection, long uidValidity) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select id, name, importing from mailbox where account = ? and uid_validity = ? and removed = false")) {
            select.setLong(1, account);
            select.setLong(2, uidValidity);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(new Present(row.getLong(1), new MailboxName(row.getString(2)), row.getBoolean(3)))
                        : Optional.empty();
            }
        }
    }

    private Import.Kept numbers(Connection connection, Import.Kept was) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select uid_next, modseq from retired_mailbox"
                + " where domain = ? and local_key = ? and uid_validity = ?")) {
            select.setString(1, address.domain());
            select.setString(2, address.localKey());
            select.setLong(3, was.uidValidity());
            try (ResultSet row = select.executeQuery()) {
                boolean noted = row.next();
                long gap = noted && sameOrigin ? 0 : Restore.GAP;
                return new Import.Kept(
                        was.uidValidity(),
                        Math.min(LAST_UID, Math.max(was.uidNext() + gap, noted ? row.getLong(1) : 0)),
                        Math.max(was.modSeq() + gap, noted ? row.getLong(2) : 0));
            }
        }
    }

    @Override
    public boolean ignoresQuota() {
        return options.ignoreQuota();
    }

    @Override
    public boolean takesSpecialUse() {
        return false;
    }

    @Override
    public boolean forgetsWithTheMailbox() {
        return true;
    }
}
