package org.postern.session;

import java.util.List;
import java.util.Optional;

/// What a client asked for in its ClientHello. Its own words: only characters that can stand in a log were taken over.
///
/// @param versions the highest first, as `TLSv1.3`
/// @param applicationProtocols the names that it offered by ALPN, eight at most
public record HandshakeOffer(List<String> versions, Optional<String> serverName, List<String> applicationProtocols) {
    public HandshakeOffer {
        versions = List.copyOf(versions);
        applicationProtocols = List.copyOf(applicationProtocols);
    }
}
