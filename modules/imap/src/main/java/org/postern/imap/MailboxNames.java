package org.postern.imap;

import java.nio.charset.StandardCharsets;
import org.postern.imap.CommandRefused.Code;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;

/// Mailbox names between the wire and the store: modified UTF-7 in IMAP4rev1, UTF-8 in IMAP4rev2. On the
/// wire they are texts of one character for each octet.
final class MailboxNames {
    private final Revision revision;

    MailboxNames(Revision revision) {
        this.revision = revision;
    }

    /// The name that a client wrote; refused where no mailbox can have it.
    MailboxName parse(String wire) {
        try {
            return MailboxName.of(decode(wire));
        } catch (InvalidMailboxName invalid) {
            throw CommandRefused.refused(Code.CANNOT, String.valueOf(invalid.getMessage()));
        }
    }

    /// RFC 3501 §6.3.3: a separator at the end declares that names below will be made; the mailbox is made
    /// without it.
    MailboxName parseForCreation(String wire) {
        boolean declared = wire.length() > 1 && wire.charAt(wire.length() - 1) == MailboxName.SEPARATOR;
        return parse(declared ? wire.substring(0, wire.length() - 1) : wire);
    }

    /// Reference and pattern of a LIST put together; one that is malformed matches nothing.
    ListPattern pattern(String wire) {
        try {
            return ListPattern.of(decode(wire));
        } catch (InvalidMailboxName | BadCommand malformed) {
            return ListPattern.of("");
        }
    }

    private String decode(String wire) {
        return revision.isSecond()
                ? WireReader.utf8(wire.getBytes(StandardCharsets.ISO_8859_1)) // RFC 9051 §5.1
                : ModifiedUtf7.decode(wire);
    }

    /// The name as an astring, ready for the wire.
    String format(MailboxName name) {
        if (!revision.isSecond()) {
            return ResponseWriter.astring(ModifiedUtf7.encode(name.value()));
        }
        String octets = new String(name.value().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        boolean ascii = octets.chars().allMatch(octet -> octet < 0x80);
        return ascii ? ResponseWriter.astring(octets) : ResponseWriter.quoted(octets);
    }
}
