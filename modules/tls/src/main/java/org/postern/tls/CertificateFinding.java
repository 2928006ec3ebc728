package org.postern.tls;

/// What the [CertificateLint] found in one respect.
///
/// @param subject the certificate's first name, or the name that is to be covered
/// @param text what is wrong and what to do, or why it is as it should be; one line
public record CertificateFinding(Check check, String subject, State state, String text) {
    public enum Check {
        /// it has begun, and does not end soon
        TERM,
        /// clients get from it to an authority that they know
        CHAIN,
        /// it is that of the private key, and strong enough
        KEY,
        /// it may be used by a TLS server
        USAGE,
        /// each host and mail domain is named by a certificate (R7817-8)
        DNS_ID,
        /// each service of a mail domain is named by a certificate (R7817-9)
        SRV_ID
    }

    public enum State {
        OK,
        /// Clients refuse it, or will, or some may.
        WRONG,
        /// Cannot be had from this issuer, or cannot be told from here: no fault.
        NOT_AVAILABLE
    }
}
