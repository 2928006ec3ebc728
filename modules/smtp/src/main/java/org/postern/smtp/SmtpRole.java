package org.postern.smtp;

import java.io.IOException;
import java.util.Optional;
import org.postern.auth.Principal;

/// What a server does with mail: the part of SMTP that differs between submission, local delivery and relaying.
/// Refusals are [SmtpRefused].
public interface SmtpRole {
    /// True where MAIL needs a login first (RFC 6409 §4.3).
    boolean requiresLogin();

    /// Begins a transaction.
    ///
    /// @param reversePath `local@domain`, or empty for `<>`
    Transaction begin(Client client, String reversePath);

    /// Who sends.
    record Client(Optional<Principal> principal, String sessionId) {}

    /// One mail transaction (RFC 5321 §3.3), for one thread. Closed without [#deliver] it leaves nothing behind.
    interface Transaction extends AutoCloseable {
        /// Adds one recipient, or refuses it.
        ///
        /// @param forwardPath `local@domain`, or `postmaster` alone
        void addRecipient(String forwardPath);

        /// Where the content goes, as it comes: without dot-stuffing, with CRLF line ends.
        ///
        /// @param received the trace field that belongs on top, with its CRLF
        MessageSink content(String received);

        /// All octets have come. Durable when it returns.
        ///
        /// @return the reply that tells the client so
        Reply deliver() throws IOException;

        @Override
        void close();
    }

    /// Takes the octets of a message.
    interface MessageSink {
        void write(byte[] octets, int offset, int length) throws IOException;
    }
}
