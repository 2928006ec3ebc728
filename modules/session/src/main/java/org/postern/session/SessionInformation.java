package org.postern.session;

import java.net.InetAddress;
import java.time.Instant;
import java.util.Optional;

/// A live session, for the operator.
public record SessionInformation(
        String id,
        String listener,
        InetAddress remote,
        Instant started,
        Phase phase,
        Optional<TlsFacts> tls,
        Optional<String> account) {}
