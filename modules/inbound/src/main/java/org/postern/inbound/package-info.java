/// Mail that a server in front hands over for the mailboxes here: LMTP (RFC 2033).
///
/// In reading order: [LmtpProtocol] (the face) with [LmtpSettings], [LmtpRole] (who may begin: anybody),
/// and [LocalDelivery] (recipients, header, delivery).
///
/// Invariants: each recipient that was accepted gets an answer of its own, and it is given when the
/// message is durable in that mailbox or will never be; those who can take a message get it in one
/// commit.
@org.jspecify.annotations.NullMarked
package org.postern.inbound;
