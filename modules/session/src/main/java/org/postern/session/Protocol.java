package org.postern.session;

import java.io.IOException;
import java.util.List;

/// A protocol served on a listener. One instance serves all its sessions; each session has a virtual thread of its own.
public interface Protocol {
    /// Short lower-case name for logs, metrics and ALPN decisions: `imap`, `pop3`, `submission`.
    String name();

    /// ALPN names of the protocol (RFC 7301); empty where none is registered.
    default List<String> applicationProtocols() {
        return List.of();
    }

    /// Whether clients log in, and so may be asked for a certificate.
    default boolean hasLogins() {
        return true;
    }

    /// Runs one session from greeting to end. Returning ends it in order (flush, close_notify, close).
    /// An [IOException] ends it without a word; anything else is logged with the session id.
    void serve(Connection connection) throws IOException;

    /// The bytes, ending in CRLF, that tell the client why the server ends the session now
    /// (`* BYE …`, `421 4.3.2 …`, `-ERR …`). Written by the session layer where the protocol is not in control
    /// (deadline passed, too many connections, server stopping while the session waits).
    byte[] farewell(EndReason reason);
}
