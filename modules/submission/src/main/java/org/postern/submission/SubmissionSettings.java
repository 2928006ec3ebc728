package org.postern.submission;

/// What the operator decides about submission.
///
/// @param hostName of this server, an A-label domain
/// @param maximumRecipients of one message
/// @param failedLogins after so many a session ends
/// @param hideClientAddress true to keep the submitter's address and computer name out of `Received`
public record SubmissionSettings(
        String hostName,
        long maximumMessageOctets,
        int maximumRecipients,
        int failedLogins,
        boolean hideClientAddress) {
    public static SubmissionSettings of(String hostName) {
        return new SubmissionSettings(hostName, 50L * 1024 * 1024, 100, 3, true);
    }
}
