package org.postern.mua;

/// Which answers of DANE and PKIX together are enough (K1 of docs/requirements.tsv).
public enum Policy {
    /// TLSA records only ever add to PKIX: whoever wants to deceive has to own a CA and the DNS (SEED-26 to
    /// SEED-28)
    STRICT,
    /// as RFC 7671, 7673 and 8314 have it: a record of usage 2 or 3 is enough
    STANDARD
}
