package org.postern.smtp;

import java.util.Optional;
import java.util.OptionalLong;

/// The commands that a client can give.
sealed interface SmtpCommand {
    /// RFC 5321 §4.1.1.1.
    record Ehlo(String clientName) implements SmtpCommand {}

    record Helo(String clientName) implements SmtpCommand {}

    /// RFC 3207.
    record StartTls() implements SmtpCommand {}

    /// RFC 4954 §4: the initial response is decoded, an empty array for `=`.
    record Auth(String mechanism, Optional<byte[]> initialResponse) implements SmtpCommand {
        @Override
        public String toString() {
            return "Auth[" + mechanism + "]";
        }
    }

    /// RFC 5321 §4.1.1.2. An empty reverse path is `<>`.
    record Mail(String reversePath, OptionalLong size) implements SmtpCommand {}

    record Rcpt(String forwardPath) implements SmtpCommand {}

    record Data() implements SmtpCommand {}

    record Rset() implements SmtpCommand {}

    record Noop() implements SmtpCommand {}

    record Quit() implements SmtpCommand {}

    record Vrfy() implements SmtpCommand {}

    record Help() implements SmtpCommand {}
}
