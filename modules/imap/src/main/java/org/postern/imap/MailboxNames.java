package org.postern.imap;

import org.postern.imap.CommandRefused.Code;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;

/// Mailbox names between the wire and the store.
final class MailboxNames {
    private MailboxNames() {}

    /// The name that a client wrote; refused where no mailbox can have it.
    static MailboxName parse(String wire) {
        try {
            return MailboxName.of(ModifiedUtf7.decode(wire));
        } catch (InvalidMailboxName invalid) {
            throw CommandRefused.refused(Code.CANNOT, String.valueOf(invalid.getMessage()));
        }
    }

    /// RFC 3501 §6.3.3: a separator at the end declares that names below will be made; the mailbox is made without it.
    static MailboxName parseForCreation(String wire) {
        boolean declared = wire.length() > 1 && wire.charAt(wire.length() - 1) == MailboxName.SEPARATOR;
        return parse(declared ? wire.substring(0, wire.length() - 1) : wire);
    }

    static String format(MailboxName name) {
        return ModifiedUtf7.encode(name.value());
    }
}
