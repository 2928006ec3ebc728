package org.postern.session;

import java.time.Duration;

/// Deadlines of the sessions on one listener.
///
/// @param handshake from the start of TLS to its end
/// @param beforeLogin how long one wait for the client may take until it has logged in
/// @param untilLogin how long the whole way to a login may take
/// @param afterLogin how long one wait may take afterwards
/// @param write how long the client may leave a full send buffer unread
public record SessionLimits(
        Duration handshake, Duration beforeLogin, Duration untilLogin, Duration afterLogin, Duration write) {
    /// RFC 3501 §5.4 asks for 30 minutes at least; RFC 5321 §4.5.3.2.7 for 5.
    public static final SessionLimits DEFAULT = new SessionLimits(
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofMinutes(3),
            Duration.ofMinutes(31),
            Duration.ofMinutes(5));

    public SessionLimits withAfterLogin(Duration duration) {
        return new SessionLimits(handshake, beforeLogin, untilLogin, duration, write);
    }
}
