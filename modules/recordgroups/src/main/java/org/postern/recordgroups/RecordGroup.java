package org.postern.recordgroups;

import java.util.Locale;

/// Records that are wanted together.
public enum RecordGroup {
    /// servers that take mail for the domain (RFC 5321 §5)
    MX,
    /// hosts that may send it (RFC 7208)
    SPF,
    /// keys that sign it (RFC 6376)
    DKIM,
    /// what becomes of mail that is neither (RFC 7489)
    DMARC,
    /// that servers which deliver to the domain use TLS (RFC 8461). Of no meaning to mail clients (N-4).
    MTA_STS,
    /// where reports of that go (RFC 8460)
    TLSRPT,
    /// the name below which mail programs look for settings
    AUTOCONFIG;

    /// As `mta-sts`.
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
