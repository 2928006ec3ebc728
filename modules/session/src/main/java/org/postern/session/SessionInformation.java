package org.postern.session;

import java.net.InetAddress;
import java.time.Instant;
import java.util.Optional;
import org.postern.auth.Principal;

/// A live session, for the operator.
///
/// @param mechanism of the login that succeeded, or of the last that failed
/// @param client what the program calls itself, in its own words
public record SessionInformation(
        String id,
        String listener,
        InetAddress remote,
        Instant started,
        Phase phase,
        Optional<TlsFacts> tls,
        Optional<Principal> principal,
        Optional<String> mechanism,
        Optional<String> client) {
    /// The address of the account that is logged in.
    public Optional<String> account() {
        return principal.map(Principal::address);
    }
}
