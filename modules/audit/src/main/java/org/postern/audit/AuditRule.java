package org.postern.audit;

/// What can be wrong with a mail domain as its users' clients see it.
public enum AuditRule {
    // What the domain says
    NOTHING_OFFERED(
            Severity.ERROR,
            "RFC 6186 §3",
            "no SRV record offers any mail service",
            "publish SRV records; without them every user has to type names and ports"),
    SRV_FAILED(
            Severity.ERROR,
            "RFC 7673 §3.1",
            "the SRV records are bogus or cannot be had: a client stops here",
            "mend the zone's signatures or its name servers"),
    SRV_FAULTY(
            Severity.ERROR,
            "RFC 2782",
            "an SRV record that no client may follow",
            "a target is a host name with a port; \".\" stands alone"),
    SRV_ALIAS(
            Severity.ERROR,
            "RFC 2782",
            "the target of an SRV record is an alias",
            "name the host that the CNAME leads to"),
    SRV_UNSIGNED(
            Severity.WARNING,
            "RFC 8314 §5.1",
            "the SRV records are not signed: anybody on the way can send a client elsewhere",
            "sign the zone with DNSSEC"),
    NOT_SAID(
            Severity.WARNING,
            "RFC 6186 §3.4",
            "the domain does not say whether it offers the service",
            "publish the service, or \"0 0 0 .\" where it is not offered"),
    NO_IMPLICIT_TLS(
            Severity.WARNING,
            "RFC 8314 §3",
            "the protocol is offered with STARTTLS only",
            "offer implicit TLS, at the better priority"),
    STARTTLS_PREFERRED(
            Severity.WARNING,
            "RFC 8314 §3",
            "STARTTLS has a better priority than implicit TLS",
            "give the records of implicit TLS the lower number"),
    MX_ABSENT(
            Severity.NOTE,
            "RFC 8314 §4.5.1",
            "the domain has no MX record: other servers deliver to its own address, if it has one",
            "publish MX records, or \"0 .\" where it takes no mail (RFC 7505)"),
    MX_UNSIGNED(
            Severity.NOTE,
            "RFC 8314 §4.5.1",
            "the MX records are not signed: mail for the domain can be led elsewhere on its way",
            "sign the zone with DNSSEC"),
    SMTPS_LABEL(
            Severity.WARNING,
            "RFC 8314 §7.3",
            "_smtps._tcp is the label of no service",
            "publish _submissions._tcp and remove it"),

    // Where its hosts are
    ADDRESS_FAILED(
            Severity.ERROR,
            "RFC 7673 §3.2",
            "the addresses are bogus or cannot be had",
            "mend the zone's signatures or its name servers"),
    NO_ADDRESS(Severity.ERROR, "RFC 2782", "the host has no address", "publish A or AAAA records of the host"),
    PRIVATE_ADDRESS(
            Severity.ERROR,
            "RFC 6890 §2.2",
            "the address is not a public one, and was not connected to",
            "publish public addresses; to audit a server of one's own: --allow-private"),
    UNREACHABLE(Severity.ERROR, "RFC 6186 §4", "nobody answers", "let the server listen there, or withdraw the record"),

    // TLSA
    TLSA_FAILED(
            Severity.ERROR,
            "RFC 7673 §3.4",
            "the TLSA records are bogus or cannot be had: a client stops here",
            "mend the zone's signatures or its name servers"),
    TLSA_MISMATCH(
            Severity.ERROR,
            "RFC 6698 §4.1",
            "no TLSA record matches what the server presents: clients see an attack",
            "publish the records of the present key, and the next ones before a change"),
    TLSA_UNSIGNED(
            Severity.ERROR,
            "RFC 8314 §4.5.4",
            "TLSA records that are not signed prove nothing",
            "sign the zone of the host with DNSSEC, or withdraw them"),
    TLSA_UNUSABLE(
            Severity.WARNING,
            "RFC 6698 §4.1",
            "no TLSA record is of a kind that clients can use",
            "publish \"3 1 1\" or \"2 1 1\" records"),
    TLSA_ABSENT(
            Severity.NOTE,
            "RFC 8314 §4.5.4",
            "there are no TLSA records, though the zone is signed",
            "publish the digest of the server's key, \"3 1 1\""),

    // What its servers do
    STARTTLS_MISSING(
            Severity.ERROR,
            "RFC 8314 §5.2",
            "the server does not offer STARTTLS: no client may log in",
            "switch STARTTLS on, and look for a middlebox that removes it"),
    TLS_WEAK(
            Severity.ERROR,
            "RFC 8997 §3",
            "there is no TLS that a client accepts",
            "offer TLS 1.2 and 1.3 as RFC 9325 says"),
    TLS_OLD(
            Severity.ERROR,
            "RFC 8997 §3",
            "the server still agrees to TLS before 1.2",
            "set the oldest version to TLS 1.2"),
    LOGIN_BEFORE_TLS(
            Severity.ERROR, "RFC 8314 §4.1", "the server lets clients log in before TLS", "offer no login without TLS"),
    PROTOCOL_FAULT(
            Severity.ERROR,
            "RFC 6186 §3",
            "the server does not speak the protocol as it should",
            "look whether the right service is behind the port"),

    // Whom its certificates name
    CERTIFICATE_DATES(
            Severity.ERROR,
            "RFC 5280 §6.1.3",
            "the certificate has expired or is not valid yet",
            "renew it, and renew in time by itself"),
    CERTIFICATE_ENDS_SOON(
            Severity.WARNING,
            "RFC 5280 §4.1.2.5",
            "the certificate ends within a fortnight",
            "renew it, and look why that did not happen by itself"),
    CERTIFICATE_UNTRUSTED(
            Severity.ERROR,
            "RFC 5280 §6.1",
            "no path leads from the certificate to an authority that clients trust",
            "take a certificate of a public authority, and serve the chain with it"),
    CERTIFICATE_NAME(
            Severity.ERROR,
            "RFC 7817 §3",
            "the certificate does not name what clients look for",
            "take a certificate with the names of the mail domain and of the host"),
    CERTIFICATE_UNFIT(
            Severity.ERROR,
            "RFC 5280 §6.1",
            "the certificate is not one for this use",
            "take a certificate for TLS servers with a strong key that was not revoked"),
    NEEDS_CONFIRMATION(
            Severity.WARNING,
            "RFC 7817 §3",
            "only the user can say that this host is the right one: the SRV record is unsigned, and the certificate"
                    + " does not name the mail domain",
            "sign the zone, or take a certificate that names the mail domain too");

    /// How bad it is.
    public enum Severity {
        /// a client has to refuse, or a user is not safe
        ERROR,
        /// it works, and should not stay so
        WARNING,
        /// could be better
        NOTE
    }

    private final Severity severity;
    private final String source;
    private final String text;
    private final String remedy;

    AuditRule(Severity severity, String source, String text, String remedy) {
        this.severity = severity;
        this.source = source;
        this.text = text;
        this.remedy = remedy;
    }

    public Severity severity() {
        return severity;
    }

    /// Where it stands, as `RFC 8314 §3`.
    public String source() {
        return source;
    }

    /// What is wrong, in a few words.
    public String text() {
        return text;
    }

    /// What the operator can do.
    public String remedy() {
        return remedy;
    }
}
