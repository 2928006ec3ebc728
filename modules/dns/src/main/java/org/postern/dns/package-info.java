/// The records of a mail domain: what ought to be published, where it is published, and when a key may follow another.
///
/// In reading order: [RecordSet] with [RecordType] (what is published), [Publisher] (where),
/// [AuthoritativeServers] (who is asked whether it is there), [PublicationException].
///
/// Invariants: only records that Postern owns are changed; what is there is learned from the servers themselves,
/// not from a cache.
@org.jspecify.annotations.NullMarked
package org.postern.dns;
