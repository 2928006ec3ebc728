package org.postern.session;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.postern.auth.Principal;

/// What remains of a session: one for each connection that was accepted, failed handshakes included (R8314-31).
///
/// @param remote the client's address
/// @param proxy through which it came, and by whose word the address, and TLS where it ended there, are known
/// @param offered what the client asked for in a handshake that failed
/// @param mechanism of the login that succeeded, or of the last that failed
/// @param client what the program calls itself, in its own words
/// @param detail more on the end, as the TLS engine's words about a failed handshake
public record SessionRecord(
        String id,
        String listener,
        String protocol,
        InetAddress remote,
        Optional<InetAddress> proxy,
        Instant started,
        Duration duration,
        Optional<TlsFacts> tls,
        Optional<HandshakeOffer> offered,
        Optional<Principal> principal,
        Optional<String> mechanism,
        Optional<String> client,
        int failedLogins,
        long commands,
        long octetsIn,
        long octetsOut,
        EndReason end,
        Optional<String> detail) {}
