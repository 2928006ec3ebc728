/// The POP3 access server: RFC 1939 without APOP, with CAPA (RFC 2449), STLS (RFC 2595), SASL (RFC 5034),
/// response codes (RFC 3206), UTF8 and LANG (RFC 6856).
///
/// In reading order, the way of a command: [Pop3Protocol] (the module's face) with [Pop3Settings],
/// [Pop3Session] (loop, [State], and the table of contents), [CommandReader] (a line to a [Command]),
/// [LoginCommands], [MaildropCommands] (what commands do), [Maildrop] (the messages as this session
/// counts them) with [MaildropLocks] and [MessageSizes], [ByteStuffing] and [ResponseWriter] (back to
/// octets).
///
/// Invariants: the maildrop is INBOX as it was at login: numbers and sizes stay whatever other sessions
/// do; DELE and RETR only mark, and nothing but QUIT writes (\Deleted with expunge, \Seen); no
/// credentials are looked at before TLS.
///
/// What others decide differently: a retrieved message becomes \Seen at QUIT and messages cease to be
/// \Recent at login, as Dovecot does it without `pop3_no_flag_updates`. Message octets are served as they
/// are stored, in UTF-8 mode and outside it: a header of raw UTF-8 is not refused to clients that did not
/// ask for it.
@org.jspecify.annotations.NullMarked
package org.postern.pop3;
