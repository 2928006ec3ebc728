package org.postern.imap;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Optional;
import org.postern.imap.CommandRefused.Code;
import org.postern.store.InvalidMailboxName;
import org.postern.store.MailboxName;
import org.postern.store.ModifiedUtf7;

/// Mailbox names between the wire and the store: modified UTF-7 in IMAP4rev1, UTF-8 in IMAP4rev2 and with
/// UTF8=ACCEPT. On the wire they are texts of one character for each octet.
final class MailboxNames {
    private final Enabled enabled;

    MailboxNames(Enabled enabled) {
        this.enabled = enabled;
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
        return parse(withoutSeparator(wire));
    }

    private static String withoutSeparator(String wire) {
        boolean declared = wire.length() > 1 && wire.charAt(wire.length() - 1) == MailboxName.SEPARATOR;
        return declared ? wire.substring(0, wire.length() - 1) : wire;
    }

    /// RFC 9051 §6.3.9.7: what the client wrote, ready for the wire, where the mailbox's name is another
    /// one: its normalized form. Told in IMAP4rev2 only.
    Optional<String> denormalized(String wire) {
        return enabled.isRevision2() && !Normalizer.isNormalized(decode(wire), Normalizer.Form.NFC)
                ? Optional.of(format(decode(withoutSeparator(wire))))
                : Optional.empty();
    }

    /// Reference and pattern of a LIST put together; one that is malformed matches nothing.
    ListPattern pattern(String wire) {
        try {
            return ListPattern.of(decode(wire));
        } catch (InvalidMailboxName | BadCommand malformed) {
            return ListPattern.of("");
        }
    }

    /// RFC 6855 §3: UTF-8 is taken even where nothing was enabled. It cannot be meant as modified UTF-7, which is
    /// ASCII.
    private String decode(String wire) {
        return enabled.takesUtf8() || wire.chars().anyMatch(octet -> octet >= 0x80)
                ? WireReader.utf8(wire.getBytes(StandardCharsets.ISO_8859_1)) // RFC 9051 §5.1
                : ModifiedUtf7.decode(wire);
    }

    /// The name as an astring, ready for the wire.
    String format(MailboxName name) {
        return format(name.value());
    }

    private String format(String name) {
        if (!enabled.takesUtf8()) {
            return ResponseWriter.astring(ModifiedUtf7.encode(name));
        }
        String octets = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        boolean ascii = octets.chars().allMatch(octet -> octet < 0x80);
        return ascii ? ResponseWriter.astring(octets) : ResponseWriter.quoted(octets);
    }
}
