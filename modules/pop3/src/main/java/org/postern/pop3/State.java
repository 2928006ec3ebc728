package org.postern.pop3;

import java.util.Optional;

/// Where a session stands (RFC 1939 §3), with what belongs to it. The UPDATE state is no state of its own
/// here: it begins and ends within QUIT.
sealed interface State {
    /// Before login.
    ///
    /// @param failures logins that were refused so far
    /// @param userName what USER said, if that was the last command
    record Authorization(int failures, Optional<String> userName) implements State {}

    record Transaction(Maildrop maildrop) implements State {}

    record Ended() implements State {}
}
