package org.postern.identity;

import java.security.cert.X509Certificate;
import java.util.List;

/// What became of the search for a valid certification path (RFC 5280 §6).
public sealed interface PathResult {
    /// One certificate that a rule refuses.
    ///
    /// @param subject whose certificate it is, as RFC 4514 writes it
    /// @param detail what exactly, for a person
    record Fault(Rule rule, String subject, String detail) {
        @Override
        public String toString() {
            return subject + ": " + rule + (detail.isEmpty() ? "" : ": " + detail);
        }
    }

    /// What is known of one certificate's revocation.
    ///
    /// @param source `OCSP` or `CRL`, with the moment up to which it speaks
    record RevocationFinding(String subject, Status status, String source) {
        public enum Status {
            GOOD,
            REVOKED,
            UNKNOWN
        }
    }

    /// A path that holds.
    ///
    /// @param path from the server's certificate to the anchor, both included; one certificate where it is itself
    ///     the
    ///     anchor. Where a bare key is the anchor (TLSA 2 1 0) the path ends below it.
    record Valid(List<X509Certificate> path, List<RevocationFinding> revocation) implements PathResult {
        public Valid {
            path = List.copyOf(path);
            revocation = List.copyOf(revocation);
        }

        @Override
        public Rule rule() {
            return Rule.PATH_VALID;
        }
    }

    /// None holds.
    ///
    /// @param fault of the path that came nearest
    /// @param others of further paths that were tried
    record Invalid(Fault fault, List<Fault> others) implements PathResult {
        public Invalid {
            others = List.copyOf(others);
        }

        @Override
        public Rule rule() {
            return fault.rule();
        }
    }

    Rule rule();
}
