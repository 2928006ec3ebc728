package org.postern.audit;

import java.time.Clock;
import java.time.Duration;
import org.postern.identity.TrustAnchors;
import org.postern.mua.Policy;

/// How an [Audit] looks.
///
/// @param policy whose decision counts for [AuditReport#passed]; both are reported
/// @param allowPrivate whether addresses that are not public may be connected to
/// @param patience for one visit
public record AuditSettings(Policy policy, TrustAnchors anchors, boolean allowPrivate, Duration patience, Clock clock) {
    /// The anchors of the Java runtime, public addresses, 20 seconds.
    public static AuditSettings of(Policy policy) {
        return new AuditSettings(policy, TrustAnchors.ofRuntime(), false, Duration.ofSeconds(20), Clock.systemUTC());
    }

    public AuditSettings withAnchors(TrustAnchors others) {
        return new AuditSettings(policy, others, allowPrivate, patience, clock);
    }

    public AuditSettings withPrivateAddresses(boolean allowed) {
        return new AuditSettings(policy, anchors, allowed, patience, clock);
    }
}
