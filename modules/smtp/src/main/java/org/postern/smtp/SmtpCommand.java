package org.postern.smtp;

import java.util.Optional;
import java.util.OptionalLong;

/// What a client asks for (RFC 5321 §4.1.1 and the extensions that are offered), syntax checked.
sealed interface SmtpCommand {
    // ---- RFC 5321 §4.1.1.1

    /// Begins a session with extensions.
    /// @param client a domain or an address literal, as it came
    record Ehlo(String client) implements SmtpCommand {}

    record Helo(String client) implements SmtpCommand {}

    // ---- RFC 3207, RFC 4954

    record StartTls() implements SmtpCommand {}

    /// Begins a login.
    /// @param initialResponse still Base64; whoever decodes it overwrites it
    record Auth(String mechanism, Optional<byte[]> initialResponse) implements SmtpCommand {
        @Override
        public String toString() {
            return "Auth[" + mechanism + "]"; // never the response: it holds a password
        }
    }

    // ---- RFC 5321 §4.1.1.2 to §4.1.1.5

    /// Begins a transaction.
    /// @param reversePath empty for `<>`
    /// @param size what the client declares (RFC 1870)
    record Mail(Optional<MailAddress> reversePath, OptionalLong size, MailParameters parameters)
            implements SmtpCommand {}

    record Rcpt(ForwardPath forwardPath, RecipientParameters parameters) implements SmtpCommand {}

    record Data() implements SmtpCommand {}

    /// RFC 3030 §2. The octets follow the command, whatever becomes of it.
    /// @param last true if the message is complete with this chunk
    record Bdat(long size, boolean last) implements SmtpCommand {}

    record Rset() implements SmtpCommand {}

    // ---- RFC 5321 §4.1.1.6 to §4.1.1.10

    record Vrfy() implements SmtpCommand {}

    record Help() implements SmtpCommand {}

    record Noop() implements SmtpCommand {}

    record Quit() implements SmtpCommand {}
}
