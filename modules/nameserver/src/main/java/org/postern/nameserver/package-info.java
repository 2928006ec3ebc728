/// An authoritative name server for the zones that Postern signs itself.
///
/// In reading order:
///
/// - what an operator decides: [NameServerSettings], [ZoneSettings], [TransferKey]; the face: [NameServer],
///   [ZoneStatus]
/// - a zone over time: [HostedZone]; its content before it is signed: [ZoneContent], [ZoneText]; the next version:
///   [ZoneSigner]; what lasts: [ZoneState] with each [Change]; its time: [ZoneClock]
/// - its keys: [ZoneKey], [KeyDuties] (which does what), [KeyRollover] (when one follows another), [KeyChange]
///   (another algorithm, one key or two), [ParentDelegation], [KeyFile], [AnchorFiles]
/// - a zone as it is served, immutable: [Zone] of [Node]s of [SignedSet]s
/// - a question: [Question] (octets read and checked), [Responder] (which zone, which limits), [Answers] (the records),
///   [Denial] (the proofs), [TransferMessages] (whole zones and changes)
/// - limits: [Cookies] by [SipHash], [ResponseRateLimit]
/// - the network: [UdpServer], [TcpServer], [Notifier]
/// - small things: [Names], [Serials], [Wire]
///
/// Invariants: it answers for its zones and for nothing else; a version is on the disk before it is served, and a key
/// before a version that needs it; a serial is never used for two versions; only who has a TSIG key transfers a zone.
@org.jspecify.annotations.NullMarked
package org.postern.nameserver;
