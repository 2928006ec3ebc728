/// The client's side: finds the servers of a mail domain, looks at them, and says whether a password may go there
/// (RFC 6186, 8314, 7671, 7673, 7817, 9525).
///
/// In reading order: [Discovery] (SRV records) of [Service], [Purpose] and [Protocol] gives [Found] with [Offer]s
/// and `SrvSet`s, and keeps [SavedServer]s current by [Refresh]; [Server] is one to connect to, [Target] what DNS
/// says of it. [Prober] visits and makes a [Probe] with [TlsSession] and [Capabilities]: `Dialogue` (the few words
/// of each protocol) on `Wire` (lines, deadline) and `TlsLayer`, with `HandshakeReader` beside it. [Judge] turns
/// all that into [Facts], [DecisionTable] (the outcome table, data in `outcomes.txt`) into a [Decision] with its
/// [Evidence], by [Policy], [Phase] and [Account] with its [Pin]s ([PinOffer]); [ClientRule] names what decided.
/// [MailClient] does it all and comes back with an [Attempt]: only a [Decision.Continue] holds a [MailConnection],
/// which alone takes [Credentials].
///
/// Invariants: nothing that says who the user is goes out before a decision to continue; what a server said before
/// TLS is forgotten in it; nothing is guessed, neither a host nor a port; a refusal never leads to weaker checks; a
/// pin is made in setup only, for one account and one host, and never makes a session confidential; every wait has
/// a deadline and every buffer a bound; the judgement is a pure function.
@org.jspecify.annotations.NullMarked
package org.postern.mua;
