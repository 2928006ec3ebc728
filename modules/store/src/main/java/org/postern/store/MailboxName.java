package org.postern.store;

/// A mailbox name in its one stored form: NFC, separator `/`, INBOX upper-case also as first level (`decisions`:
/// no control characters, no empty level, at most 255 octets of UTF-8 a level and 20 levels).
public record MailboxName(String value) implements Comparable<MailboxName> {
    public static final char SEPARATOR = '/';
    public static final MailboxName INBOX = new MailboxName("INBOX");

    /// The stored form of a name as a client gave it (already decoded to Unicode).
    /// @throws InvalidMailboxName naming the rule that it breaks
    public static MailboxName of(String unicode) {
        throw new UnsupportedOperationException();
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
