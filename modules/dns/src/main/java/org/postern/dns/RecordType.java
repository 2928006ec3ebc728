package org.postern.dns;

/// The types of records that Postern publishes or looks at.
public enum RecordType {
    A,
    AAAA,
    CAA,
    CDNSKEY,
    CDS,
    CNAME,
    DNSKEY,
    DS,
    MX,
    NS,
    SOA,
    SRV,
    TLSA,
    TXT
}
