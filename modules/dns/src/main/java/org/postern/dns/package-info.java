/// The records of a mail domain: what ought to be published, where it is published, and when a key may follow another.
///
/// In reading order: [RecordSet] with [RecordType] (what is published), [MailService], [FrontEnd] and
/// [WantedRecords] (what ought to be, made of what runs), [Gate] with [Diagnosis] (no TLSA without DNSSEC),
/// [ZoneText] (for a person), [Publisher] (where else), [AuthoritativeServers] and [DirectServers] (who is asked
/// whether it is there), [RecordDifference] (and what differs), [PublicationException]; `Questions` and `Wire` (between
/// dnsjava's types and ours).
///
/// Invariants: only records that Postern owns are changed; what is there is learned from the servers themselves,
/// not from a cache; no TLSA record for a zone that is not proved secure.
@org.jspecify.annotations.NullMarked
package org.postern.dns;
