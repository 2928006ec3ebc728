/// The SMTP engine (RFC 5321): grammar, dialogue, DATA, extensions, trace field. Who may send what to whom is the
/// business of the [SmtpRole] that is passed in: message submission today, local and incoming delivery later.
///
/// In reading order: [SmtpSession] (loop, state, one branch for each command), [SmtpCommand], [SmtpCommandReader],
/// [SmtpRole] (what an engine asks of its role), [DataReader] (the octets of a message), [Received], [Reply].
///
/// Invariants: no credential is read before TLS; only CRLF ends a line and only CRLF.CRLF ends a message; a message
/// is accepted when the role says that it is durable, and not before.
@org.jspecify.annotations.NullMarked
package org.postern.smtp;
