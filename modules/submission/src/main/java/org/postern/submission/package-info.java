/// The message submission agent (RFC 6409): mail from accounts of this server, on implicit TLS and after
/// STARTTLS alike. An account sends only as itself, in the envelope and in the header, and to mailboxes of
/// this server; what the RFC asks a submission server to mend in a message is mended here.
///
/// In reading order: [SubmissionProtocol] (the face) with [SubmissionSettings], [SubmissionRole] (who may
/// begin), [Submission] (recipients, delivery), [DeliveryReport] (what the sender is told of it),
/// [SubmittedHeader] (fields: judged, removed, added), [MailboxListReader] and [Originators] (whom the header names).
///
/// Invariants: nothing is accepted without a login; every address in From and Sender is the account's own,
/// or nothing is delivered; one message is delivered to all its recipients in one commit, or to none; what
/// is not mended stays octet for octet.
@org.jspecify.annotations.NullMarked
package org.postern.submission;
