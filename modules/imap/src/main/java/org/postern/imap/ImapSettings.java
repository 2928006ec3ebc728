package org.postern.imap;

/// What the operator decides about IMAP.
///
/// @param messageOctets the largest message that APPEND takes
/// @param lineOctets the longest command outside its literals
/// @param literalBeforeLogin the largest literal before login
/// @param failedLogins after so many the session ends
/// @param literals how large a literal may be that the client does not announce
/// @param eightBitHeaders what becomes of an APPEND of a message with octets above 127 in its header, from a client
///   that has not said that it knows such headers
/// @param preauth whether who shows an account's certificate on an implicit TLS port is logged in at once
public record ImapSettings(
        long messageOctets,
        int lineOctets,
        int literalBeforeLogin,
        int failedLogins,
        Literals literals,
        EightBitHeaders eightBitHeaders,
        boolean preauth) {
    /// Without PREAUTH.
    public ImapSettings(
            long messageOctets,
            int lineOctets,
            int literalBeforeLogin,
            int failedLogins,
            Literals literals,
            EightBitHeaders eightBitHeaders) {
        this(messageOctets, lineOctets, literalBeforeLogin, failedLogins, literals, eightBitHeaders, false);
    }

    public static final ImapSettings DEFAULT =
            new ImapSettings(50L * 1024 * 1024, 8 * 1024, 4 * 1024, 3, Literals.PLUS, EightBitHeaders.ACCEPT);

    /// RFC 7888 §3, §5.
    public enum Literals {
        /// LITERAL+: of any size.
        PLUS("LITERAL+", Long.MAX_VALUE),
        /// LITERAL-: a client that wants to send more waits for an invitation, and so learns of a refusal first.
        MINUS("LITERAL-", 4096);

        private final String capability;
        private final long largestNonSynchronizing;

        Literals(String capability, long largestNonSynchronizing) {
            this.capability = capability;
            this.largestNonSynchronizing = largestNonSynchronizing;
        }

        String capability() {
            return capability;
        }

        long largestNonSynchronizing() {
            return largestNonSynchronizing;
        }
    }

    public enum EightBitHeaders {
        /// Leniency `eight-bit-header`: mail of twenty years has raw octets in its headers, and whoever moves it
        /// here (imapsync, mbsync) sends it as it is.
        ACCEPT,
        /// RFC 6855 §4.
        REFUSE
    }
}
