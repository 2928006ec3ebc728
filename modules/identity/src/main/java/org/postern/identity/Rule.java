package org.postern.identity;

/// The rule that decided, with its place in the RFCs: what a report, a log line or a user's question needs.
public enum Rule {
    // Names
    DNS_ID_EQUAL("RFC 9525 §6.3", "all labels are equal, without regard to case"),
    DNS_ID_WILDCARD("RFC 9525 §6.3", "the wildcard stands for exactly the left-most label"),
    DNS_ID_DIFFERS("RFC 9525 §6.3", "the names differ"),
    WILDCARD_NOT_WHOLE_LABEL("RFC 9525 §6.3", "a wildcard is one whole left-most label, or the identifier is ignored"),
    WILDCARD_TOO_WIDE("RFC 9525 §7.1", "a wildcard directly below a top-level domain or the root is ignored"),
    NAME_MALFORMED("RFC 5280 §4.2.1.6", "the presented name is not in the preferred syntax of a host name"),
    SRV_ID_EQUAL("RFC 9525 §6.5.1", "service and domain are equal"),
    SRV_ID_DIFFERS("RFC 9525 §6.5.1", "an SRV-ID counts for its own service and its own domain together"),
    IP_ID_EQUAL("RFC 9525 §6.4", "the octets of the addresses are equal"),
    IP_ID_DIFFERS("RFC 9525 §6.4", "the octets of the addresses differ"),
    OTHER_KIND("RFC 9525 §6.1", "identifiers of different kinds are never compared"),
    URI_ID_NEVER("RFC 7817 §3", "a URI-ID is never used for mail"),
    NOTHING_PRESENTED("RFC 9525 §6.2", "the certificate presents no identifier (a common name is none)"),

    // The certification path
    PATH_VALID("RFC 5280 §6.1", "the certification path is valid"),
    NOTHING_TO_VALIDATE("RFC 5280 §6.1", "the server presented no certificate"),
    NO_PATH("RFC 5280 §6.1", "no path leads to a trust anchor"),
    SEARCH_BOUND("RFC 5280 §6.1", "the chain asks for more work than the search for a path does"),
    SIGNATURE_INVALID("RFC 5280 §6.1.3 (a)(1)", "the issuer's key did not make the signature"),
    NOT_YET_VALID("RFC 5280 §6.1.3 (a)(2)", "the certificate is not valid yet"),
    EXPIRED("RFC 5280 §6.1.3 (a)(2)", "the certificate has expired"),
    REVOKED("RFC 5280 §6.1.3 (a)(3)", "the certificate was revoked"),
    REVOCATION_UNKNOWN("RFC 5280 §6.1.3 (a)(3)", "nothing usable tells whether the certificate was revoked"),
    NAME_CONSTRAINT("RFC 5280 §6.1.3 (b)(c)", "an issuer may not name this subject"),
    SRV_NAME_CONSTRAINT("RFC 4985 §4", "an issuer may not name this service"),
    NAME_CONSTRAINT_UNKNOWN("RFC 5280 §4.2.1.10", "a critical name constraint has a form that is not understood"),
    NOT_A_CA("RFC 5280 §6.1.4 (k)", "the issuer's certificate is not that of an authority"),
    PATH_LENGTH("RFC 5280 §6.1.4 (l)(m)", "an issuer may not have so many authorities below it"),
    KEY_CERT_SIGN("RFC 5280 §6.1.4 (n)", "the issuer's key is not for signing certificates"),
    CRITICAL_EXTENSION("RFC 5280 §6.1.4 (o)", "a critical extension is not understood"),
    POLICY("RFC 5280 §6.1.5 (g)", "the certificate policies leave no valid policy"),
    EXTENDED_KEY_USAGE("RFC 5280 §4.2.1.12", "the certificate is not for this end of TLS"),
    KEY_USAGE("RFC 5280 §4.2.1.3", "the key is not for TLS"),
    WEAK_KEY("RFC 9325 §4.5", "the key is too short"),
    WEAK_SIGNATURE("RFC 9325 §4.5", "the signature uses a broken digest"),
    MALFORMED("RFC 5280 §4.1", "the certificate cannot be read"),

    // TLSA
    DANE_EE("RFC 7671 §5.1", "the server's own certificate or key matches; names and dates do not count"),
    DANE_TA("RFC 7671 §5.2", "a path leads to the matching trust anchor, and the name is right"),
    PKIX_EE("RFC 7671 §5.3", "the server's own certificate or key matches, and PKIX accepts it"),
    PKIX_TA("RFC 7671 §5.4", "an authority on a path that PKIX accepts matches"),
    TLSA_NO_MATCH("RFC 6698 §2.1", "the record matches nothing that the server presented"),
    TLSA_PATH_INVALID("RFC 7671 §5.2", "the trust anchor matches, but the path to it is invalid"),
    TLSA_NAME("RFC 7671 §5.2", "the trust anchor matches, but the certificate names somebody else"),
    TLSA_PKIX("RFC 6698 §2.1.1", "the record matches, but PKIX does not accept the certificate"),
    TLSA_UNKNOWN_USAGE("RFC 6698 §4.1", "the certificate usage is unknown: unusable"),
    TLSA_UNKNOWN_SELECTOR("RFC 6698 §4.1", "the selector is unknown: unusable"),
    TLSA_UNKNOWN_MATCHING_TYPE("RFC 6698 §4.1", "the matching type is unknown: unusable"),
    TLSA_MALFORMED("RFC 6698 §4.1", "the association data is malformed: unusable"),
    TLSA_WEAKER_DIGEST("RFC 7671 §9", "a stronger digest for the same usage and selector is present");

    private final String source;
    private final String text;

    Rule(String source, String text) {
        this.source = source;
        this.text = text;
    }

    /// Where it stands, as `RFC 9525 §6.3`.
    public String source() {
        return source;
    }

    /// What it says, in a few words.
    public String text() {
        return text;
    }

    @Override
    public String toString() {
        return text + " (" + source + ")";
    }
}
