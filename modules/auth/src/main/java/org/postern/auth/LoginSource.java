package org.postern.auth;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Where a login comes from.
public interface LoginSource {
    InetAddress address();

    /// What is spoken: `imap`, `pop3`, `submission`.
    String protocol();

    /// What this connection's TLS can bind a login to, by type; empty where nothing. They are the same
    /// throughout the connection, and secret.
    Map<ChannelBinding, byte[]> channelBindings();

    /// True once a login that was bound to the channel has failed: the binding is good for one exchange alone.
    boolean channelBindingSpent();

    /// The certificate that the client has shown, with its chain; empty where it has none.
    default List<X509Certificate> clientCertificates() {
        return List.of();
    }

    /// Waits on the session's own thread.
    /// @return false if the session ends meanwhile: nobody waits for the answer any more
    boolean pause(Duration duration);
}
