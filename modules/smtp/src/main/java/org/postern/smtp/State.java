package org.postern.smtp;

import java.util.List;
import java.util.Optional;

/// Where a session stands (RFC 5321 §4.1.4), with what belongs to it.
sealed interface State {
    /// No EHLO yet, or forgotten at STARTTLS (ST-4).
    record Connected() implements State {}

    /// After EHLO or HELO.
    /// @param client what it named
    /// @param extended true after EHLO
    record Greeted(String client, boolean extended) implements State {}

    /// After MAIL.
    ///
    /// @param parameters what MAIL said
    /// @param recipients those that were accepted: grows with each RCPT
    /// @param chunks present after the first BDAT
    record InTransaction(
            Greeted greeted,
            MailParameters parameters,
            SmtpRole.Transaction transaction,
            List<ForwardPath> recipients,
            Optional<Chunks> chunks)
            implements State {
        InTransaction with(Chunks begun) {
            return new InTransaction(greeted, parameters, transaction, recipients, Optional.of(begun));
        }
    }

    /// A message that comes by BDAT, of which some chunks have come.
    /// @param id names it in the log and in the last reply
    record Chunks(String id, IncomingMessage message, ChunkDecoder decoder) {}

    record Ended() implements State {}
}
