package org.postern.resolver;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

/// How a [Resolver] works.
///
/// @param upstreams asked in this order; the one that answered last is asked first
/// @param deadline for a whole lookup, all aliases, keys and retries included
/// @param cacheEntries messages that are kept, at most
/// @param trustedPath whether the way to all the upstreams cannot be tampered with and they validate: then their AD
///     bit is the
///     verdict and nothing is validated here. For a validating resolver on this very host, or behind a tunnel.
/// @param clock by which signatures are valid
public record ResolverSettings(
        List<Upstream> upstreams,
        TrustAnchorFile anchors,
        Duration deadline,
        int cacheEntries,
        boolean trustedPath,
        Clock clock) {
    public ResolverSettings {
        upstreams = List.copyOf(upstreams);
        if (upstreams.isEmpty()) {
            throw new IllegalArgumentException("no resolver to ask: at least one address is needed");
        }
        if (deadline.isNegative() || deadline.isZero()) {
            throw new IllegalArgumentException("the deadline of a lookup must be positive: " + deadline);
        }
    }

    /// IANA's anchors, 10 seconds, 10,000 messages, nobody trusted.
    public static ResolverSettings of(List<Upstream> upstreams) {
        return new ResolverSettings(
                upstreams, TrustAnchorFile.ofIana(), Duration.ofSeconds(10), 10_000, false, Clock.systemUTC());
    }

    public ResolverSettings withAnchors(TrustAnchorFile others) {
        return new ResolverSettings(upstreams, others, deadline, cacheEntries, trustedPath, clock);
    }

    public ResolverSettings withDeadline(Duration other) {
        return new ResolverSettings(upstreams, anchors, other, cacheEntries, trustedPath, clock);
    }

    public ResolverSettings withTrustedPath(boolean trusted) {
        return new ResolverSettings(upstreams, anchors, deadline, cacheEntries, trusted, clock);
    }

    public ResolverSettings withClock(Clock other) {
        return new ResolverSettings(upstreams, anchors, deadline, cacheEntries, trustedPath, other);
    }

    public ResolverSettings withCacheEntries(int entries) {
        return new ResolverSettings(upstreams, anchors, deadline, entries, trustedPath, clock);
    }
}
