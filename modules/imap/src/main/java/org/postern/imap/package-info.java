/// The IMAP access server: IMAP4rev2 (RFC 9051) beside IMAP4rev1 (RFC 3501), with ID, MULTIAPPEND, APPENDLIMIT, QUOTA,
/// CREATE-SPECIAL-USE and UTF8=ACCEPT.
///
/// In reading order, the way of a command: [ImapProtocol] (the module's face), [ImapSession] (loop, state, and the
/// table of contents), [WireReader], [CommandReader], [FetchReader], [SearchReader], [DateReader] (octets to
/// [Command]), [LoginCommands], [MailboxCommands], [MailboxLists], [MessageCommands], [AppendedOctets], [Fetch],
/// [Search] (what commands do), [Enabled] (what the client asked for), [SelectedMailbox] (what the client knows),
/// [ResponseWriter] (back to octets). [SequenceSet], [Uids], [MailboxNames] and [ListPattern] are their words.
///
/// Invariants: sizes are checked before anything is buffered; sequence numbers change only in
/// [SelectedMailbox#announce]; nothing is written to the client while the store holds a lock.
@org.jspecify.annotations.NullMarked
package org.postern.imap;
