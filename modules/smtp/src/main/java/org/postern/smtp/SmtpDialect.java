package org.postern.smtp;

/// The two protocols that share one grammar.
public enum SmtpDialect {
    /// RFC 5321: one answer for a message.
    SMTP,
    /// RFC 2033: LHLO in place of EHLO, and after the data one answer for each recipient that was accepted.
    LMTP
}
