package org.postern.imap;

import org.postern.auth.Principal;

/// Where a session stands (RFC 3501 §3), with what belongs to it.
sealed interface State {
    /// Before login; `failures` logins were refused so far.
    record NotAuthenticated(int failures) implements State {}

    record Authenticated(Principal principal) implements State {}

    record Selected(Principal principal, SelectedMailbox mailbox) implements State {}

    record Logout() implements State {}
}
