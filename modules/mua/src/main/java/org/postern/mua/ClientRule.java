package org.postern.mua;

/// A rule of the client's side that decided, with its place in the RFCs; [org.postern.identity.Rule] has those on
/// certificates and TLSA records.
public enum ClientRule {
    UNREACHABLE("RFC 2782", "nobody answers there: the next server of the list is tried"),
    NO_ADDRESS("RFC 2782", "the host has no address"),

    // Ways into TLS
    STARTTLS_NOT_OFFERED("RFC 8314 §5.2", "the server does not offer STARTTLS, and nothing goes without"),
    STARTTLS_REFUSED("RFC 8314 §5.2", "the server refuses STARTTLS, and nothing goes without"),
    STARTTLS_NONSENSE("RFC 9051 §6.2.1", "the answer to STARTTLS is none of those that there are"),
    STARTTLS_INJECTED("RFC 3207 §4", "something follows the answer to STARTTLS before TLS begins"),
    NO_CAPABILITIES("RFC 8314 §5.2", "the server does not tell its capabilities, so it offers no TLS"),
    PREAUTH_IN_CLEAR("RFC 9051 §7.1.4", "PREAUTH without TLS: the mailbox could be anybody's"),
    CLEAR_ON_TLS_PORT("RFC 8314 §3", "something else than TLS comes from a port of implicit TLS"),
    CLEAR_AFTER_STARTTLS("RFC 3207 §4", "something else than TLS comes after STARTTLS"),
    HANDSHAKE_FAILED("RFC 8446 §4", "there is no TLS that both sides accept"),

    // TLS that is not enough
    VERSION_TOO_OLD("RFC 8997 §3", "TLS before 1.2 is not confidential"),
    WRONG_APPLICATION_PROTOCOL("RFC 7301 §3.2", "the server chose a protocol that was not offered"),
    NO_RENEGOTIATION_INDICATION("RFC 9325 §3.5", "TLS 1.2 without renegotiation_info"),
    NO_EXTENDED_MASTER_SECRET("RFC 9325 §3.5", "TLS 1.2 without extended_master_secret"),
    RENEGOTIATION("RFC 9325 §3.5", "the server asks for another handshake in the middle of the session"),

    // Inside of TLS
    PREAUTH("RFC 8314 §3.2", "PREAUTH although no client certificate was given"),
    GREETING_REFUSES("RFC 9051 §7.1.5", "the server does not serve now"),
    GREETING_NONSENSE("RFC 9051 §7.1", "the greeting is none of this protocol"),
    LINE_TOO_LONG("RFC 9051 §4", "the server sends more than a client has to take"),
    DEADLINE("RFC 9325 §7", "the server did not come to an end in time"),
    CONNECTION_LOST("RFC 8314 §3.4", "the connection ended"),

    // The account
    BELOW_MINIMUM("RFC 8314 §5.2", "a pin is below the account's minimum confidentiality"),
    PIN_EXCUSES_NOT("RFC 8314 §5.4", "a pin excuses a missing path, dates and names, and nothing else"),
    TLSA_GONE("RFC 7671 §11", "signed TLSA records were here before");

    private final String source;
    private final String text;

    ClientRule(String source, String text) {
        this.source = source;
        this.text = text;
    }

    /// Where it stands.
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
