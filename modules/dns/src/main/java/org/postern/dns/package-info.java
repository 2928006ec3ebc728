/// The records of a mail domain: what ought to be published, where it is published, and when a key may follow
/// another.
///
/// In reading order: [RecordSet] with [RecordType] (what is published), [MailService], [FrontEnd], [TlsaParameters],
/// [TlsaData] and [WantedRecords] (what ought to be, made of what runs), [Gate] with [Diagnosis] (no TLSA without
/// DNSSEC), [ZoneText] (for a person), [Publisher] (where else), [AuthoritativeServers] and [DirectServers] (who is
/// asked whether it is there), [RecordDifference] (and what differs), [RecordLint] with [LintFinding] (and what else
/// is wrong), [Neighbours] and [Leftover] (whose records are whose), [PublicationException]; `Questions` and `Wire`
/// (between dnsjava's types and ours).
///
/// When a key may follow another: [Rollover] (a function of [RolloverState], [RolloverEvent] and counted time,
/// [RolloverClock], that answers with [RolloverAction]s), [TlsaChain] (what records say of a chain), [Rollovers] with
/// [RolloverFile] (does it, for each [TlsaHost]), [OutsideProbe] (the handshake that proves it).
///
/// Updates to somebody's primary server (RFC 2136): [UpdatePublisher] (look, work out, write down, send, look
/// again) with [UpdateSettings] and [UpdateKey]; `UpdateConnection` (TCP, TSIG), `UpdateLook` (what is there),
/// `UpdatePlan` (the difference, and what is in the way), `UpdateJournal` (what was sent, and so what is
/// Postern's), `UpdateAnswers` (what the server's words mean) with `UpdateProblem`, `UpdateRecords`.
///
/// Invariants: only records that Postern owns are changed; what is there is learned from the servers themselves,
/// not from a cache; no TLSA record for a zone that is not proved secure; a rollover's state is on the
/// disk before anything follows from it.
@org.jspecify.annotations.NullMarked
package org.postern.dns;
