package org.postern.smtp;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.postern.auth.Principal;

/// What a server is for: it judges senders and recipients and takes the messages. The engine knows the
/// dialogue, the role the mail. Every refusal is a thrown [SmtpRefusal]; anything else that is thrown is a
/// fault, logged and answered 451.
public interface SmtpRole {
    /// Who is at the other end.
    ///
    /// @param principal present wherever [SmtpSettings#requireAuthentication] is set
    record Client(String sessionId, InetAddress address, Optional<Principal> principal) {}

    /// Begins a transaction.
    /// @param reversePath empty for `<>`
    Transaction begin(Client client, Optional<MailAddress> reversePath, MailParameters parameters);

    /// One message on its way in. Used by the session's thread; closed in every case, delivered or not.
    interface Transaction extends AutoCloseable {
        void addRecipient(ForwardPath recipient, RecipientParameters parameters);

        /// Called once, when at least one recipient was accepted.
        /// @param received the trace field to put on top, CRLF included, one char per octet
        MessageSink openMessage(String received);

        /// The message is complete: on return the server answers for it (RFC 5321 §6.1).
        ///
        /// @return for each recipient, in the order in which they were accepted, why it did not get the
        ///   message, or empty where it did. In SMTP, which has one answer for all, a role delivers to all or
        ///   throws; in LMTP what it throws is the answer for all
        List<Optional<SmtpRefusal>> deliver();

        @Override
        void close();
    }
}
