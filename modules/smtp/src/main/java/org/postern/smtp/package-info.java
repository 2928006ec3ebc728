/// The SMTP engine: the server side of RFC 5321 with PIPELINING, SIZE, 8BITMIME, BINARYMIME, SMTPUTF8, CHUNKING,
/// ENHANCEDSTATUSCODES, DSN, LIMITS, STARTTLS and AUTH. What the mail is for is not its business: a role is passed in,
/// that judges senders and recipients and takes the messages.
///
/// In reading order, the way of a command: [SmtpEngine] (the face) with [SmtpSettings] and [SmtpRole], [SmtpSession]
/// (loop, [State], and the table of contents), [SmtpCommandReader], [ParameterValues] (octets to [SmtpCommand]),
/// [LoginCommands], [DataDecoder] and [ChunkDecoder] (octets to a [MessageSink]), [ReceivedField], [ReplyWriter] (back
/// to octets). [MailAddress], [MailParameters], [RecipientParameters], [MailDate], [ForwardPath], [SmtpReply] and
/// [SmtpRefusal] are their words.
///
/// Invariants: only CRLF ends a line and only CRLF "." CRLF a message; nothing of AUTH is read before TLS; STARTTLS
/// forgets all that was said before it; 250 after DATA is said when the role has answered for the message, not before.
@org.jspecify.annotations.NullMarked
package org.postern.smtp;
