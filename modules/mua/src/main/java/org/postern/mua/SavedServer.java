package org.postern.mua;

import java.time.Instant;

/// A server that an account has been set up with.
///
/// @param freshUntil when signed SRV records are looked up again; of no meaning for others
public record SavedServer(Server server, Instant freshUntil) {
    public static SavedServer of(Server server, Instant now) {
        return new SavedServer(server, now.plus(server.timeToLive()));
    }
}
