package org.postern.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Optional;

/// For mail of another server: a UIDVALIDITY is kept if this account cannot have used it.
///
/// @param above UIDVALIDITYs that are reserved by this import lie above it
/// @param upTo and not above this one
record ImportRules(long account, boolean trial, long above, long upTo) implements Placing.Rules {
    @Override
    public Placing place(Connection connection, MailboxName name, Optional<Import.Kept> kept) throws SQLException {
        if (kept.isEmpty()) {
            return new Placing.NewUids(Optional.empty());
        }
        Optional<String> obstacle = obstacle(connection, name, kept.get().uidValidity());
        return obstacle.isPresent() ? new Placing.NewUids(obstacle) : new Placing.Kept(kept.get());
    }

    private Optional<String> obstacle(Connection connection, MailboxName name, long wanted) throws SQLException {
        if (wanted < 1 || wanted > Imports.HIGHEST_UID_VALIDITY) {
            return Optional.of("its UIDVALIDITY " + wanted + " is not between 1 and " + Imports.HIGHEST_UID_VALIDITY);
        }
        Optional<ImportRows.Given> given = ImportRows.given(connection, account, wanted);
        if (given.isPresent()) {
            if (!Arrays.equals(given.get().nameDigest(), MailboxRows.digest(name))) {
                return Optional.of("another mailbox came with the same UIDVALIDITY " + wanted);
            }
            return ImportRows.isThere(connection, given.get().mailbox())
                    ? Optional.empty()
                    : Optional.of("it was imported before, and deleted since");
        }
        boolean reserved =
                ImportRows.isReserved(connection, account, wanted) || (trial && wanted > above && wanted <= upTo);
        if (!reserved) {
            return Optional.of("its UIDVALIDITY " + wanted + " is not above " + above
                    + ", up to which this account may have used them");
        }
        Optional<Long> present = MailboxRows.find(connection, account, name);
        if (present.isPresent() && ImportRows.keepsUids(connection, present.get())) {
            return Optional.of("the mailbox has kept the UIDs of another source");
        }
        return Optional.empty();
    }

    @Override
    public boolean ignoresQuota() {
        return false;
    }

    @Override
    public boolean takesSpecialUse() {
        return true;
    }

    @Override
    public boolean forgetsWithTheMailbox() {
        return false;
    }
}
