package org.postern.mua;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.postern.identity.PathPolicy;
import org.postern.identity.TrustAnchors;

/// How a [MailClient] judges.
///
/// @param revocation what it takes to believe that a certificate was not revoked
/// @param certificateRevocationLists that the caller has fetched; stapled OCSP responses come with the handshake
/// @param patience for one visit, up to the judgement
public record MailClientSettings(
        Policy policy,
        TrustAnchors anchors,
        PathPolicy.Revocation revocation,
        List<byte[]> certificateRevocationLists,
        Duration patience,
        Clock clock) {
    public MailClientSettings {
        certificateRevocationLists = List.copyOf(certificateRevocationLists);
        if (patience.isNegative() || patience.isZero()) {
            throw new IllegalArgumentException("the patience for a visit must be positive: " + patience);
        }
    }

    /// The anchors of the Java runtime, 30 seconds.
    public static MailClientSettings of(Policy policy) {
        return new MailClientSettings(
                policy,
                TrustAnchors.ofRuntime(),
                PathPolicy.Revocation.WHERE_PRESENTED,
                List.of(),
                Duration.ofSeconds(30),
                Clock.systemUTC());
    }

    public MailClientSettings withAnchors(TrustAnchors others) {
        return new MailClientSettings(policy, others, revocation, certificateRevocationLists, patience, clock);
    }

    public MailClientSettings withPatience(Duration other) {
        return new MailClientSettings(policy, anchors, revocation, certificateRevocationLists, other, clock);
    }

    public MailClientSettings withClock(Clock other) {
        return new MailClientSettings(policy, anchors, revocation, certificateRevocationLists, patience, other);
    }

    PathPolicy trust() {
        return PathPolicy.at(clock.instant(), anchors)
                .withRevocation(revocation, List.of(), certificateRevocationLists);
    }
}
