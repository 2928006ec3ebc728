package org.postern.imap;

/// What the operator decides about IMAP.
///
/// @param messageOctets the largest message that APPEND takes
/// @param lineOctets the longest command outside its literals
/// @param literalBeforeLogin the largest literal before login
/// @param failedLogins after so many the session ends
public record ImapSettings(long messageOctets, int lineOctets, int literalBeforeLogin, int failedLogins) {
    public static final ImapSettings DEFAULT = new ImapSettings(50L * 1024 * 1024, 8 * 1024, 4 * 1024, 3);
}
