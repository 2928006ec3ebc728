package org.postern.dns;

import java.util.Locale;

/// What there is to say of published records in one respect.
///
/// @param subject a name, a record set or a zone
public record LintFinding(Check check, String subject, State state, String text) {
    /// What is looked at.
    public enum Check {
        /// whether every server has what is wanted, and nothing else of ours
        PUBLISHED,
        /// whether the name servers answer
        SERVERS,
        /// whether the zone is proved secure (R8314-46)
        DNSSEC,
        /// how long the signatures are good, and were made for (DANE-15, DANE-22)
        SIGNATURES,
        /// how long caches keep a TLSA record after an accident (DANE-15)
        TIME_TO_LIVE,
        /// whether an answer fits one packet (DANE-8)
        SIZE,
        /// TLSA records for ports that nobody thought of (DANE-25)
        WILDCARD;

        /// As `time-to-live`.
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /// How it is.
    public enum State {
        OK,
        WRONG,
        /// nothing that whoever runs this server could change
        NOT_AVAILABLE
    }
}
