package org.postern.auth;

import java.net.InetAddress;
import java.time.Duration;

/// Where a login comes from.
public interface LoginSource {
    InetAddress address();

    /// What is spoken: `imap`, `pop3`, `submission`.
    String protocol();

    /// Waits on the session's own thread.
    /// @return false if the session ends meanwhile: nobody waits for the answer any more
    boolean pause(Duration duration);
}
