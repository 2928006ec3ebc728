package org.postern.smtp;

/// How the engine behaves in a role.
///
/// @param hostName of this server, as the greeting and `Received` name it: an A-label domain
/// @param requireTls all but NOOP, EHLO, STARTTLS and QUIT waits for TLS (RFC 3207 §4)
/// @param requireAuthentication MAIL waits for AUTH (RFC 4954 §6)
/// @param hideClientAddress `Received` says neither address nor name of a client that has authenticated
/// @param failedLogins after so many the session ends
public record SmtpSettings(
        SmtpDialect dialect,
        String hostName,
        long maximumMessageOctets,
        int maximumRecipients,
        boolean requireTls,
        boolean requireAuthentication,
        boolean hideClientAddress,
        int failedLogins) {
    public SmtpSettings {
        if (!SmtpCommandReader.isDomain(hostName)) {
            throw new IllegalArgumentException("not a host name: \"" + hostName + "\" (expected as mail.example.org)");
        }
    }
}
