package org.postern.store;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;

/// A mailbox name in its one stored form: NFC, separator `/`, INBOX in capitals also as the first level.
/// No control characters, no empty level, at most 255 octets of UTF-8 a level, at most 20 levels.
public record MailboxName(String value) implements Comparable<MailboxName> {
    public static final char SEPARATOR = '/';
    public static final MailboxName INBOX = new MailboxName("INBOX");

    private static final int LEVEL_OCTETS = 255;
    private static final int LEVELS = 20;

    /// The stored form of a name as a client gave it (already decoded to Unicode).
    /// @throws InvalidMailboxName naming the rule that it breaks
    public static MailboxName of(String unicode) {
        String name = Normalizer.normalize(unicode, Normalizer.Form.NFC); // RFC 5198 §3
        if (name.isEmpty()) {
            throw new InvalidMailboxName("a mailbox name may not be empty");
        }
        // U+2028 and U+2029 would break lines for whoever shows the name (RFC 9051 §5.1)
        if (name.codePoints().anyMatch(point -> Character.isISOControl(point) || point == 0x2028 || point == 0x2029)) {
            throw new InvalidMailboxName("a mailbox name may not hold control characters");
        }
        if (name.codePoints().anyMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)) {
            throw new InvalidMailboxName("a mailbox name may not hold half a surrogate pair");
        }
        String[] levels = name.split("/", -1);
        if (levels.length > LEVELS) {
            throw new InvalidMailboxName("a mailbox name may have at most " + LEVELS + " levels");
        }
        for (String level : levels) {
            if (level.isEmpty()) {
                throw new InvalidMailboxName("a level of a mailbox name may not be empty");
            }
            if (level.getBytes(StandardCharsets.UTF_8).length > LEVEL_OCTETS) {
                throw new InvalidMailboxName("a level of a mailbox name may have at most " + LEVEL_OCTETS + " octets");
            }
        }
        if (levels[0].equalsIgnoreCase("INBOX")) { // RFC 3501 §5.1
            levels[0] = "INBOX";
        }
        return new MailboxName(String.join("/", levels));
    }

    public boolean isInbox() {
        return equals(INBOX);
    }

    /// True for every name below this one.
    public boolean isAbove(MailboxName other) {
        return other.value.startsWith(value + SEPARATOR);
    }

    /// The names above this one, nearest last.
    public List<MailboxName> parents() {
        List<MailboxName> parents = new ArrayList<>();
        for (int at = value.indexOf(SEPARATOR); at >= 0; at = value.indexOf(SEPARATOR, at + 1)) {
            parents.add(new MailboxName(value.substring(0, at)));
        }
        return parents;
    }

    /// This name with its beginning `from` replaced by `to`.
    MailboxName moved(MailboxName from, MailboxName to) {
        return of(to.value + value.substring(from.value.length()));
    }

    @Override
    public int compareTo(MailboxName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
