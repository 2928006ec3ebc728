/// The message submission agent (RFC 6409): takes mail of users who have logged in, for addresses that they own.
///
/// In reading order: [SubmissionProtocol] (the module's face), [Submission] (one transaction), [Originator] (what
/// the header must say and what is added or taken away).
///
/// Invariants: nobody sends without a login, nor under an address that is not theirs; all recipients of a message
/// get it in one commit, or none does.
@org.jspecify.annotations.NullMarked
package org.postern.submission;
