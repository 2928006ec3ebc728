package org.postern.identity;

import java.time.Instant;
import java.util.List;

/// What a certification path is held against: anchors, moment, and what is known of revocations. Nothing is
/// fetched and no clock is read, so the same input gives the same answer for ever.
///
/// @param ocspResponses responses in DER, as stapled to the handshake (RFC 6066 §8, RFC 8446 §4.4.2.1)
/// @param certificateRevocationLists CRLs in DER or PEM
public record PathPolicy(
        TrustAnchors anchors,
        Instant time,
        Purpose purpose,
        Revocation revocation,
        List<byte[]> ocspResponses,
        List<byte[]> certificateRevocationLists) {
    /// Whose certificate it is.
    public enum Purpose {
        SERVER,
        CLIENT
    }

    /// What it takes to believe that a certificate was not revoked.
    public enum Revocation {
        /// a usable response or list that says "revoked" refuses; silence passes
        WHERE_PRESENTED,
        /// the server's own certificate needs a usable response or list that says it is good
        REQUIRED_FOR_SERVER,
        /// every certificate below the anchor needs one
        REQUIRED
    }

    public PathPolicy {
        ocspResponses = List.copyOf(ocspResponses);
        certificateRevocationLists = List.copyOf(certificateRevocationLists);
    }

    public static PathPolicy at(Instant time, TrustAnchors anchors) {
        return new PathPolicy(anchors, time, Purpose.SERVER, Revocation.WHERE_PRESENTED, List.of(), List.of());
    }

    public PathPolicy withAnchors(TrustAnchors others) {
        return new PathPolicy(others, time, purpose, revocation, ocspResponses, certificateRevocationLists);
    }

    /// For the certificate of a client that logs in.
    public PathPolicy forClients() {
        return new PathPolicy(anchors, time, Purpose.CLIENT, revocation, ocspResponses, certificateRevocationLists);
    }

    public PathPolicy withRevocation(Revocation required, List<byte[]> responses, List<byte[]> lists) {
        return new PathPolicy(anchors, time, purpose, required, responses, lists);
    }
}
