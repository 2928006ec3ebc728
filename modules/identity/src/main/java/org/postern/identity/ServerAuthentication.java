package org.postern.identity;

import java.security.cert.X509Certificate;
import java.util.List;

/// Judges the server at the other end of a handshake: the face of this module for a client.
///
/// ```java
/// ReferenceIdentifiers references = ReferenceIdentifiers.forHost("mail.example.org");  // before connecting
/// PathPolicy policy = PathPolicy.at(Instant.now(), TrustAnchors.ofRuntime());
///
/// PkixResult pkix = ServerAuthentication.pkix(chain, references, policy);
/// DaneResult dane = ServerAuthentication.dane(chain, tlsaRecords, references, policy);
///
/// if (pkix instanceof PkixResult.WrongName wrong) {
///     report(wrong.name().comparisons());   // which identifier failed by which section of which RFC
/// }
/// ```
///
/// Both are pure functions: same input, same answer; nothing is fetched, no clock is read. Neither decides what a
/// client does about the two answers together: that depends on its policy.
public final class ServerAuthentication {
    private ServerAuthentication() {}

    /// A valid path to one of the policy's anchors, and then a name (RFC 5280 §6, RFC 9525 §6).
    ///
    /// @param presented what the server sent, its own certificate first, the rest in any order
    public static PkixResult pkix(List<X509Certificate> presented, ReferenceIdentifiers references, PathPolicy policy) {
        return switch (CertificationPaths.find(presented, policy)) {
            case PathResult.Invalid invalid -> new PkixResult.InvalidPath(invalid);
            case PathResult.Valid valid ->
                switch (NameMatch.of(references, PresentedIdentifiers.of(presented.getFirst()))) {
                    case NameMatch.Matched matched -> new PkixResult.Authenticated(valid, matched);
                    case NameMatch.Unmatched unmatched -> new PkixResult.WrongName(valid, unmatched);
                };
        };
    }

    /// The path alone, whoever the certificate names.
    public static PathResult path(List<X509Certificate> presented, PathPolicy policy) {
        return CertificationPaths.find(presented, policy);
    }

    /// The records of a secure TLSA RRset against what was presented (RFC 6698, RFC 7671).
    ///
    /// @param records of a TLSA RRset that is secure; never of any other
    /// @param references for usages 0 to 2: the TLSA base domain first, and in mail the domain whose SRV record led
    ///     here (RFC 7671 §10.2, RFC 7673 §4.1)
    /// @param policy its anchors count for usages 0 and 1, its time for 0 to 2
    public static DaneResult dane(
            List<X509Certificate> presented,
            List<TlsaRecord> records,
            ReferenceIdentifiers references,
            PathPolicy policy) {
        if (presented.isEmpty()) {
            return new DaneResult.Refused(Rule.NOTHING_TO_VALIDATE, List.of());
        }
        return new DaneCheck(presented, policy, references).judge(records);
    }
}
