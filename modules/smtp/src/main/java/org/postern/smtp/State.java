package org.postern.smtp;

import java.util.List;

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
    /// @param recipients those that were accepted: grows with each RCPT
    record InTransaction(Greeted greeted, SmtpRole.Transaction transaction, List<ForwardPath> recipients)
            implements State {}

    record Ended() implements State {}
}
