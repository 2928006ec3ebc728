package org.postern.smtp;

/// What the operator decides about a listener that speaks SMTP.
///
/// @param hostName the server's name in greetings and Received
/// @param messageOctets the largest message (SIZE)
/// @param recipients of one message
/// @param failedLogins after so many the session ends
/// @param hideClientAddress true to keep the client's address and name out of Received
public record SmtpSettings(
        String hostName, long messageOctets, int recipients, int failedLogins, boolean hideClientAddress) {
    public static SmtpSettings of(String hostName) {
        return new SmtpSettings(hostName, 50L * 1024 * 1024, 100, 3, true);
    }
}
