package org.postern.pop3;

import java.time.Duration;

/// What the operator decides about POP3.
///
/// @param failedLogins after so many the session ends
/// @param afterLogin how long one wait for the client may take after login; a client that is lost keeps
///   its maildrop locked for so long
public record Pop3Settings(int failedLogins, Duration afterLogin) {
    /// RFC 1939 §3: the autologout timer is at least 10 minutes.
    public static final Duration LEAST_AFTER_LOGIN = Duration.ofMinutes(10);

    public static final Pop3Settings DEFAULT = new Pop3Settings(3, LEAST_AFTER_LOGIN);
}
